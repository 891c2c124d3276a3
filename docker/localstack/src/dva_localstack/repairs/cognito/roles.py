"""Which role the credentials of an identity are for, and which tags its sessions have.

https://docs.aws.amazon.com/cognito/latest/developerguide/role-based-access-control.html
"""

from collections.abc import Callable

from ministack.services import cognito

from dva_localstack.repairs.cognito.store import Data, Refused

RULES = 25
"""Rules that a mapping may have, from the same page."""

MATCHES: dict[str, Callable[[str, str], bool]] = {
    "Equals": lambda held, wanted: held == wanted,
    "NotEqual": lambda held, wanted: held != wanted,
    "StartsWith": lambda held, wanted: held.startswith(wanted),
    "Contains": lambda held, wanted: wanted in held,
}

DEFAULT_TAGS = {"username": "sub", "client": "aud"}
"""Tags and the claims they are taken from, where the pool uses the defaults:
https://docs.aws.amazon.com/cognito/latest/developerguide/provider-mappings.html"""


def choose(pool: Data, logins: Data, custom: str | None) -> str:
    """Return the ARN of the role for a sign-in.

    :param custom: the role that the caller asks for, one of those in the token
    :raises Refused: no role fits
    """
    named = pool.get("_roles") or {}
    if not logins:
        return named.get("unauthenticated") or missing()
    default = named.get("authenticated")
    for provider, token in logins.items():
        claims = cognito._token_claims(token)
        mapping = (pool.get("_role_mappings") or {}).get(f"{provider}:{claims.get('aud')}")
        if not mapping:
            continue
        chosen = by_token(claims, custom) if mapping["Type"] == "Token" else by_rules(mapping, claims)
        if chosen:
            return chosen
        if mapping.get("AmbiguousRoleResolution") == "Deny":
            raise Refused("NotAuthorizedException", "No role of this identity pool fits the token.")
        return default or missing()
    if custom:
        raise Refused("NotAuthorizedException", "The role is not one of those in the token.")
    return default or missing()


def missing() -> str:
    """Refuse: the pool has no role to give."""
    text = "Invalid identity pool configuration. Check assigned IAM roles for this pool."
    raise Refused("InvalidIdentityPoolConfigurationException", text)


def by_token(claims: Data, custom: str | None) -> str | None:
    """Return the role that a token prefers, or the one asked for if it is among the token's."""
    if custom is None:
        return claims.get("cognito:preferred_role")
    if custom in claims.get("cognito:roles", []):
        return custom
    raise Refused("NotAuthorizedException", "The role is not one of those in the token.")


def by_rules(mapping: Data, claims: Data) -> str | None:
    """Return the role of the first rule that fits the claims."""
    for rule in (mapping.get("RulesConfiguration") or {}).get("Rules") or []:
        held = claims.get(rule["Claim"])
        values = [str(item) for item in held] if isinstance(held, list) else [] if held is None else [str(held)]
        if any(MATCHES[rule["MatchType"]](value, rule["Value"]) for value in values):
            return rule["RoleARN"]
    return None


def tags(pool: Data, logins: Data) -> dict[str, str]:
    """Return the tags of a sign-in's sessions, by the pool's attribute maps."""
    found: dict[str, str] = {}
    for provider, token in logins.items():
        mapping = (pool.get("_principal_tags") or {}).get(provider)
        if not mapping:
            continue
        claims = cognito._token_claims(token)
        names = DEFAULT_TAGS if mapping.get("UseDefaults") else mapping.get("PrincipalTags") or {}
        found |= {tag: str(claims[claim]) for tag, claim in names.items() if claim in claims}
    return found


def check(data: Data) -> None:
    """Refuse roles and mappings that AWS does not take.

    https://docs.aws.amazon.com/cognitoidentity/latest/APIReference/API_SetIdentityPoolRoles.html
    """
    for kind, arn in (data.get("Roles") or {}).items():
        if kind not in ("authenticated", "unauthenticated"):
            raise Refused("InvalidParameterException", f"Invalid role type: {kind}")
        if not arn.startswith("arn:aws:iam::") or ":role/" not in arn:
            raise Refused("InvalidParameterException", f"Role ARN is not valid: {arn}")
    for provider, mapping in (data.get("RoleMappings") or {}).items():
        if mapping.get("AmbiguousRoleResolution") not in ("AuthenticatedRole", "Deny"):
            text = f"AmbiguousRoleResolution is required for the mapping of {provider}"
            raise Refused("InvalidParameterException", text)
        rules = (mapping.get("RulesConfiguration") or {}).get("Rules") or []
        if mapping.get("Type") == "Rules" and not 0 < len(rules) <= RULES:
            raise Refused("InvalidParameterException", f"A mapping by rules has 1 to {RULES} rules")
        if any(rule.get("MatchType") not in MATCHES for rule in rules):
            raise Refused("InvalidParameterException", "Unknown match type of a rule")
