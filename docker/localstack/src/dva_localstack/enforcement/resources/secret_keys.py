"""The KMS keys of secrets and of SecureString parameters."""

from collections.abc import Iterator, Mapping
from typing import Any

from .message_keys import existing

SECRETS_KEY, PARAMETERS_KEY = "alias/aws/secretsmanager", "alias/aws/ssm"
"""The AWS managed keys that are used where none is named."""


def of_secret(arn: str, asked: str | None, account: str, region: str) -> str | None:
    """Return the ARN of a secret's key.

    :param asked: the key that a request names
    :param account: the caller's, for a secret that does not exist yet
    """
    from moto.secretsmanager.models import secretsmanager_backends

    parts = arn.split(":", 6)
    if len(parts) == 7:
        region, account = parts[3], parts[4]
    secret = secretsmanager_backends[account][region].secrets.get(arn)
    return existing(asked or (secret.kms_key_id if secret else None) or SECRETS_KEY, account, region)


def of_new_parameter(arn: str, request: Mapping[str, Any]) -> str | None:
    """Return the ARN of the key of a parameter that PutParameter would write; None unless it is a SecureString.

    A new version has the type of the one before where the request names none.
    """
    _, _, _, region, account, _ = arn.split(":", 5)
    held = parameters(account, region).get(bare(request.get("Name", "")))
    kind = request.get("Type") or (held.parameter_type if held else "")
    return existing(request.get("KeyId") or PARAMETERS_KEY, account, region) if kind == "SecureString" else None


def of_parameters(account: str, region: str, request: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield (ARN, ARN of the key) of each SecureString parameter that a request would read."""
    asked = {bare(name) for name in request.get("Names") or [request.get("Name") or ""]}
    for name, parameter in parameters(account, region).items():
        if parameter.parameter_type != "SecureString" or not (name in asked or is_below(name, request)):
            continue
        if key := existing(parameter.keyid or PARAMETERS_KEY, account, region):
            yield f"arn:aws:ssm:{region}:{account}:parameter/{name}", key


def is_below(name: str, request: Mapping[str, Any]) -> bool:
    """Tell whether GetParametersByPath means a parameter."""
    if request.get("Path") is None:
        return False
    path = bare(request["Path"]).rstrip("/")
    rest = name.removeprefix(f"{path}/") if path else name
    return (not path or rest != name) and (bool(request.get("Recursive")) or "/" not in rest)


def bare(name: str) -> str:
    """Return a parameter's name without its leading slash, its label or version, and what an ARN has before it."""
    whole = name.partition(":parameter")[2] if name.startswith("arn:") else name
    return whole.partition(":")[0].removeprefix("/")


def parameters(account: str, region: str) -> dict[str, Any]:
    """Return the newest version of each parameter of an account, by its bare name."""
    from moto.ssm.models import ssm_backends

    held = ssm_backends[account][region]._parameters
    return {bare(name): versions[-1] for name, versions in list(held.items()) if versions}
