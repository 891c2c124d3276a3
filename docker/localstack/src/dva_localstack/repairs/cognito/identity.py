"""Identity pools: identities, their OpenID tokens, and the role that their credentials are for.

Faults: unauthenticated identities are given out where the pool has none; logins are not checked without MiniStack's
IAM; credentials are made up, for any role or none; role mappings and principal tags are stored and not used. The
gateway exchanges the token for credentials at STS.

https://docs.aws.amazon.com/cognito/latest/developerguide/authentication-flow.html
"""

import time
from collections.abc import Iterable

from ministack.services import cognito

from dva_localstack.repairs.cognito import roles
from dva_localstack.repairs.cognito.defaults import filled
from dva_localstack.repairs.cognito.dispatch import identity_operation
from dva_localstack.repairs.cognito.keys import IDENTITY_KEYS
from dva_localstack.repairs.cognito.store import PUBLIC_URL, Data, Refused, result_of

ISSUER = "https://cognito-identity.amazonaws.com"

TOKEN_SECONDS = 600
"""How long an OpenID token is valid: https://docs.aws.amazon.com/cognitoidentity/latest/APIReference/API_GetOpenIdToken.html"""

DEVELOPER_TOKEN_SECONDS = 900
"""The same of a developer's: https://docs.aws.amazon.com/cognitoidentity/latest/APIReference/API_GetOpenIdTokenForDeveloperIdentity.html"""

NO_GUESTS = "Unauthenticated access is not supported for this identity pool."


def holder(identity_id: str | None) -> Data:
    """Return the pool of an identity.

    :raises Refused: ``ResourceNotFoundException``
    """
    for pool in cognito._identity_pools.values():
        if identity_id in pool["_identities"]:
            return pool
    raise Refused("ResourceNotFoundException", f"Identity '{identity_id}' not found.")


def check_logins(pool: Data, identity_id: str | None, logins: Data) -> None:
    """Refuse logins that prove nothing, and nobody's where the pool has no guests.

    :raises Refused: ``NotAuthorizedException``
    """
    if not logins and not pool["AllowUnauthenticatedIdentities"]:
        raise Refused("NotAuthorizedException", NO_GUESTS)
    if error := cognito._identity_logins_error(pool, identity_id, logins):
        result_of(error)
    for name, token in logins.items():
        if problem := foreign_problem(pool, name, token):
            raise Refused("NotAuthorizedException", f"Invalid login token. {problem}")
    for provider in pool.get("CognitoIdentityProviders") or []:
        token = logins.get(provider.get("ProviderName", ""))
        if not token or not provider.get("ServerSideTokenCheck"):
            continue
        if cognito._token_claims(token).get("origin_jti") in cognito._revoked_tokens:
            raise Refused("NotAuthorizedException", "Invalid login token. Token has been revoked.")


def foreign_problem(pool: Data, provider: str, token: str) -> str:
    """Return what is wrong with an OpenID token of another provider, as far as it can be told without its keys.

    https://docs.aws.amazon.com/cognito/latest/developerguide/open-id.html
    """
    clients = (pool.get("SupportedLoginProviders") or {}).get(provider)
    listed = {arn.split("oidc-provider/", 1)[-1] for arn in pool.get("OpenIdConnectProviderARNs") or []}
    if provider not in listed and not (clients and provider in OPEN_ID):
        return ""
    claims = cognito._token_claims(token)
    if not claims or token.count(".") != 2:
        return "Not a valid OpenId Connect identity token."
    if str(claims.get("iss", "")).removeprefix("https://") != provider:
        return "Issuer doesn't match providerName"
    if provider in OPEN_ID and claims.get("aud") not in str(clients).split(","):
        return "Incorrect token audience."
    if not isinstance(claims.get("exp"), int | float) or claims["exp"] <= time.time():
        return f"Token expired: {int(time.time())} >= {claims.get('exp')}"
    return ""


OPEN_ID = ("accounts.google.com", "appleid.apple.com")
"""Public providers whose tokens are OpenID tokens; those of others are opaque."""


@identity_operation("GetId")
def get_id(data: Data) -> Data:
    """Return the identity of whom the logins name, or a new one."""
    pool = cognito._identity_pools[data["IdentityPoolId"]]
    check_logins(pool, None, data.get("Logins") or {})
    return result_of(GET_ID(data))


def signed_in(data: Data) -> tuple[Data, str, Data]:
    """Return the pool, the identity and the logins of a request for a token or for credentials."""
    identity_id, logins = data.get("IdentityId"), data.get("Logins") or {}
    pool = holder(identity_id)
    if DEVELOPERS in logins:
        check_developer_token(logins[DEVELOPERS], identity_id)
        return pool, str(identity_id), logins
    check_logins(pool, identity_id, logins)
    return pool, cognito._link_logins(pool, identity_id, logins), logins


DEVELOPERS = "cognito-identity.amazonaws.com"
"""The login of a token that a developer's server asked for."""


def check_developer_token(token: str, identity_id: str | None) -> None:
    """Refuse a token that is not this identity's own, or too old."""
    claims = cognito._token_claims(token)
    genuine = claims.get("iss") == ISSUER and cognito._signature_valid(token)
    if not genuine or claims.get("sub") != identity_id or claims["exp"] <= time.time():
        raise Refused("NotAuthorizedException", "Invalid login token.")


def open_id_token(
    pool: Data, identity_id: str, methods: Iterable[str], tags: dict[str, str], seconds: int = TOKEN_SECONDS
) -> str:
    """Return a token that vouches for an identity, with the tags of its sessions.

    https://docs.aws.amazon.com/cognito/latest/developerguide/using-attributes-for-access-control-policy-example.html
    """
    now = int(time.time())
    claims: Data = {
        "sub": identity_id,
        "aud": pool["IdentityPoolId"],
        "amr": list(methods),
        "iss": ISSUER,
        "iat": now,
        "exp": now + seconds,
    }
    if tags:
        claims["https://aws.amazon.com/tags"] = {"principal_tags": {name: [value] for name, value in tags.items()}}
    return cognito._signed_jwt(claims, IDENTITY_KEYS, "id")


def methods_of(logins: Data) -> list[str]:
    """Return how an identity signed in, as the claim ``amr`` lists it."""
    return cognito._identity_login_fields(logins)[0]


@identity_operation("GetOpenIdToken")
def get_open_id_token(data: Data) -> Data:
    """Return a token for STS: the first half of the basic flow."""
    pool, identity_id, logins = signed_in(data)
    if pool.get("AllowClassicFlow") is False:
        text = "Basic (classic) flow is not enabled, please use enhanced flow."
        raise Refused("InvalidParameterException", text)
    if pool.get("_role_mappings"):
        text = "Basic (classic) flow is not supported with RoleMappings, please use enhanced flow."
        raise Refused("InvalidParameterException", text)
    token = open_id_token(pool, identity_id, methods_of(logins), roles.tags(pool, logins))
    return {"IdentityId": identity_id, "Token": token}


@identity_operation("GetCredentialsForIdentity")
def get_credentials(data: Data) -> Data:
    """Return the role of an identity and a token for it, which the gateway exchanges for credentials."""
    pool, identity_id, logins = signed_in(data)
    role = roles.choose(pool, logins, data.get("CustomRoleArn"))
    token = open_id_token(pool, identity_id, methods_of(logins), roles.tags(pool, logins))
    return {"IdentityId": identity_id, "Role": role, "Token": token}


@identity_operation("DeleteIdentities")
def delete_identities(data: Data) -> Data:
    """Delete identities; their credentials stay good until they expire."""
    unknown = []
    for identity_id in data.get("IdentityIdsToDelete") or []:
        try:
            del holder(identity_id)["_identities"][identity_id]
        except Refused:
            unknown.append({"IdentityId": identity_id, "ErrorCode": "InternalServerError"})
    return {"UnprocessedIdentityIds": unknown}


@identity_operation("CreateIdentityPool")
def create_pool(data: Data) -> Data:
    """Create an identity pool; the basic flow is refused only where the request says so.

    https://docs.aws.amazon.com/cognitoidentity/latest/APIReference/API_CreateIdentityPool.html
    """
    answer = result_of(CREATE_POOL(data))
    if "AllowClassicFlow" not in data:
        del cognito._identity_pools[answer["IdentityPoolId"]]["AllowClassicFlow"]
    return pool_out(cognito._identity_pools[answer["IdentityPoolId"]])


@identity_operation("UpdateIdentityPool")
def update_pool(data: Data) -> Data:
    """Change an identity pool; what the request leaves out is gone.

    https://docs.aws.amazon.com/cognitoidentity/latest/APIReference/API_UpdateIdentityPool.html
    """
    pool = cognito._identity_pools[data["IdentityPoolId"]]
    for name in ("AllowClassicFlow", "DeveloperProviderName", *PROVIDERS):
        if name not in data:
            pool.pop(name, None)
    return result_of(UPDATE_POOL(data))


PROVIDERS = (
    "SupportedLoginProviders", "OpenIdConnectProviderARNs", "CognitoIdentityProviders", "SamlProviderARNs"
)  # fmt: skip


def pool_out(pool: Data) -> Data:
    """Return an identity pool as it is shown, without what nobody set."""
    return filled(POOL_OUT(pool), "IdentityPoolTags")


@identity_operation("SetIdentityPoolRoles")
def set_roles(data: Data) -> Data:
    """Set the roles of a pool and how they are chosen."""
    roles.check(data)
    return result_of(SET_ROLES(data))


def claims_of(token: str) -> Data:
    """Return a token's claims with the issuer that MiniStack compares with a provider's name, which is AWS's."""
    claims = CLAIMS(token)
    issuer = claims.get("iss")
    if isinstance(issuer, str) and issuer.startswith(f"{PUBLIC_URL}/"):
        pool_id = issuer.rsplit("/", 1)[-1]
        claims["iss"] = f"https://cognito-idp.{cognito._pool_region(pool_id)}.amazonaws.com/{pool_id}"
    return claims


CLAIMS = cognito._token_claims
GET_ID = cognito._get_id
CREATE_POOL = cognito._create_identity_pool
UPDATE_POOL = cognito._update_identity_pool
POOL_OUT = cognito._identity_pool_out
SET_ROLES = cognito._set_identity_pool_roles


def apply() -> None:
    """Have MiniStack recognize the tokens of local user pools, and sign those of identity pools with its shared key."""
    cognito._pool_keys[IDENTITY_KEYS, "id"] = (cognito._RSA_PRIVATE_KEY, cognito._JWKS_KEY)
    cognito._token_claims = claims_of
    cognito._identity_pool_out = pool_out
