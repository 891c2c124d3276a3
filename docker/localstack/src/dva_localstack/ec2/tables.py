"""Moto's big tables, read when they are asked for."""

import pathlib
from collections.abc import Iterator, Mapping
from typing import Any, override

from moto.ec2.models import instance_types
from moto.ec2.models.amis import AmiBackend
from moto.utilities.utils import load_resource


class Offerings(Mapping[str, list[dict[str, str]]]):
    """Region names to the instance types that are offered there.

    :param location_type: ``region``, ``availability-zone`` or ``availability-zone-id``
    """

    def __init__(self, location_type: str) -> None:
        self._location_type = location_type
        self._folder = f"{instance_types.offerings_path}/{location_type}"
        files = (pathlib.Path(instance_types.__file__).parent / self._folder).iterdir()
        self._files = {file.name.partition(".")[0]: file.name for file in files}
        self._read: dict[str, list[dict[str, str]]] = {}

    @override
    def __getitem__(self, region: str) -> list[dict[str, str]]:
        if region not in self._read:
            offerings: list[dict[str, Any]] = load_resource(
                instance_types.__name__, f"{self._folder}/{self._files[region]}"
            )
            self._read[region] = [{**offering, "LocationType": self._location_type} for offering in offerings]
        return self._read[region]

    @override
    def __iter__(self) -> Iterator[str]:
        return iter(self._files)

    @override
    def __len__(self) -> int:
        return len(self._files)


def read_when_asked() -> None:
    """Faults: moto keeps the instance types of all regions, 36 MB, and 1,159 images for each account, 2.5 MB."""
    tables = instance_types.INSTANCE_TYPE_OFFERINGS
    tables.update({location_type: Offerings(location_type) for location_type in tables})
    load = AmiBackend._load_amis

    def images(self: Any) -> dict[str, Any]:
        """Return the images of an account and region, with Amazon's, which are made at the first call."""
        if "amis" not in vars(self):
            vars(self)["amis"] = {}
            load(self)
        found: dict[str, Any] = vars(self)["amis"]
        return found

    AmiBackend._load_amis = lambda self: None  # type: ignore[method-assign]
    AmiBackend.amis = property(images, lambda self, empty: None)
