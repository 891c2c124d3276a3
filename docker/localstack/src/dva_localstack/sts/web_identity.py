"""Tokens of OpenID Connect providers: whom they name, and what conditions of trust policies may ask of them.

https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html
Condition keys: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from localstack.aws.api.sts import ExpiredTokenException, InvalidIdentityTokenException
from moto.iam.models import OpenIDConnectProvider

from dva_localstack.cognito.tokens import IDENTITY_ISSUER, InvalidToken, claims_of, same_issuer, verify
from dva_localstack.iam import identities

IDENTITY_POOLS = "cognito-identity.amazonaws.com"
"""The federated principal of identity pools."""
SESSION_TAGS = "https://aws.amazon.com/tags"
SOURCE_IDENTITY = "https://aws.amazon.com/source_identity"
"""Claims from which a session takes tags and source identity."""


@dataclass(frozen=True)
class WebIdentity:
    """Whom a verified token names."""

    provider: str
    """How trust policies name who vouches: the ARN of an OpenID Connect provider, or identity pools' service name."""
    subject: str
    audience: str
    keys: dict[str, str | Sequence[str]] = field(default_factory=dict)
    """Condition keys, such as ``cognito-identity.amazonaws.com:aud``."""
    tags: dict[str, str] = field(default_factory=dict)
    transitive: tuple[str, ...] = ()
    source_identity: str = ""


def without_scheme(url: str) -> str:
    """Return a URL as IAM names providers: host and path."""
    return url.partition("://")[2] or url


def provider_of(account: str, issuer: str) -> OpenIDConnectProvider:
    """Return the account's OpenID Connect provider for an issuer.

    :raises InvalidIdentityTokenException: the account has none
    """
    for provider in identities.backend(account).open_id_providers.values():
        if same_issuer(provider.url, without_scheme(issuer)):
            return provider
    raise InvalidIdentityTokenException(f"No OpenIDConnect provider found in your account for {issuer}")


def verified(token: str) -> dict[str, Any]:
    """Return the claims of a token whose signature and expiry were verified with the issuer's public keys.

    :raises InvalidIdentityTokenException: the token is none, was changed, or its issuer cannot be asked for keys
    :raises ExpiredTokenException: it has expired
    """
    try:
        return verify(token)
    except InvalidToken as error:
        if error.reason == "expired":
            raise ExpiredTokenException("Token expired: the expiration date/time of the token has passed.") from error
        if error.reason == "malformed":
            raise InvalidIdentityTokenException(
                "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)"
            ) from error
        if error.reason == "issuer":
            raise InvalidIdentityTokenException(
                "Couldn't retrieve verification key from your identity provider, please reference "
                "AssumeRoleWithWebIdentity documentation for requirements"
            ) from error
        raise InvalidIdentityTokenException("Provided Token is not valid: its signature does not verify") from error


def identify(token: str, account: str) -> WebIdentity:
    """Verify a token and return whom it names.

    :param account: the role's account, where the provider must be known
    :raises InvalidIdentityTokenException: also for an audience that the provider does not list
    """
    claimed = unverified_issuer(token)
    provider = None if claimed == IDENTITY_ISSUER else provider_of(account, claimed)
    claims = verified(token)
    audience = claims.get("aud")
    audiences = audience if isinstance(audience, list) else [audience]
    if not audience or not isinstance(audiences[0], str):
        raise InvalidIdentityTokenException("Missing a required claim: aud")
    if provider and not set(audiences) & set(provider.client_id_list):
        raise InvalidIdentityTokenException("Incorrect token audience")
    name = provider.url if provider else IDENTITY_POOLS
    keys: dict[str, str | Sequence[str]] = {f"{name}:aud": audiences[0], f"{name}:sub": str(claims.get("sub", ""))}
    if "amr" in claims:
        methods = claims["amr"]
        keys[f"{name}:amr"] = methods if isinstance(methods, list) else [str(methods)]
    tags, transitive = tags_in(claims)
    return WebIdentity(
        provider.arn if provider else IDENTITY_POOLS,
        str(claims.get("sub", "")),
        audiences[0],
        keys,
        tags,
        transitive,
        str(claims.get(SOURCE_IDENTITY, "")),
    )


def unverified_issuer(token: str) -> str:
    """Return the issuer that a token claims to have.

    :raises InvalidIdentityTokenException: it is no token
    """
    try:
        return str(claims_of(token).get("iss", ""))
    except InvalidToken as error:
        raise InvalidIdentityTokenException(
            "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)"
        ) from error


def tags_in(claims: dict[str, Any]) -> tuple[dict[str, str], tuple[str, ...]]:
    """Return the session tags that a token carries, and which of them are transitive.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html#id_session-tags_adding-assume-role-idp
    """
    carried = claims.get(SESSION_TAGS) or {}
    tags = {
        key: str(value[0] if isinstance(value, list) else value)
        for key, value in (carried.get("principal_tags") or {}).items()
    }
    return tags, tuple(carried.get("transitive_tag_keys") or ())
