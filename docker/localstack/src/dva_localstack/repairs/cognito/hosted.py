"""The OAuth endpoints of a user pool's domain, at ``/_cognito/<domain>/`` on the gateway.

Faults: MiniStack has one set of endpoints for all pools, which is not below a domain; it has no revocation, no GET
/login, no implicit grant and no session, takes any app client on any domain, renews tokens without the client's
secret and drops the groups then.

https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-userpools-server-contract-reference.html
"""

import json
import secrets
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from ministack import app
from ministack.core.concurrency import run_reentrant
from ministack.services import cognito

from dva_localstack.repairs.cognito import pages, self_service, tokens, triggers
from dva_localstack.repairs.cognito.oauth import CODES, revoke, token, token_answer, user_info
from dva_localstack.repairs.cognito.store import Answer, Data, Refused, forget_expired
from dva_localstack.repairs.cognito.web import BROWSERS, OAuthError, Request, redirect

CODE_SECONDS = 300
"""How long an authorization code is valid: https://docs.aws.amazon.com/cognito/latest/developerguide/authorization-endpoint.html"""

SESSION_SECONDS = 3600
"""How long a browser stays signed in: https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-managed-login.html"""


def client_of(request: Request, given: Data) -> Data:
    """Return the app client of an authorization request whose redirect URI it registered.

    :raises OAuthError: ``invalid_request`` or ``redirect_mismatch``, shown to the user and not sent to the URI
    """
    client = request.pool["_clients"].get(given.get("client_id", ""))
    if not client:
        raise OAuthError("invalid_request")
    redirect = given.get("redirect_uri") or client.get("DefaultRedirectURI")
    if redirect not in (client.get("CallbackURLs") or []):
        raise OAuthError("redirect_mismatch")
    given["redirect_uri"] = redirect
    return client


def back(given: Data, **values: str) -> Answer:
    """Send the browser back to the application with ``values``; tokens go into the fragment."""
    if given.get("state"):
        values["state"] = given["state"]
    uri = given["redirect_uri"]
    if "access_token" in values:
        return redirect(f"{uri}#{urlencode(values)}")
    return redirect(f"{uri}{'&' if '?' in uri else '?'}{urlencode(values)}")


def problem_with(client: Data, given: Data) -> str:
    """Return the error that an authorization request is sent back with, or an empty string."""
    flow = {"code": "code", "token": "implicit"}.get(given.get("response_type", ""))
    if flow is None:
        return "invalid_request"
    if flow not in (client.get("AllowedOAuthFlows") or []) or not client.get("AllowedOAuthFlowsUserPoolClient"):
        return "unauthorized_client"
    if set(given.get("scope", "").split()) - set(client.get("AllowedOAuthScopes") or []):
        return "invalid_scope"
    challenge, method = given.get("code_challenge"), given.get("code_challenge_method")
    if (challenge or method) and not (challenge and method == "S256"):
        return "invalid_request"
    return ""


def authorize(request: Request) -> Answer:
    """Give a signed-in browser a code or tokens, and show others the sign-in page.

    https://docs.aws.amazon.com/cognito/latest/developerguide/authorization-endpoint.html
    """
    given = request.query if request.method == "GET" else request.form
    client = client_of(request, given)
    if problem := problem_with(client, given):
        return back(given, error=problem)
    user = request.signed_in
    if user and given.get("prompt") != "login":
        return grant(request.pool, client, user, given)
    if given.get("prompt") == "none":
        return back(given, error="login_required")
    return redirect(f"{request.base}/login?{urlencode(given)}")


def grant(pool: Data, client: Data, user: Data, given: Data) -> Answer:
    """Send a code, or for the implicit grant tokens, to the application."""
    scope = cognito._granted_scopes(client, given.get("scope")) or ""
    if given["response_type"] == "token":
        result = tokens.issue(
            pool["Id"], client["ClientId"], user, given.get("nonce", ""), "TokenGeneration_HostedAuth", scope=scope
        )
        return back(given, **token_answer(result, scope, refreshable=False))
    forget_expired(CODES, "expires")
    code = cognito.new_uuid()
    kept = ("redirect_uri", "nonce", "code_challenge")
    CODES[code] = {
        **{name: given.get(name, "") for name in kept},
        "pool": pool["Id"],
        "client": client["ClientId"],
        "username": user["Username"],
        "scope": scope,
        "expires": time.time() + CODE_SECONDS,
    }
    return back(given, code=code)


def interact(request: Request, ask: Callable[[str], Answer], filled_in: Callable[[Request, Data], Data]) -> Answer:
    """Show a page, or look at what was filled in and sign the user in.

    :param ask: gives the first page, with what was wrong the last time
    :param filled_in: gives the user, or raises :class:`pages.Further` with another page
    """
    given = dict(request.query)
    client = client_of(request, given)
    if problem := problem_with(client, given):
        return back(given, error=problem)
    if request.method == "GET":
        return ask("")
    try:
        user = filled_in(request, client)
    except pages.Further as page:
        return page.answer
    except Refused as refusal:
        return ask(refusal.message)
    triggers.after_authentication(request.pool, client["ClientId"], user, None)
    forget_expired(BROWSERS, "expires")
    cookie = secrets.token_urlsafe(24)
    BROWSERS[cookie] = {
        "pool": request.pool["Id"],
        "username": user["Username"],
        "expires": time.time() + SESSION_SECONDS,
    }
    status, headers, body = grant(request.pool, client, user, given)
    headers["Set-Cookie"] = f"cognito={cookie}; Path={request.base}; Max-Age={SESSION_SECONDS}; HttpOnly; SameSite=Lax"
    return status, headers, body


def login(request: Request) -> Answer:
    """Show the sign-in page, or check what was filled in.

    https://docs.aws.amazon.com/cognito/latest/developerguide/login-endpoint.html
    """
    links = self_service.links(request)
    return interact(request, lambda problem: pages.sign_in(request.pool, problem, links), signed_in)


def signed_in(request: Request, client: Data) -> Data:
    """Return the user who signed in on the page; one who is not confirmed fills in the code first."""
    data: Data = {"ClientId": client["ClientId"], "UserPoolId": request.pool["Id"]}
    if "code" in request.form:
        return self_service.signed_up(request, client)
    try:
        return pages.Dialog(request.pool, client, request.form, data).user()
    except Refused as refusal:
        if refusal.code != "UserNotConfirmedException":
            raise
        raise pages.Further(self_service.confirm_form(request.form.get("username", ""))) from refusal


def sign_up(request: Request) -> Answer:
    """Show the sign-up page, or create the user who was filled in."""
    return interact(request, lambda problem: self_service.sign_up_form(request.pool, problem), self_service.signed_up)


def forgotten_password(request: Request) -> Answer:
    """Show the page for a forgotten password, or send the code, or take the new password."""
    return interact(request, lambda problem: self_service.forgotten_form(request.pool, problem), self_service.recovered)


def logout(request: Request) -> Answer:
    """Sign the browser out and send it to a registered page, or to sign in again.

    https://docs.aws.amazon.com/cognito/latest/developerguide/logout-endpoint.html
    """
    client = request.pool["_clients"].get(request.query.get("client_id", ""))
    if not client:
        raise OAuthError("invalid_request")
    BROWSERS.pop(request.browser, None)
    if uri := request.query.get("logout_uri"):
        if uri not in (client.get("LogoutURLs") or []):
            raise OAuthError("redirect_mismatch")
        return redirect(uri)
    client_of(request, request.query)
    return redirect(f"{request.base}/login?{urlencode(request.query)}")


def show_error(request: Request) -> Answer:
    """Show why a request could not be sent back to the application."""
    return pages.page("Something went wrong", f"<p>{pages.text(request.query.get('error', ''))}</p>", 400)


ENDPOINTS: dict[str, Callable[[Request], Answer]] = {
    "oauth2/authorize": authorize,
    "login": login,
    "signup": sign_up,
    "forgotPassword": forgotten_password,
    "oauth2/token": token,
    "oauth2/userInfo": user_info,
    "oauth2/revoke": revoke,
    "logout": logout,
    "error": show_error,
}

FOR_BROWSERS = ("oauth2/authorize", "login", "signup", "forgotPassword", "logout")


def serve(method: str, path: str, headers: Data, query: Data, body: bytes) -> Answer:
    """Answer one request to ``/_cognito/<domain>/<path>``, as the account that owns the domain."""
    domain, _, rest = path.removeprefix("/_cognito/").partition("/")
    found = next((pool for _, pool in cognito._all_pools() if domain and pool.get("Domain") == domain), None)
    endpoint = ENDPOINTS.get(rest)
    if not found or not endpoint:
        return pages.page("Not found", "<p>No user pool has this domain, or the domain no such page.</p>", 404)
    pool = cognito._get_pool_unscoped(found["Id"])
    request = Request(pool, method, rest, headers, query, body)
    try:
        return endpoint(request)
    except OAuthError as error:
        if rest in FOR_BROWSERS:
            client = request.query.get("client_id", "")
            return redirect(f"{request.base}/error?{urlencode({'error': error.error, 'client_id': client})}")
        return error.status, {"Content-Type": "application/json"}, json.dumps({"error": error.error}).encode()
    except Refused as refusal:
        return pages.page("Something went wrong", f"<p>{pages.text(refusal.message)}</p>", 400)


def apply() -> None:
    """Serve the domains' paths, in a thread, since a trigger may call back."""
    get, post = app._handle_cognito_get_request, app._handle_cognito_body_request

    async def handle_get(method: str, path: str, headers: Data, query: Data) -> Any:
        if method == "GET" and path.startswith("/_cognito/"):
            return await run_reentrant(serve, method, path, headers, query, b"", thread_name="cognito-page")
        return await get(method, path, headers, query)

    async def handle_body(method: str, path: str, headers: Data, body: bytes, query: Data) -> Any:
        if path.startswith("/_cognito/"):
            return await run_reentrant(serve, method, path, headers, query, body, thread_name="cognito-page")
        return await post(method, path, headers, body, query)

    app._handle_cognito_get_request = handle_get
    app._handle_cognito_body_request = handle_body
