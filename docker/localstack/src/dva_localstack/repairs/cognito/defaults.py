"""What settings are where nobody sets them, in new and in updated user pools and app clients.

Faults: an update keeps what the request leaves out; a password policy has only the rules that were given; settings
that nobody made are shown as empty texts and lists.

https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pool-updating.html
"""

from copy import deepcopy
from typing import Any

from ministack.services import cognito

from dva_localstack.repairs.cognito.store import Data, pool_of

PASSWORDS = {
    "MinimumLength": 8,
    "RequireUppercase": True,
    "RequireLowercase": True,
    "RequireNumbers": True,
    "RequireSymbols": True,
    "TemporaryPasswordValidityDays": 7,
}
"""The policy of a pool that names none; a policy that leaves a rule out does not have it."""

POOL: Data = {
    "Policies": {"PasswordPolicy": PASSWORDS},
    "AutoVerifiedAttributes": [],
    "MfaConfiguration": "OFF",
    "EmailConfiguration": {"EmailSendingAccount": "COGNITO_DEFAULT"},
    "UserPoolTags": {},
    "AdminCreateUserConfig": {"AllowAdminCreateUserOnly": False, "UnusedAccountValidityDays": 7},
    "AccountRecoverySetting": {},
    "DeletionProtection": "INACTIVE",
    "LambdaConfig": {},
    "VerificationMessageTemplate": {"DefaultEmailOption": "CONFIRM_WITH_CODE"},
    **dict.fromkeys(
        (
            "SmsVerificationMessage",
            "EmailVerificationMessage",
            "EmailVerificationSubject",
            "SmsAuthenticationMessage",
            "SmsConfiguration",
            "DeviceConfiguration",
            "UserPoolAddOns",
            "UserAttributeUpdateSettings",
        )
    ),
}
"""Settings of a pool that an update resets; None for those that are then not there. The plan (tier) stays."""

CLIENT: Data = {
    "RefreshTokenValidity": 30,
    "PreventUserExistenceErrors": "LEGACY",
    "EnableTokenRevocation": True,
    "EnablePropagateAdditionalUserContextData": False,
    "AllowedOAuthFlowsUserPoolClient": False,
    "AuthSessionValidity": 3,
    **dict.fromkeys(("AccessTokenValidity", "IdTokenValidity", "AnalyticsConfiguration", "RefreshTokenRotation")),
    **dict.fromkeys(
        (
            "TokenValidityUnits",
            "ReadAttributes",
            "WriteAttributes",
            "ExplicitAuthFlows",
            "SupportedIdentityProviders",
            "CallbackURLs",
            "LogoutURLs",
            "DefaultRedirectURI",
            "AllowedOAuthFlows",
            "AllowedOAuthScopes",
        )
    ),
}
"""The same of an app client. Its name stays: https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_UpdateUserPoolClient.html"""


def policies(given: Data | None) -> Data:
    """Return the policies of a pool with every rule, those that were not given off."""
    given = given or {}
    rules = given.get("PasswordPolicy")
    off = dict.fromkeys(("RequireUppercase", "RequireLowercase", "RequireNumbers", "RequireSymbols"), False)
    complete = {"MinimumLength": 8, **off, "TemporaryPasswordValidityDays": 7, **rules} if rules else dict(PASSWORDS)
    sign_in = given.get("SignInPolicy") or {"AllowedFirstAuthFactors": ["PASSWORD"]}
    return {"PasswordPolicy": complete, "SignInPolicy": sign_in}


def complete(data: Data, defaults: Data) -> None:
    """Put the defaults into a request where it leaves a setting out."""
    for name, value in defaults.items():
        if data.get(name) is None:
            data[name] = deepcopy(value)


def before(action: str, data: Data) -> None:
    """Complete a request that changes settings."""
    if action == "CreateUserPool":
        complete(data, {"VerificationMessageTemplate": POOL["VerificationMessageTemplate"]})
    if action == "UpdateUserPool":
        complete(data, POOL)
        if data.get("PoolName"):
            pool_of(data)["Name"] = data["PoolName"]
    if action in ("CreateUserPool", "UpdateUserPool"):
        data["Policies"] = policies(data.get("Policies"))
        data["AdminCreateUserConfig"] = {**POOL["AdminCreateUserConfig"], **(data.get("AdminCreateUserConfig") or {})}
    if action == "UpdateUserPoolClient":
        complete(data, CLIENT)


def filled(record: Data, *kept: str) -> Data:
    """Return a record without what is None, an empty text, or an empty list or map, but for ``kept``."""
    empty: tuple[Any, ...] = (None, "", [], {})
    return {name: value for name, value in record.items() if name in kept or value not in empty}


def pool_out(pool: Data) -> Data:
    """Return a pool as it is shown."""
    return filled(POOL_OUT(pool), "LambdaConfig", "UserPoolTags")


POOL_OUT = cognito._pool_out


def apply() -> None:
    """Show pools so everywhere."""
    cognito._pool_out = pool_out
