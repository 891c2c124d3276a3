"""Which account owns a resource."""

from . import buckets


def owner_of(arn: str, otherwise: str) -> str:
    """Return the account that owns a resource.

    :param arn: the resource's ARN, or ``*``
    :param otherwise: the answer where neither the ARN nor the emulator says it: the caller's account
    """
    parts = arn.split(":", 5)
    if len(parts) < 6:
        return otherwise
    if parts[2] == "s3" and not parts[4]:
        return buckets.owner(parts[5].partition("/")[0]) or otherwise
    return parts[4] if parts[4].isdigit() else otherwise
