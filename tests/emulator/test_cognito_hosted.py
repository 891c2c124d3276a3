"""Endpoints of a user pool's domain: https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-userpools-server-contract-reference.html"""

import base64
import hashlib
import re
import secrets
import uuid
from typing import Any
from urllib.parse import parse_qsl, urljoin, urlsplit

import pytest
import requests
from emulator.cognito_tools import PASSWORD, Pool, claims, refusal, totp

CALLBACK = "http://localhost:9999/callback"
OAUTH = {
    "AllowedOAuthFlowsUserPoolClient": True,
    "AllowedOAuthFlows": ["code"],
    "AllowedOAuthScopes": ["openid", "email", "profile"],
    "CallbackURLs": [CALLBACK],
    "LogoutURLs": ["http://localhost:9999/bye"],
    "SupportedIdentityProviders": ["COGNITO"],
}


class Site:
    """A user pool's domain, and a browser that looks at it."""

    def __init__(self, account: Any, settings: dict[str, Any] | None = None, **client: Any) -> None:
        self.pool = Pool(account, settings or {}, {**OAUTH, **client})
        self.domain = f"shop-{uuid.uuid4().hex[:10]}"
        self.pool.idp.create_user_pool_domain(UserPoolId=self.pool.id, Domain=self.domain)
        self.url = f"{account.endpoint}/_cognito/{self.domain}"
        self.browser = requests.Session()
        self.browser.trust_env = False

    def authorize(self, **more: str) -> requests.Response:
        """Ask for a code; follows no redirect."""
        query = {"response_type": "code", "client_id": self.pool.client_id, "redirect_uri": CALLBACK, **more}
        return self.browser.get(f"{self.url}/oauth2/authorize", params=query, allow_redirects=False, timeout=10)

    def page(self, **more: str) -> str:
        """Ask for a code and return the address of the sign-in page."""
        return urljoin(self.url, self.authorize(**more).headers["Location"])

    def fill_in(self, address: str, **fields: str) -> requests.Response:
        """Send a sign-in page's form."""
        return self.browser.post(address, data=fields, allow_redirects=False, timeout=10)

    def code(self, **more: str) -> str:
        """Sign ana in on the page and return the authorization code."""
        page = self.page(**more)
        sent = self.fill_in(page, username="ana", password=PASSWORD)
        return parameters(sent)["code"]

    def token(self, secret: str = "", **form: str) -> requests.Response:
        """Call the token endpoint; with a secret by HTTP Basic authentication."""
        auth = (self.pool.client_id, secret) if secret else None
        data = form if secret else {"client_id": self.pool.client_id, **form}
        return requests.post(f"{self.url}/oauth2/token", data=data, auth=auth, timeout=10)

    def exchange(self, code: str, **form: str) -> requests.Response:
        """Exchange a code for tokens."""
        return self.token(grant_type="authorization_code", code=code, redirect_uri=CALLBACK, **form)


def parameters(answer: requests.Response) -> dict[str, str]:
    """Return the parameters of the address that a redirect leads to."""
    assert answer.status_code == 302, answer.text
    parts = urlsplit(answer.headers["Location"])
    return dict(parse_qsl(parts.query or parts.fragment))


@pytest.fixture
def site(aws: Any) -> Site:
    """A domain whose pool has the user ana."""
    site = Site(aws)
    site.pool.user(email="ana@example.com", email_verified="true", nickname="An")
    return site


def test_a_code_with_pkce_becomes_tokens(site: Site) -> None:
    """https://docs.aws.amazon.com/cognito/latest/developerguide/using-pkce-in-authorization-code.html"""
    verifier = secrets.token_urlsafe(48)
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
    code = site.code(code_challenge=challenge, code_challenge_method="S256", scope="openid email", nonce="n-1")
    tokens = site.exchange(code, code_verifier=verifier).json()
    assert sorted(tokens) == ["access_token", "expires_in", "id_token", "refresh_token", "token_type"]
    identity = claims(tokens["id_token"])
    assert (identity["aud"], identity["nonce"], identity["email"]) == (site.pool.client_id, "n-1", "ana@example.com")
    access = claims(tokens["access_token"])
    assert (sorted(access["scope"].split()), access["version"]) == (["email", "openid"], 2)
    digest = hashlib.sha256(tokens["access_token"].encode()).digest()
    assert identity["at_hash"] == base64.urlsafe_b64encode(digest[:16]).decode().rstrip("=")


def test_without_the_verifier_a_code_is_worth_nothing(site: Site) -> None:
    """https://docs.aws.amazon.com/cognito/latest/developerguide/using-pkce-in-authorization-code.html"""
    challenge = base64.urlsafe_b64encode(hashlib.sha256(b"the verifier").digest()).decode().rstrip("=")
    code = site.code(code_challenge=challenge, code_challenge_method="S256")
    answer = site.exchange(code, code_verifier="another verifier")
    assert (answer.status_code, answer.json()) == (400, {"error": "invalid_grant"})


def test_plain_pkce_is_not_supported(site: Site) -> None:
    """https://docs.aws.amazon.com/cognito/latest/developerguide/authorization-endpoint.html"""
    answer = site.authorize(code_challenge="x" * 43, code_challenge_method="plain", state="s")
    assert parameters(answer) == {"error": "invalid_request", "state": "s"}


def test_a_code_is_good_once(site: Site) -> None:
    """https://docs.aws.amazon.com/cognito/latest/developerguide/token-endpoint.html"""
    code = site.code()
    assert site.exchange(code).ok
    assert site.exchange(code).json() == {"error": "invalid_grant"}


def test_the_redirect_uri_must_be_a_registered_one_exactly(site: Site) -> None:
    """The browser is not sent to an address that the app client did not register.

    https://docs.aws.amazon.com/cognito/latest/developerguide/authorization-endpoint.html
    """
    answer = site.authorize(redirect_uri=f"{CALLBACK}/")
    assert "/error?error=redirect_mismatch" in answer.headers["Location"]
    code = site.code()
    other = site.token(grant_type="authorization_code", code=code, redirect_uri="http://localhost:9999/other")
    assert other.json() == {"error": "invalid_grant"}


def test_the_state_comes_back_and_an_unknown_scope_is_refused(site: Site) -> None:
    """https://docs.aws.amazon.com/cognito/latest/developerguide/authorization-endpoint.html"""
    answer = site.authorize(state="a b&c", scope="openid phone")
    assert parameters(answer) == {"error": "invalid_scope", "state": "a b&c"}


def test_a_wrong_password_shows_the_page_again(site: Site) -> None:
    """https://docs.aws.amazon.com/cognito/latest/developerguide/login-endpoint.html"""
    page = site.page()
    assert "<form" in site.browser.get(page, timeout=10).text
    answer = site.fill_in(page, username="ana", password="Wrong-Pass1!")
    assert answer.status_code == 200
    assert "Incorrect username or password." in answer.text
    assert "cognito" not in site.browser.cookies


def test_a_signed_in_browser_is_not_asked_again_until_it_signs_out(site: Site) -> None:
    """https://docs.aws.amazon.com/cognito/latest/developerguide/logout-endpoint.html"""
    site.code()
    assert "code" in parameters(site.authorize())
    leave = {"client_id": site.pool.client_id, "logout_uri": "http://localhost:9999/bye"}
    answer = site.browser.get(f"{site.url}/logout", params=leave, allow_redirects=False, timeout=10)
    assert answer.headers["Location"] == "http://localhost:9999/bye"
    assert "/login?" in site.authorize().headers["Location"]


def test_a_temporary_password_and_a_second_factor_on_the_page(aws: Any) -> None:
    """https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-managed-login.html"""
    site = Site(aws)
    idp, pool = site.pool.idp, site.pool.id
    idp.admin_create_user(UserPoolId=pool, Username="ana", TemporaryPassword="Temp-Pass1!", MessageAction="SUPPRESS")
    page = site.page()
    form = site.fill_in(page, username="ana", password="Temp-Pass1!").text
    hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]+)"', form))
    assert "code" in parameters(site.fill_in(page, **hidden, answer=PASSWORD))
    setting = {"SoftwareTokenMfaConfiguration": {"Enabled": True}}
    idp.set_user_pool_mfa_config(UserPoolId=pool, MfaConfiguration="OPTIONAL", **setting)
    token = site.pool.tokens()["AccessToken"]
    secret = idp.associate_software_token(AccessToken=token)["SecretCode"]
    idp.verify_software_token(AccessToken=token, UserCode=totp(secret))
    idp.set_user_mfa_preference(AccessToken=token, SoftwareTokenMfaSettings={"Enabled": True, "PreferredMfa": True})
    form = site.fill_in(page, username="ana", password=PASSWORD).text
    hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]+)"', form))
    assert "Invalid code received for user" in site.fill_in(page, **hidden, answer="000000").text
    assert "code" in parameters(site.fill_in(page, **hidden, answer=totp(secret)))


def test_a_user_signs_up_on_the_page(aws: Any) -> None:
    """https://docs.aws.amazon.com/cognito/latest/developerguide/managed-login-endpoints.html"""
    site = Site(aws, {"AutoVerifiedAttributes": ["email"]})
    page = site.page()
    assert "/signup?" in site.browser.get(page, timeout=10).text
    page = page.replace("/login?", "/signup?")
    given = {"username": "ana", "attribute.email": "ana@example.com"}
    assert "Password not long enough" in site.fill_in(page, **given, password="short").text
    assert "Confirm your account" in site.fill_in(page, **given, password=PASSWORD).text
    assert "Invalid verification code" in site.fill_in(page, username="ana", code="no").text
    sent = site.fill_in(page, username="ana", code=site.pool.code())
    tokens = site.exchange(parameters(sent)["code"]).json()
    assert claims(tokens["id_token"])["email_verified"] is True


def test_nobody_signs_up_where_administrators_create_the_users(aws: Any) -> None:
    """https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-settings-admin-create-user-policy.html"""
    site = Site(aws, {"AdminCreateUserConfig": {"AllowAdminCreateUserOnly": True}})
    page = site.page()
    assert "/signup?" not in site.browser.get(page, timeout=10).text
    page = page.replace("/login?", "/signup?")
    assert site.browser.get(page, timeout=10).status_code == 400
    site.fill_in(page, username="ana", password=PASSWORD)
    error = refusal(site.pool.idp.admin_get_user, UserPoolId=site.pool.id, Username="ana")
    assert error[0] == "UserNotFoundException"


def test_a_forgotten_password_is_replaced_on_the_page(site: Site) -> None:
    """https://docs.aws.amazon.com/cognito/latest/developerguide/managed-login-endpoints.html"""
    sign_in = site.page()
    page = sign_in.replace("/login?", "/forgotPassword?")
    assert "Choose a new password" in site.fill_in(page, username="ana").text
    sent = site.fill_in(page, username="ana", code=site.pool.code(), password="New-Pass1!")
    assert urljoin(site.url, sent.headers["Location"]) == sign_in
    assert parameters(site.fill_in(sign_in, username="ana", password="New-Pass1!"))["code"]


def test_an_authenticator_app_is_set_up_on_the_page(site: Site) -> None:
    """https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-settings-mfa-totp.html"""
    site.pool.idp.set_user_pool_mfa_config(
        UserPoolId=site.pool.id, MfaConfiguration="ON", SoftwareTokenMfaConfiguration={"Enabled": True}
    )
    page = site.page()
    shown = site.fill_in(page, username="ana", password=PASSWORD).text
    secret, session = (re.search(pattern, shown)[1] for pattern in (r"<code>(\w+)", r'name="session" value="([^"]+)'))
    answer = {"session": session, "challenge": "MFA_SETUP"}
    assert "Code mismatch" in site.fill_in(page, **answer, answer="000000").text
    assert parameters(site.fill_in(page, **answer, answer=totp(secret)))["code"]


def test_user_information_follows_the_scopes(site: Site) -> None:
    """https://docs.aws.amazon.com/cognito/latest/developerguide/userinfo-endpoint.html"""
    token = site.exchange(site.code(scope="openid email")).json()["access_token"]
    info = requests.get(f"{site.url}/oauth2/userInfo", headers={"Authorization": f"Bearer {token}"}, timeout=10).json()
    assert info == {
        "sub": claims(token)["sub"],
        "email": "ana@example.com",
        "email_verified": "true",
        "username": "ana",
    }
    api_token = site.pool.tokens()["AccessToken"]
    refused = requests.get(f"{site.url}/oauth2/userInfo", headers={"Authorization": f"Bearer {api_token}"}, timeout=10)
    assert (refused.status_code, refused.json()["error"]) == (401, "invalid_token")


def test_a_refresh_token_is_renewed_and_revoked(site: Site) -> None:
    """https://docs.aws.amazon.com/cognito/latest/developerguide/revocation-endpoint.html"""
    tokens = site.exchange(site.code(scope="openid")).json()
    again = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    renewed = site.token(**again).json()
    assert claims(renewed["access_token"])["scope"] == "openid"
    assert "refresh_token" not in renewed
    form = {"token": tokens["refresh_token"], "client_id": site.pool.client_id}
    assert requests.post(f"{site.url}/oauth2/revoke", data=form, timeout=10).status_code == 200
    assert site.token(**again).json() == {"error": "invalid_grant"}


def test_the_implicit_grant_puts_tokens_into_the_fragment(aws: Any) -> None:
    """https://docs.aws.amazon.com/cognito/latest/developerguide/authorization-endpoint.html"""
    site = Site(aws, AllowedOAuthFlows=["implicit"])
    site.pool.user()
    assert parameters(site.authorize())["error"] == "unauthorized_client"
    page = site.page(response_type="token", scope="openid")
    location = site.fill_in(page, username="ana", password=PASSWORD).headers["Location"]
    fragment = dict(parse_qsl(urlsplit(location).fragment))
    assert claims(fragment["id_token"])["cognito:username"] == "ana"
    assert "refresh_token" not in fragment


def test_a_machine_gets_the_scopes_of_a_resource_server(aws: Any) -> None:
    """https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-define-resource-servers.html"""
    site = Site(aws)
    scopes = [{"ScopeName": name, "ScopeDescription": name} for name in ("read", "write")]
    site.pool.idp.create_resource_server(UserPoolId=site.pool.id, Identifier="orders", Name="Orders", Scopes=scopes)
    machine = site.pool.client(
        GenerateSecret=True,
        AllowedOAuthFlowsUserPoolClient=True,
        AllowedOAuthFlows=["client_credentials"],
        AllowedOAuthScopes=["orders/read"],
    )
    site.pool.client_id, secret = machine["ClientId"], machine["ClientSecret"]
    access = claims(site.token(secret, grant_type="client_credentials").json()["access_token"])
    assert (access["sub"], access["scope"], access["token_use"]) == (machine["ClientId"], "orders/read", "access")
    wider = site.token(secret, grant_type="client_credentials", scope="orders/write")
    assert wider.json() == {"error": "invalid_grant"}
    assert site.token("wrong", grant_type="client_credentials").json() == {"error": "invalid_client"}


def test_a_client_with_a_secret_shows_it_at_the_token_endpoint(aws: Any) -> None:
    """https://docs.aws.amazon.com/cognito/latest/developerguide/token-endpoint.html"""
    site = Site(aws, GenerateSecret=True)
    site.pool.user()
    code = site.code()
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK}
    assert site.token(**form).json() == {"error": "invalid_client"}
    assert site.token(site.pool.app["ClientSecret"], **form).ok


def test_the_openid_configuration_names_the_domains_endpoints(site: Site) -> None:
    """https://docs.aws.amazon.com/cognito/latest/developerguide/federation-endpoints.html"""
    configuration = requests.get(f"{site.pool.url}/.well-known/openid-configuration", timeout=10).json()
    path = urlsplit(configuration["token_endpoint"]).path
    assert path == f"/_cognito/{site.domain}/oauth2/token"
    assert requests.post(configuration["token_endpoint"], timeout=10).json() == {"error": "invalid_request"}


def test_a_domain_is_taken_once_and_keeps_its_pool_from_deletion(site: Site, another_account: Any) -> None:
    """https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_CreateUserPoolDomain.html"""
    other = Pool(another_account())
    error = refusal(other.idp.create_user_pool_domain, UserPoolId=other.id, Domain=site.domain)
    assert error[0] == "InvalidParameterException"
    error = refusal(site.pool.idp.delete_user_pool, UserPoolId=site.pool.id)
    assert error == (
        "InvalidParameterException",
        "User pool cannot be deleted. It has a domain configured that should be deleted first.",
    )
    site.pool.idp.delete_user_pool_domain(UserPoolId=site.pool.id, Domain=site.domain)
    site.pool.idp.delete_user_pool(UserPoolId=site.pool.id)
    assert requests.get(f"{site.url}/login", timeout=10).status_code == 404
