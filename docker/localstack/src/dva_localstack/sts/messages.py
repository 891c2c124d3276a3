"""Authorization failures that a caller cannot read, and that DecodeAuthorizationMessage opens for those who may.

https://docs.aws.amazon.com/STS/latest/APIReference/API_DecodeAuthorizationMessage.html
"""

import json
import zlib
from collections.abc import Mapping
from typing import Any

from cryptography.fernet import Fernet, InvalidToken

from dva_localstack.policy import Decision, Principal

_CIPHER = Fernet(Fernet.generate_key())
"""Made anew with each start: what an earlier server encoded can no longer be read."""


def encode(
    principal: Principal, user_id: str, action: str, resource: str, decision: Decision, keys: Mapping[str, Any]
) -> str:
    """Return an encoded message about a refusal.

    :param user_id: the value of ``aws:userid``
    :param keys: the condition keys of the request
    """
    statements = [
        {"statementId": statement.statement.removeprefix("#"), "effect": statement.effect.upper()}
        for statement in decision.statements
    ]
    conditions = [
        {
            "key": key,
            "values": {"items": [{"value": value} for value in ([values] if isinstance(values, str) else values)]},
        }
        for key, values in sorted(keys.items())
    ]
    message = {
        "allowed": decision.allowed,
        "explicitDeny": decision.reason == "explicit-deny",
        "matchedStatements": {"items": statements},
        "failures": {"items": []},
        "context": {
            "principal": {"id": user_id, "arn": principal.arn},
            "action": action,
            "resource": resource,
            "conditions": {"items": conditions},
        },
    }
    return _CIPHER.encrypt(
        zlib.compress(json.dumps({"account": principal.account, "message": message}).encode())
    ).decode()


def decode(encoded: str, account: str) -> str | None:
    """Return the message as JSON text; None for what is none, or was encoded for another account."""
    try:
        found = json.loads(zlib.decompress(_CIPHER.decrypt(encoded.encode())))
    except (InvalidToken, zlib.error, ValueError):
        return None
    return json.dumps(found["message"]) if found["account"] == account else None
