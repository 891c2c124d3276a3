"""The endpoints of a user pool's domain that programs call: tokens, revocation and user information.

https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-userpools-server-contract-reference.html
"""

import json
import time
from collections.abc import Callable

from ministack.services import cognito

from dva_localstack.repairs.cognito import sealed, sessions, tokens
from dva_localstack.repairs.cognito.store import Answer, Data, Refused, find_user
from dva_localstack.repairs.cognito.web import OAuthError, Request, as_json

CODES: dict[str, Data] = {}
"""Authorization codes, and what they were given for."""


def authenticated_client(request: Request) -> Data:
    """Return the app client of a request to the token or revocation endpoint, whose secret must be right.

    :raises OAuthError: ``invalid_client``
    """
    client_id, secret = cognito._authenticate_client(request.headers, request.form)
    client = request.pool["_clients"].get(client_id)
    if not client or (client.get("ClientSecret") or "") != secret:
        raise OAuthError("invalid_client")
    return client


def token(request: Request) -> Answer:
    """Exchange a code, a refresh token or a client's own credentials for tokens.

    https://docs.aws.amazon.com/cognito/latest/developerguide/token-endpoint.html
    """
    grants: dict[str, Callable[[Request, Data], Data]] = {
        "authorization_code": from_code,
        "refresh_token": from_refresh_token,
        "client_credentials": from_credentials,
    }
    if request.method != "POST":
        raise OAuthError("invalid_request", 405)
    kind = grants.get(request.form.get("grant_type", ""))
    if not kind:
        raise OAuthError("unsupported_grant_type" if request.form.get("grant_type") else "invalid_request")
    return as_json(kind(request, authenticated_client(request)))


def from_code(request: Request, client: Data) -> Data:
    """Return the tokens of an authorization code, which is good once."""
    entry = CODES.pop(request.form.get("code", ""), None)
    if not entry or entry["expires"] < time.time() or entry["client"] != client["ClientId"]:
        raise OAuthError("invalid_grant")
    if entry["redirect_uri"] != request.form.get("redirect_uri"):
        raise OAuthError("invalid_grant")
    verifier = request.form.get("code_verifier", "")
    if entry["code_challenge"] and not cognito._verify_pkce(verifier, entry["code_challenge"], "S256"):
        raise OAuthError("invalid_grant")
    user = find_user(request.pool, entry["username"])
    if not user or not user.get("Enabled", True):
        raise OAuthError("invalid_grant")
    result = tokens.issue(
        request.pool["Id"],
        client["ClientId"],
        user,
        nonce=entry["nonce"],
        trigger_source="TokenGeneration_HostedAuth",
        scope=entry["scope"],
    )
    return token_answer(result, entry["scope"])


def from_refresh_token(request: Request, client: Data) -> Data:
    """Return new tokens for a refresh token."""
    given = request.form.get("refresh_token", "")
    try:
        result = sessions.refresh(request.pool, client, given)
    except Refused as refusal:
        raise OAuthError("invalid_grant") from refusal
    scope = sealed.opened(given).get("scope")
    return token_answer(result, scope, refreshable="RefreshToken" in result)


def from_credentials(request: Request, client: Data) -> Data:
    """Return an access token with scopes of resource servers to a client that has a secret."""
    if not client.get("ClientSecret"):
        raise OAuthError("invalid_client")
    asked = request.form.get("scope")
    if error := cognito._client_credentials_scope_error(request.pool, client, asked):
        raise OAuthError(json.loads(error[2])["error"])
    scope = cognito._granted_scopes(client, asked, "client_credentials") or ""
    try:
        metadata = json.loads(request.form.get("aws_client_metadata") or "{}")
    except ValueError as error:
        raise OAuthError("invalid_request") from error
    return tokens.machine_token(request.pool["Id"], client, scope, metadata)


def token_answer(result: Data, scope: str | None, refreshable: bool = True) -> Data:
    """Return an authentication result in OAuth's names; an ID token only for the scope ``openid``."""
    answer = {"access_token": result["AccessToken"], "expires_in": result["ExpiresIn"], "token_type": "Bearer"}
    if cognito._id_token_granted(scope):
        answer["id_token"] = result["IdToken"]
    if refreshable:
        answer["refresh_token"] = result["RefreshToken"]
    return answer


def revoke(request: Request) -> Answer:
    """Revoke a refresh token and its session.

    https://docs.aws.amazon.com/cognito/latest/developerguide/revocation-endpoint.html
    """
    client = authenticated_client(request)
    if not client.get("EnableTokenRevocation", True):
        raise OAuthError("invalid_request")
    try:
        sessions.revoke_session(client, request.form.get("token", ""))
    except Refused as refusal:
        known = {"UnauthorizedException": "unauthorized_client"}
        raise OAuthError(known.get(refusal.code, "unsupported_token_type")) from refusal
    return 200, {"Content-Type": "application/json"}, b""


def user_info(request: Request) -> Answer:
    """Return what the access token's scopes let an application know about the user.

    https://docs.aws.amazon.com/cognito/latest/developerguide/userinfo-endpoint.html
    """
    bearer = request.headers.get("authorization", "").removeprefix("Bearer ").strip()
    problem = cognito._userinfo_token_error(bearer)
    if problem:
        body = json.dumps({"error": "invalid_token", "error_description": problem}).encode()
        headers = {"Content-Type": "application/json", "WWW-Authenticate": 'Bearer error="invalid_token"'}
        return 401, headers, body
    user = cognito._user_from_token(bearer, request.pool)
    if not user:
        raise OAuthError("invalid_token", 401)
    client = request.pool["_clients"].get(cognito._token_claims(bearer)["client_id"]) or {}
    shown = tokens.scoped(user, client, cognito._token_claims(bearer)["scope"])
    values = {name: str(value).lower() if isinstance(value, bool) else value for name, value in shown.items()}
    sub = cognito._token_claims(bearer)["sub"]
    return as_json({"sub": sub, **values, "username": user["Username"]})
