"""The tier of a parameter, and what it may hold.

https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html
"""

from collections.abc import Mapping
from typing import Any

STANDARD, ADVANCED, INTELLIGENT = "Standard", "Advanced", "Intelligent-Tiering"

BYTES = {STANDARD: 4096, ADVANCED: 8192}
STANDARD_PARAMETERS = 10_000


class BadTier(ValueError):
    """A parameter does not go with its tier."""


def choose(request: Mapping[str, Any], held: str | None, default: str, parameters: int) -> str:
    """Return the tier of a new version: Standard or Advanced.

    :param request: of ``PutParameter``
    :param held: the tier of the version before, if there is one
    :param default: the account's default tier
    :param parameters: how many there are
    :raises BadTier: the value is too large for it, or it would be a step down
    """
    wanted = request.get("Tier") or (ADVANCED if held == ADVANCED else default)
    size, has_policies = len(request["Value"].encode()), bool(request.get("Policies"))
    if wanted == INTELLIGENT:
        is_large = size > BYTES[STANDARD] or has_policies or (held is None and parameters >= STANDARD_PARAMETERS)
        wanted = ADVANCED if is_large or held == ADVANCED else STANDARD
    if wanted == STANDARD and held == ADVANCED:
        raise BadTier(
            "This parameter uses the advanced-parameter tier. You can't downgrade a parameter from the "
            "advanced-parameter tier to the standard-parameter tier. If necessary, you can delete the advanced "
            "parameter and recreate it as a standard parameter."
        )
    if size > BYTES[wanted]:
        more = " To create a larger parameter value, upgrade the parameter to use the advanced-parameter tier."
        raise BadTier(
            f"{wanted} tier parameters support a maximum parameter value of {BYTES[wanted]} characters."
            + (more if wanted == STANDARD else "")
        )
    if has_policies and wanted == STANDARD:
        raise BadTier("Policies are supported by parameters of the advanced tier only.")
    return wanted
