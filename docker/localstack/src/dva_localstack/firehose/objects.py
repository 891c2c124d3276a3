"""Names of the objects that Firehose writes.

https://docs.aws.amazon.com/firehose/latest/dev/s3-prefixes.html
"""

import gzip
import io
import re
import uuid
import zipfile
from collections.abc import Mapping
from datetime import datetime

PLACE = re.compile(r"!\{([\w-]+):([^}]*)\}")

JAVA = {"yyyy": "%Y", "YYYY": "%Y", "MM": "%m", "dd": "%d", "HH": "%H", "mm": "%M", "ss": "%S"}
"""Parts of Java's date patterns that prefixes use, and Python's for them."""

DEFAULT = "%Y/%m/%d/%H/"
"""What is appended to a prefix without expressions."""


EXTENSIONS = {"GZIP": ".gz", "ZIP": ".zip"}
"""What is appended to a key for a compression that the emulator does."""


def compressed(body: bytes, form: str | None) -> bytes:
    """Return an object's content, compressed as its destination says; Snappy is left out."""
    if form == "GZIP":
        return gzip.compress(body)
    if form != "ZIP":
        return body
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("records", body)
    return packed.getvalue()


def key_of(
    prefix: str,
    stream: str,
    moment: datetime,
    extension: str = "",
    error: str = "",
    partition: Mapping[str, Mapping[str, str]] | None = None,
) -> str:
    """Return a new object's key.

    :param prefix: as in the destination
    :param stream: the delivery stream's name
    :param moment: when the first record of the object came, in UTC
    :param extension: for example ``.gz``
    :param error: what ``!{firehose:error-output-type}`` stands for
    :param partition: partition keys, by namespace and name
    """

    def filled(found: re.Match[str]) -> str:
        namespace, value = found.groups()
        if namespace == "timestamp":
            pattern = re.sub("|".join(JAVA), lambda part: JAVA[part[0]], value).replace("'", "")
            return moment.strftime(pattern)
        if namespace in (partition or {}):
            return (partition or {})[namespace].get(value, "")
        if value == "error-output-type":
            return error
        return uuid.uuid4().hex[:11] if value == "random-string" else found[0]

    folder = PLACE.sub(filled, prefix)
    if not PLACE.search(prefix):
        folder += moment.strftime(DEFAULT)
    return f"{folder}{stream}-1-{moment:%Y-%m-%d-%H-%M-%S}-{uuid.uuid4()}{extension}"
