"""What LocalStack knows of KMS keys: their ARNs, aliases, policies and grants."""

import base64
import binascii
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from localstack.services.kms.models import KmsStore

KEY_ID = re.compile(rb"[0-9a-f-]{36}|mrk-[0-9a-f]{32}")

WITHOUT_CONTEXT = frozenset({"CreateGrant", "DescribeKey", "RetireGrant"})
"""Operations that a grant's constraint on the encryption context does not touch."""


def store_of(arn: str) -> "KmsStore":
    """Return what is kept of the account and region of an ARN."""
    from localstack.services.kms.models import kms_stores

    _, _, _, region, account, _ = arn.split(":", 5)
    return kms_stores[account][region]


def arn(key: str, account: str, region: str) -> str:
    """Return the ARN of a key that is given by id, ARN, alias or alias ARN; of an unknown alias its own ARN."""
    whole = (
        key if key.startswith("arn:") else f"arn:aws:kms:{region}:{account}:{key if 'alias/' in key else f'key/{key}'}"
    )
    name = whole.split(":", 5)[5]
    if name.startswith("alias/"):
        alias = store_of(whole).aliases.get(name)
        if alias:
            return arn(alias.metadata["TargetKeyId"], *reversed(whole.split(":")[3:5]))
    return whole


def make_managed(alias: str, account: str, region: str) -> None:
    """Make the AWS managed key of an alias such as ``alias/aws/sqs``, if it is one and was not used yet."""
    from dva_localstack.kms import managed

    managed.make(alias, account, region)


def of_ciphertext(blob: Any) -> str | None:
    """Return the id of the key that made a ciphertext: LocalStack writes it at the beginning."""
    found = KEY_ID.match(blob[:36]) if isinstance(blob, bytes) else None
    return found[0].decode() if found else None


def of_grant(token: str) -> str | None:
    """Return the ARN of the key that a grant with a token is on; None if there is no such grant."""
    from localstack.services.kms.models import kms_stores

    try:
        account, region, _ = base64.b64decode(token).decode().split(":")
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return None
    store = kms_stores[account][region]
    grant = store.grants.get(store.grant_tokens.get(token, ""))
    return str(grant.metadata["KeyArn"]) if grant else None


def aliases(key_arn: str) -> list[str]:
    """Return the names of a key's aliases."""
    key_id = key_arn.rpartition("/")[2]
    items = list(store_of(key_arn).aliases.values())
    return [item.metadata["AliasName"] for item in items if str(item.metadata["TargetKeyId"]).endswith(key_id)]


def policy(key_arn: str) -> str | None:
    """Return a key's policy as JSON, None if there is no such key."""
    key = store_of(key_arn).keys.get(key_arn.rpartition("/")[2])
    return key.policy if key else None


def state(key_arn: str) -> str | None:
    """Return a key's state, such as ``Enabled`` or ``PendingDeletion``; None if there is no such key."""
    key = store_of(key_arn).keys.get(key_arn.rpartition("/")[2])
    return str(key.metadata["KeyState"]) if key else None


def grants(key_arn: str) -> list[dict[str, Any]]:
    """Return the grants on a key as statements of a policy.

    https://docs.aws.amazon.com/kms/latest/developerguide/grants.html
    """
    found = []
    for grant in list(store_of(key_arn).grants.values()):
        terms = grant.metadata
        if terms.get("KeyArn") != key_arn:
            continue
        constraints = terms.get("Constraints") or {}
        exact = constraints.get("EncryptionContextEquals")
        pairs = exact or constraints.get("EncryptionContextSubset") or {}
        condition: dict[str, Any] = {}
        if pairs:
            condition["StringEquals"] = {f"kms:EncryptionContext:{name}": value for name, value in pairs.items()}
        if exact:
            condition["ForAllValues:StringEquals"] = {"kms:EncryptionContextKeys": list(exact)}
        operations = terms.get("Operations", ())
        allowed: tuple[tuple[Any, list[str], dict[str, Any]], ...] = (
            (terms["GranteePrincipal"], [each for each in operations if each not in WITHOUT_CONTEXT], condition),
            (terms["GranteePrincipal"], [each for each in operations if each in WITHOUT_CONTEXT], {}),
            (terms.get("RetiringPrincipal"), ["RetireGrant"], {}),
        )
        found += [
            {
                "Sid": f"grant {terms['GrantId']}",
                "Effect": "Allow",
                "Principal": {"AWS": principal},
                "Action": [f"kms:{operation}" for operation in names],
                "Resource": "*",
                "Condition": terms_of_use,
            }
            for principal, names, terms_of_use in allowed
            if principal and names
        ]
    return found
