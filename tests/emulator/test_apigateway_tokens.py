"""Tokens of user pools and of OpenID providers at REST and HTTP APIs, and Lambda authorizers of HTTP APIs."""

import base64
import http.server
import json
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from apis import HttpApi, RestApi, allow_gateway, invocation_uri, seen
from emulator.cognito_tools import Pool, claims

UNAUTHORIZED = (401, {"message": "Unauthorized"})
FORBIDDEN = (403, {"message": "Forbidden"})
SHOW = "def handler(event, context): return event['requestContext'].get('authorizer')"


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def changed(token: str) -> str:
    """Return a token whose claims say more than its signer did."""
    head, _, signature = token.split(".")
    body = base64.urlsafe_b64encode(json.dumps({**claims(token), "admin": True}).encode()).decode().rstrip("=")
    return f"{head}.{body}.{signature}"


@pytest.fixture(scope="module")
def pool(module_functions: Any) -> Pool:
    """A user pool with a user."""
    made = Pool(module_functions.account)
    made.user(email="ana@example.com")
    return made


@pytest.fixture(scope="module")
def tokens(pool: Pool) -> dict[str, str]:
    """The user's tokens."""
    return pool.tokens()


@pytest.fixture(scope="module")
def rest_api(pool: Pool) -> RestApi:
    """A REST API with methods for identity tokens, and for access tokens with a scope."""
    api = RestApi(pool.account)
    authorizer = api.client.create_authorizer(
        restApiId=api.id,
        name="people",
        type="COGNITO_USER_POOLS",
        providerARNs=[pool.pool["Arn"]],
        identitySource="method.request.header.Authorization",
    )["id"]
    asks = {"authorizationType": "COGNITO_USER_POOLS", "authorizerId": authorizer}
    body = '{"sub":"$context.authorizer.claims.sub","email":"$context.authorizer.claims.email"}'
    api.mock("/id", body=body, **asks)
    api.mock("/scope", authorizationScopes=["aws.cognito.signin.user.admin", "shop/read"], **asks)
    api.mock("/other", authorizationScopes=["shop/write"], **asks)
    api.deploy()
    return api


def test_an_identity_token_passes_with_its_claims(rest_api: RestApi, tokens: dict[str, str]) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-integrate-with-cognito.html"""
    expected = {"sub": claims(tokens["IdToken"])["sub"], "email": "ana@example.com"}
    for header in (tokens["IdToken"], f"Bearer {tokens['IdToken']}"):
        assert seen(rest_api.call("/id", headers={"Authorization": header})) == (200, expected)


def test_an_access_token_needs_a_scope_of_the_method(rest_api: RestApi, tokens: dict[str, str]) -> None:
    """https://repost.aws/knowledge-center/cognito-custom-scopes-api-gateway"""
    assert rest_api.call("/scope", headers=bearer(tokens["AccessToken"])).status_code == 200
    for path, kind in (("/other", "AccessToken"), ("/scope", "IdToken"), ("/id", "AccessToken")):
        assert seen(rest_api.call(path, headers=bearer(tokens[kind]))) == UNAUTHORIZED, (path, kind)


def test_no_token_or_a_changed_one_is_unauthorized(rest_api: RestApi, tokens: dict[str, str]) -> None:
    """https://repost.aws/knowledge-center/api-gateway-cognito-401-unauthorized"""
    assert seen(rest_api.call("/id")) == UNAUTHORIZED
    for token in ("nonsense", changed(tokens["IdToken"])):
        assert seen(rest_api.call("/id", headers=bearer(token))) == UNAUTHORIZED


def test_a_token_of_another_pool_is_unauthorized(rest_api: RestApi, pool: Pool) -> None:
    """https://repost.aws/knowledge-center/api-gateway-cognito-401-unauthorized"""
    other = Pool(pool.account)
    other.user()
    assert seen(rest_api.call("/id", headers=bearer(other.tokens()["IdToken"]))) == UNAUTHORIZED


def test_a_proxy_gets_the_claims(pool: Pool, tokens: dict[str, str], module_functions: Any) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-enable-cognito-user-pool.html"""
    show = (
        "import json\ndef handler(event, context): return {'body': json.dumps(event['requestContext']['authorizer'])}"
    )
    name = module_functions.deploy(show)
    api = RestApi(pool.account)
    allow_gateway(pool.account, name, f"{api.arn}/*")
    authorizer = api.client.create_authorizer(
        restApiId=api.id,
        name="people",
        type="COGNITO_USER_POOLS",
        providerARNs=[pool.pool["Arn"]],
        identitySource="method.request.header.Authorization",
    )["id"]
    api.function("/", name, authorizationType="COGNITO_USER_POOLS", authorizerId=authorizer)
    api.deploy()
    shown = api.call(headers=bearer(tokens["IdToken"])).json()["claims"]
    assert (shown["cognito:username"], shown["token_use"], shown["email"]) == ("ana", "id", "ana@example.com")
    assert all(isinstance(value, str) for value in shown.values())


def jwt_authorizer(api: HttpApi, issuer: str, audience: str) -> str:
    """Add a JWT authorizer and return its id."""
    return api.client.create_authorizer(
        ApiId=api.id,
        Name="tokens",
        AuthorizerType="JWT",
        IdentitySource=["$request.header.Authorization"],
        JwtConfiguration={"Issuer": issuer, "Audience": [audience]},
    )["AuthorizerId"]


@pytest.fixture(scope="module")
def http_api(pool: Pool, module_functions: Any) -> HttpApi:
    """An HTTP API with JWT authorizers: one for the pool, one for another audience."""
    api = HttpApi(pool.account)
    show = api.function(module_functions.deploy(SHOW))
    issuer = f"https://cognito-idp.us-east-1.amazonaws.com/{pool.id}"
    people, others = jwt_authorizer(api, issuer, pool.client_id), jwt_authorizer(api, issuer, "another")
    asks = {"AuthorizationType": "JWT", "AuthorizerId": people}
    api.route("GET /any", show, **asks)
    api.route("GET /scope", show, AuthorizationScopes=["aws.cognito.signin.user.admin"], **asks)
    api.route("GET /other", show, AuthorizationScopes=["shop/write"], **asks)
    api.route("GET /audience", show, AuthorizationType="JWT", AuthorizerId=others)
    return api


def test_a_token_passes_with_claims_and_scopes(http_api: HttpApi, tokens: dict[str, str]) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-jwt-authorizer.html"""
    shown = http_api.call("/scope", headers=bearer(tokens["AccessToken"])).json()["jwt"]
    assert (shown["claims"]["username"], shown["scopes"]) == ("ana", ["aws.cognito.signin.user.admin"])
    assert all(isinstance(value, str) for value in shown["claims"].values())
    # Identity tokens pass too: their audience is the app client.
    assert http_api.call("/any", headers=bearer(tokens["IdToken"])).status_code == 200


def test_no_token_a_changed_one_or_another_audience(http_api: HttpApi, tokens: dict[str, str]) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-jwt-authorizer.html"""
    without = http_api.call("/any")
    assert seen(without) == UNAUTHORIZED
    assert without.headers["www-authenticate"] == "Bearer"
    for path, token in (("/any", "nonsense"), ("/any", changed(tokens["IdToken"])), ("/audience", tokens["IdToken"])):
        refused = http_api.call(path, headers=bearer(token))
        assert seen(refused) == UNAUTHORIZED
        assert 'error="invalid_token"' in refused.headers["www-authenticate"]


def test_a_missing_scope_is_forbidden(http_api: HttpApi, tokens: dict[str, str]) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-jwt-authorizer.html"""
    refused = http_api.call("/other", headers=bearer(tokens["AccessToken"]))
    assert seen(refused) == FORBIDDEN
    assert 'error="insufficient_scope"' in refused.headers["www-authenticate"]


class Issuer:
    """An OpenID provider on the loopback, whose RSA key is one of KMS."""

    def __init__(self, account: Any) -> None:
        self.kms = account("kms")
        made = self.kms.create_key(KeySpec="RSA_2048", KeyUsage="SIGN_VERIFY")
        self.key = made["KeyMetadata"]["KeyId"]
        # SubjectPublicKeyInfo of a 2048-bit key with exponent 65537: https://www.rfc-editor.org/rfc/rfc8017#appendix-A.1.1
        modulus = self.kms.get_public_key(KeyId=self.key)["PublicKey"][33 : 33 + 256]
        key = {"kty": "RSA", "kid": "one", "alg": "RS256", "use": "sig", "e": "AQAB", "n": self.encoded(modulus)}
        documents: dict[str, Any] = {"/keys": {"keys": [key]}}

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                data = json.dumps(documents.get(self.path, {})).encode()
                self.send_response(200 if self.path in documents else 404)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        documents["/.well-known/openid-configuration"] = {"issuer": self.url, "jwks_uri": f"{self.url}/keys"}
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @staticmethod
    def encoded(data: bytes) -> str:
        """Return base64url without padding."""
        return base64.urlsafe_b64encode(data).decode().rstrip("=")

    def token(self, **more: Any) -> str:
        """Return a signed token."""
        said = {"iss": self.url, "aud": "shop", "sub": "bo", "exp": int(time.time()) + 60, **more}
        parts = [{"alg": "RS256", "kid": "one"}, said]
        text = ".".join(self.encoded(json.dumps(part).encode()) for part in parts)
        algorithm = "RSASSA_PKCS1_V1_5_SHA_256"
        signed = self.kms.sign(KeyId=self.key, Message=text.encode(), SigningAlgorithm=algorithm)
        return f"{text}.{self.encoded(signed['Signature'])}"


@pytest.fixture(scope="module")
def issuer(module_functions: Any) -> Iterator[Issuer]:
    """An OpenID provider."""
    made = Issuer(module_functions.account)
    yield made
    made.server.shutdown()


def test_any_openid_provider_may_be_the_issuer(issuer: Issuer, module_functions: Any) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-jwt-authorizer.html"""
    api = HttpApi(module_functions.account)
    authorizer = jwt_authorizer(api, issuer.url, "shop")
    show = api.function(module_functions.deploy(SHOW))
    api.route("GET /", show, AuthorizationType="JWT", AuthorizerId=authorizer, AuthorizationScopes=["read", "write"])
    now = int(time.time())
    shown = api.call(headers=bearer(issuer.token(scope="read list", groups=["a", "b"]))).json()["jwt"]
    assert (shown["claims"]["sub"], shown["claims"]["groups"]) == ("bo", "[a b]")
    assert api.call(headers=bearer(issuer.token(scp="write"))).status_code == 200
    assert seen(api.call(headers=bearer(issuer.token(scope="list")))) == FORBIDDEN
    for wrong in ({"exp": now - 1}, {"nbf": now + 60}, {"iss": issuer.url + "/x"}, {"aud": "other"}, {"exp": None}):
        assert seen(api.call(headers=bearer(issuer.token(scope="read", **wrong)))) == UNAUTHORIZED, wrong


SIMPLE = """
    calls = 0

    def handler(event, context):
        global calls
        calls += 1
        word = event["identitySource"][0]
        if word == "raise":
            raise ValueError("no")
        if word == "malformed":
            return {"isAuthorized": "true"}
        seen = {name: event.get(name) for name in ("version", "type", "routeArn", "routeKey", "rawPath")}
        return {"isAuthorized": word == "open", "context": {"calls": calls, "list": [1], "seen": seen}}
"""


@pytest.fixture(scope="module")
def lambda_api(module_functions: Any) -> HttpApi:
    """An HTTP API with a Lambda authorizer of simple answers, kept for one path and not for the other."""
    api = HttpApi(module_functions.account)
    name = module_functions.deploy(SIMPLE)
    allow_gateway(api.account, name, f"{api.arn}/authorizers/*")
    show = api.function(module_functions.deploy(SHOW))
    for path, seconds in (("kept", 300), ("fresh", 0)):
        authorizer = api.client.create_authorizer(
            ApiId=api.id,
            Name=path,
            AuthorizerType="REQUEST",
            AuthorizerUri=invocation_uri(api.account.id, name),
            AuthorizerPayloadFormatVersion="2.0",
            EnableSimpleResponses=True,
            AuthorizerResultTtlInSeconds=seconds,
            IdentitySource=["$request.header.X-Word"],
        )["AuthorizerId"]
        api.route(f"GET /{path}", show, AuthorizationType="CUSTOM", AuthorizerId=authorizer)
    return api


def test_a_simple_answer_decides_and_passes_its_context(lambda_api: HttpApi) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-lambda-authorizer.html"""
    shown = lambda_api.call("/fresh", headers={"X-Word": "open"}).json()["lambda"]
    assert shown["list"] == [1]
    assert shown["seen"] == {
        "version": "2.0",
        "type": "REQUEST",
        "routeArn": f"{lambda_api.arn}/$default/GET/fresh",
        "routeKey": "GET /fresh",
        "rawPath": "/fresh",
    }
    assert seen(lambda_api.call("/fresh", headers={"X-Word": "shut"})) == FORBIDDEN
    assert seen(lambda_api.call("/fresh")) == UNAUTHORIZED


@pytest.mark.parametrize("word", ["raise", "malformed"])
def test_a_failing_authorizer_is_an_internal_error(lambda_api: HttpApi, word: str) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-lambda-authorizer.html"""
    assert seen(lambda_api.call("/fresh", headers={"X-Word": word})) == (500, {"message": "Internal Server Error"})


def test_answers_are_kept_by_identity_source(lambda_api: HttpApi) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-lambda-authorizer.html"""

    def calls(path: str) -> int:
        return lambda_api.call(path, headers={"X-Word": "open"}).json()["lambda"]["calls"]

    assert calls("/kept") == calls("/kept")
    assert calls("/fresh") != calls("/fresh")


def test_a_policy_answers_in_format_1(module_functions: Any) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-lambda-authorizer.html"""
    code = """
        def handler(event, context):
            effect = "Allow" if event["authorizationToken"] == "open" else "Deny"
            statement = {"Action": "execute-api:Invoke", "Effect": effect, "Resource": event["methodArn"]}
            document = {"Version": "2012-10-17", "Statement": [statement]}
            return {"principalId": "ann", "policyDocument": document, "context": {"tenant": "blue"}}
    """
    api = HttpApi(module_functions.account)
    name = module_functions.deploy(code)
    allow_gateway(api.account, name, f"{api.arn}/authorizers/*")
    authorizer = api.client.create_authorizer(
        ApiId=api.id,
        Name="policies",
        AuthorizerType="REQUEST",
        AuthorizerUri=invocation_uri(api.account.id, name),
        AuthorizerPayloadFormatVersion="1.0",
        IdentitySource=["$request.header.Authorization"],
    )["AuthorizerId"]
    show = api.function(module_functions.deploy(SHOW))
    api.route("GET /a/{id}", show, AuthorizationType="CUSTOM", AuthorizerId=authorizer)
    shown = api.call("/a/1", headers={"Authorization": "open"}).json()
    assert shown["lambda"]["tenant"] == "blue"
    assert seen(api.call("/a/1", headers={"Authorization": "shut"})) == FORBIDDEN
