"""KMS: keys by id, ARN or alias, the key inside a ciphertext, and the encryption context.

https://docs.aws.amazon.com/kms/latest/developerguide/kms-api-permissions-reference.html
https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html
"""

from collections.abc import Iterator

from dva_localstack.enforcement.resources import kms_keys

from .call import Call, Context, Need

FROM_PARAMETERS = {
    "EncryptionAlgorithm": "kms:EncryptionAlgorithm",
    "GranteePrincipal": "kms:GranteePrincipal",
    "KeySpec": "kms:KeySpec",
    "KeyUsage": "kms:KeyUsage",
    "MacAlgorithm": "kms:MacAlgorithm",
    "MessageType": "kms:MessageType",
    "MultiRegion": "kms:MultiRegion",
    "Operations": "kms:GrantOperations",
    "PendingWindowInDays": "kms:ScheduleKeyDeletionPendingWindowInDays",
    "SigningAlgorithm": "kms:SigningAlgorithm",
}


def needs(call: Call) -> Iterator[Need]:
    """Yield what a KMS operation needs."""
    params, action = call.params, f"kms:{call.operation}"
    if call.operation == "ReEncrypt":
        source = params.get("SourceKeyId") or kms_keys.of_ciphertext(params.get("CiphertextBlob"))
        yield of_key(call, "kms:ReEncryptFrom", source, params.get("SourceEncryptionContext"))
        yield of_key(
            call, "kms:ReEncryptTo", params.get("DestinationKeyId"), params.get("DestinationEncryptionContext")
        )
    elif call.operation == "RetireGrant" and params.get("GrantToken"):
        yield of_key(call, action, kms_keys.of_grant(params["GrantToken"]), None)
    elif "AliasName" in params:
        yield Need(action, call.arn("kms", params["AliasName"]))
        target = params.get("TargetKeyId") or params["AliasName"]
        if call.operation != "ListAliases":
            yield of_key(call, action, target, None)
    else:
        key = params.get("KeyId") or kms_keys.of_ciphertext(params.get("CiphertextBlob"))
        yield of_key(call, action, key, params.get("EncryptionContext"))


def of_key(call: Call, action: str, key: str | None, encryption: dict[str, str] | None) -> Need:
    """Return the permission on a key, given in any of the ways of KMS, with the keys of its encryption context."""
    context: Context = {"kms:CallerAccount": call.account}
    for parameter, name in FROM_PARAMETERS.items():
        value = call.params.get(parameter)
        if value is not None:
            context[name] = (
                value if isinstance(value, list) else str(value).lower() if value in (True, False) else str(value)
            )
    if encryption:
        context["kms:EncryptionContextKeys"] = list(encryption)
        context |= {f"kms:EncryptionContext:{name}": value for name, value in encryption.items()}
    if not key:
        return Need(action, "*", context)
    if "alias/" in key:
        context["kms:RequestAlias"] = key[key.index("alias/") :]
    arn = kms_keys.arn(key, call.account, call.region)
    if aliases := kms_keys.aliases(arn):
        context["kms:ResourceAliases"] = aliases
    return Need(action, arn, context)
