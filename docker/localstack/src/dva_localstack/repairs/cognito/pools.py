"""The settings of user pools, app clients and groups.

Faults: token lifetimes, flows, callback URLs and domains that AWS refuses are kept; a pool with a domain or with
deletion protection can be deleted; UpdateGroup is missing; a group without precedence gets 0, the highest.
"""

import re
import secrets
import string

from ministack.services import cognito

from dva_localstack.repairs.cognito import defaults
from dva_localstack.repairs.cognito.dispatch import BEFORE, operation
from dva_localstack.repairs.cognito.store import Data, Refused, find_user, pool_of, result_of

LIMITS = {"AccessToken": (300, 86400), "IdToken": (300, 86400), "RefreshToken": (3600, 315360000)}
"""Lifetimes in seconds: https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_CreateUserPoolClient.html"""

UNITS = {"seconds": 1, "minutes": 60, "hours": 3600, "days": 86400}

SCOPES = ("openid", "email", "phone", "profile", "aws.cognito.signin.user.admin")

CLIENT_SETTINGS = ("RefreshTokenRotation",)
"""Settings of app clients that MiniStack forgets."""

PROVIDERS = ("COGNITO",)
"""Identity providers that every pool has."""

STANDARD = {item["Name"]: item["AttributeDataType"] for item in cognito._STANDARD_SCHEMA_ATTRIBUTES}
"""Types of the attributes that every pool has."""

OF_GROUPS = ("AdminAddUserToGroup", "AdminRemoveUserFromGroup", "DeleteGroup", "GetGroup", "ListUsersInGroup")
"""Operations on a group that must be there."""


def invalid(message: str) -> Refused:
    """Return the refusal of a parameter."""
    return Refused("InvalidParameterException", message)


def check_pool(data: Data) -> None:
    """Refuse settings of a user pool that contradict each other or are out of range."""
    if data.get("AliasAttributes") and data.get("UsernameAttributes"):
        raise invalid("Only one of the aliasAttributes or usernameAttributes can be set in a user pool.")
    message = (data.get("VerificationMessageTemplate") or {}).get("EmailMessage") or data.get(
        "EmailVerificationMessage"
    )
    if message and "{####}" not in message:
        raise invalid("The verification message must contain {####}.")
    if "phone_number" in (data.get("AutoVerifiedAttributes") or []) and not data.get("SmsConfiguration"):
        raise invalid("SMS configuration is required when phone_number is selected for auto verification")
    for item in data.get("Schema") or []:
        standard = STANDARD.get(item.get("Name"))
        if standard and item.get("AttributeDataType") not in (None, standard):
            text = "You can not change AttributeDataType or set developerOnlyAttribute for standard schema attribute"
            raise invalid(f"{text} {item['Name']}")
    check_plan(data)
    config = data.get("LambdaConfig") or {}
    newer = (config.get("PreTokenGenerationConfig") or {}).get("LambdaArn")
    if newer and config.get("PreTokenGeneration") not in (None, newer):
        raise invalid("PreTokenGeneration and PreTokenGenerationConfig must name the same function.")


def check_plan(data: Data) -> None:
    """Refuse what the pool's feature plan does not have.

    https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-sign-in-feature-plans.html

    :raises Refused: ``FeatureUnavailableInTierException``
    """
    known = pool_of(data) if data.get("UserPoolId") else {}
    if data.get("UserPoolTier", known.get("UserPoolTier")) != "LITE":
        return
    trigger = ((data.get("LambdaConfig") or {}).get("PreTokenGenerationConfig") or {}).get("LambdaVersion", "V1_0")
    factors = data["Policies"]["SignInPolicy"]["AllowedFirstAuthFactors"]
    for feature, used in (("Choice-based sign-in", factors != ["PASSWORD"]),
                          ("Access token customization", trigger != "V1_0")):  # fmt: skip
        if used:
            text = "The following features need to be disabled for the LITE pricing tier configured"
            raise Refused("FeatureUnavailableInTierException", f"{text}: {feature}")


def check_mfa(action: str, data: Data) -> None:
    """Refuse a second factor that no means is configured for.

    https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-settings-mfa.html
    """
    off = data.get("MfaConfiguration", "OFF") == "OFF"
    if action == "SetUserPoolMfaConfig":
        check_factors(data, off)
    if off or action == "SetUserPoolMfaConfig":
        return
    known = pool_of(data) if data.get("UserPoolId") else {}
    if not (data.get("SmsConfiguration") or (known.get("SoftwareTokenMfaConfiguration") or {}).get("Enabled")
            or known.get("EmailMfaConfiguration")):  # fmt: skip
        text = "SMS configuration and Auto verification for phone_number are required when MFA is required/optional"
        raise invalid(text)


def check_factors(data: Data, off: bool) -> None:
    """Refuse second factors that contradict the request, and unset those that it leaves out.

    :param off: whether the request turns MFA off, or leaves it as it is
    """
    pool = pool_of(data)
    totp = (data.get("SoftwareTokenMfaConfiguration") or {}).get("Enabled")
    some = totp or data.get("SmsMfaConfiguration") or data.get("EmailMfaConfiguration")
    if off and some and "MfaConfiguration" in data:
        raise invalid("Invalid MFA configuration given, can't turn off MFA and configure an MFA together.")
    if not off and not some:
        text = "Invalid MFA configuration given, can't disable all MFAs with a required or optional configuration."
        raise invalid(text)
    if data.get("EmailMfaConfiguration") and pool["EmailConfiguration"]["EmailSendingAccount"] != "DEVELOPER":
        raise invalid("Email MFA requires that the user pool sends email with Amazon SES, as DEVELOPER.")
    for name in ("SmsMfaConfiguration", "SoftwareTokenMfaConfiguration", "EmailMfaConfiguration"):
        if name not in data:
            pool.pop(name, None)


def check_client(data: Data, pool: Data, client: Data) -> None:
    """Refuse settings of an app client that AWS does not take.

    :param client: the client before the change; empty for a new one
    """
    whole = {**client, **data}
    units = whole.get("TokenValidityUnits") or {}
    seconds = {}
    for kind, (low, high) in LIMITS.items():
        number, usual = (30, "days") if kind == "RefreshToken" else (1, "hours")
        seconds[kind] = (whole.get(f"{kind}Validity") or number) * UNITS.get(units.get(kind) or usual, 1)
        if not low <= seconds[kind] <= high:
            raise invalid("Invalid range for token validity.")
    if max(seconds.values()) > seconds["RefreshToken"]:
        raise invalid("Access and ID tokens cannot be valid for longer than the refresh token.")
    for name in whole.get("SupportedIdentityProviders") or []:
        if name not in PROVIDERS and name not in pool.get("_identity_providers", {}):
            raise invalid(f"The provider {name} does not exist for User Pool {pool['Id']}.")
    flows = data.get("ExplicitAuthFlows") or []
    if "ALLOW_USER_AUTH" in flows and pool.get("UserPoolTier") == "LITE":
        text = "ALLOW_USER_AUTH is not available in the LITE pricing tier."
        raise Refused("FeatureUnavailableInTierException", text)
    if len({flow.startswith("ALLOW_") for flow in flows}) > 1:
        raise invalid("Cannot specify both legacy and ALLOW_ values in ExplicitAuthFlows.")
    rotates = (whole.get("RefreshTokenRotation") or {}).get("Feature") == "ENABLED"
    if rotates and "ALLOW_REFRESH_TOKEN_AUTH" in (whole.get("ExplicitAuthFlows") or []):
        raise invalid("Refresh token rotation cannot be enabled with ALLOW_REFRESH_TOKEN_AUTH.")
    check_oauth(whole, pool)
    names = {item["Name"] for item in cognito._ensure_schema_attributes(pool)["SchemaAttributes"]}
    for kind in ("Read", "Write"):
        if set(data.get(f"{kind}Attributes") or []) - names:
            raise invalid(f"Invalid {kind.lower()} attributes specified while creating a client")


def check_oauth(client: Data, pool: Data) -> None:
    """Refuse OAuth settings of an app client that do not fit together.

    https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-app-idp-settings.html
    """
    flows, scopes = client.get("AllowedOAuthFlows") or [], client.get("AllowedOAuthScopes") or []
    if "client_credentials" in flows:
        if len(flows) > 1:
            text = "client_credentials flow can not be selected along with code flow or implicit flow."
            raise Refused("InvalidOAuthFlowException", text)
        if not (client.get("GenerateSecret") or client.get("ClientSecret")):
            text = "client_credentials flow can not be selected if client does not have a client secret."
            raise Refused("InvalidOAuthFlowException", text)
    if flows and client.get("AllowedOAuthFlowsUserPoolClient") and not scopes:
        raise invalid("AllowedOAuthScopes are required if AllowedOAuthFlows are specified.")
    servers = pool.get("_resource_servers") or {}
    known = {f"{name}/{scope['ScopeName']}" for name, server in servers.items() for scope in server.get("Scopes") or []}
    for scope in scopes:
        if scope not in SCOPES and scope not in known:
            raise Refused("ScopeDoesNotExistException", f"Invalid scope requested: {scope}")
    for url in [*(client.get("CallbackURLs") or []), *(client.get("LogoutURLs") or [])]:
        if not re.match(r"[a-zA-Z][a-zA-Z0-9+.-]*:", url) or "#" in url:
            raise invalid(f"{url} is not a valid redirect URL.")
        if re.match(r"http://(?!(localhost|127\.0\.0\.1|\[::1\])([:/]|$))", url):
            raise invalid(f"{url} cannot use the HTTP protocol.")
    default = client.get("DefaultRedirectURI")
    if default and default not in (client.get("CallbackURLs") or []):
        raise invalid("DefaultRedirectURI must be one of the CallbackURLs.")


def before(action: str, data: Data) -> None:
    """Complete and check a request that changes settings."""
    defaults.before(action, data)
    if action in ("CreateUserPool", "UpdateUserPool"):
        check_pool(data)
    if action in ("CreateUserPool", "UpdateUserPool", "SetUserPoolMfaConfig"):
        check_mfa(action, data)
    if action == "UpdateResourceServer":
        data.setdefault("Scopes", [])
    if action in OF_GROUPS:
        check_group(data)
    if action == "CreateUserPoolClient":
        check_client(data, pool_of(data), {})
    if action == "UpdateUserPoolClient":
        pool = pool_of({"UserPoolId": data.get("UserPoolId")})
        check_client(data, pool, pool["_clients"].get(data.get("ClientId")) or {})
    if action == "CreateUserPoolDomain" and "CustomDomainConfig" not in data:
        check_domain(data)


def check_group(data: Data) -> None:
    """Refuse a group that is not there; an unknown user is looked for first."""
    pool = pool_of(data)
    known = "Username" not in data or find_user(pool, data["Username"])
    if known and data.get("GroupName") not in pool["_groups"]:
        raise Refused("ResourceNotFoundException", "Group not found.")


def check_domain(data: Data) -> None:
    """Refuse a domain prefix that AWS does not take or that any account has."""
    domain = data.get("Domain") or ""
    if not re.fullmatch(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?", domain):
        raise invalid(
            f"1 validation error detected: Value '{domain}' at 'domain' failed to satisfy constraint: Member must "
            "satisfy regular expression pattern: ^[a-z0-9](?:[a-z0-9\\-]{0,61}[a-z0-9])?$"
        )
    if word := next((word for word in ("aws", "amazon", "cognito") if word in domain), None):
        raise invalid(f"Domain cannot contain reserved word: {word}")
    if any(pool.get("Domain") == domain for pool in cognito._user_pools.all_values()):
        raise invalid("Domain already associated with another user pool.")


@operation("DeleteUserPool")
def delete_pool(data: Data) -> Data:
    """Delete a pool that is neither protected nor has a domain.

    https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_DeleteUserPool.html
    """
    pool = pool_of(data)
    if pool.get("DeletionProtection") == "ACTIVE":
        raise invalid(
            "The user pool cannot be deleted because deletion protection is activated. "
            "Deletion protection must be inactivated first."
        )
    if pool.get("Domain") or pool.get("CustomDomain"):
        raise invalid("User pool cannot be deleted. It has a domain configured that should be deleted first.")
    return result_of(DELETE_POOL(data))


@operation("CreateUserPoolClient")
def create_client(data: Data) -> Data:
    """Create an app client and keep the settings that MiniStack forgets."""
    return kept(data, result_of(CREATE_CLIENT(data)))


@operation("UpdateUserPoolClient")
def update_client(data: Data) -> Data:
    """Change an app client and keep the settings that MiniStack forgets."""
    return kept(data, result_of(UPDATE_CLIENT(data)))


def kept(data: Data, answer: Data) -> Data:
    """Store the forgotten settings of a request, and return the answer with them."""
    shown = answer["UserPoolClient"]
    client = pool_of({"UserPoolId": data["UserPoolId"]})["_clients"][shown["ClientId"]]
    for name in CLIENT_SETTINGS:
        if name in data:
            client[name] = shown[name] = data[name]
    return {"UserPoolClient": defaults.filled(shown)}


@operation("DescribeUserPoolClient")
def describe_client(data: Data) -> Data:
    """Return an app client, without what nobody set."""
    return {"UserPoolClient": defaults.filled(result_of(DESCRIBE_CLIENT(data))["UserPoolClient"])}


@operation("CreateGroup")
def create_group(data: Data) -> Data:
    """Create a group; without a precedence it comes after all that have one."""
    if data["GroupName"] in pool_of(data)["_groups"]:
        raise Refused("GroupExistsException", "A group with the name already exists.")
    answer = result_of(CREATE_GROUP(data))
    group = pool_of(data)["_groups"][data["GroupName"]]
    for name in ("Description", "RoleArn", "Precedence"):
        if name not in data:
            group.pop(name, None)
            answer["Group"].pop(name, None)
    return answer


@operation("UpdateGroup")
def update_group(data: Data) -> Data:
    """Change a group's description, role or precedence.

    https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_UpdateGroup.html
    """
    group = pool_of(data)["_groups"].get(data.get("GroupName"))
    if not group:
        raise Refused("ResourceNotFoundException", "Group not found.")
    group.update({name: data[name] for name in ("Description", "RoleArn", "Precedence") if name in data})
    group["LastModifiedDate"] = cognito._now_epoch()
    return {"Group": cognito._group_out(group)}


BEFORE.append(before)
DELETE_POOL = cognito._delete_user_pool
DESCRIBE_CLIENT = cognito._describe_user_pool_client
CREATE_CLIENT = cognito._create_user_pool_client
UPDATE_CLIENT = cognito._update_user_pool_client
CREATE_GROUP = cognito._create_group


def client_id() -> str:
    """Return a new app client's id: lower-case letters and digits, as on AWS."""
    return "".join(secrets.choice(string.ascii_lowercase + string.digits) for _ in range(26))


def client_secret() -> str:
    """Return a new app client's secret, of the same letters."""
    return "".join(secrets.choice(string.ascii_lowercase + string.digits) for _ in range(52))


def schema_attribute(raw: Data) -> Data:
    """Return an attribute of a schema; one that a request names cannot be changed unless it says so.

    https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-settings-attributes.html
    """
    return SCHEMA_ATTRIBUTE({"Mutable": False, **raw})


SCHEMA_ATTRIBUTE = cognito._normalize_schema_attribute


def apply() -> None:
    """Give app clients ids and secrets of AWS's form."""
    cognito._client_id = client_id
    cognito._client_secret = client_secret
    cognito._normalize_schema_attribute = schema_attribute
