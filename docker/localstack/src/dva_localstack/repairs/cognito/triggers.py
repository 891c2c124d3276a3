"""Lambda triggers, which run in the emulator's Lambda.

Faults: MiniStack asks a Lambda of its own, which has no functions; it runs four of the triggers, and lets a failing
trigger before token generation pass.
"""

import json
import os
import urllib.error
import urllib.request
from typing import Any

from ministack.services import cognito

from dva_localstack.repairs.cognito.store import Data, Refused, attributes

GATEWAY = os.environ.get("DVA_GATEWAY_URL", "")
KEY = os.environ.get("DVA_GATEWAY_KEY", "")
"""Where functions are invoked, and the secret by which the gateway knows that this process asks."""

SECONDS = 30
"""How long a function may take. AWS gives it 5 seconds and tries three times: https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-working-with-lambda-triggers.html"""


def configured(pool: Data, name: str) -> str | None:
    """Return the ARN of the function of a trigger, or None."""
    return (pool.get("LambdaConfig") or {}).get(name)


def call(
    pool: Data,
    name: str,
    source: str,
    client_id: str | None,
    username: str,
    request: Data,
    response: Data,
    version: str = "1",
    arn: str | None = None,
) -> Data | None:
    """Run the trigger ``name`` of a pool and return its ``response``; None where the pool has none.

    https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-working-with-lambda-triggers.html

    :param source: why it runs, for example ``PreSignUp_SignUp``
    :raises Refused: ``UserLambdaValidationException`` (it raised), ``UnexpectedLambdaException`` (it may not be or
        could not be invoked), ``InvalidLambdaResponseException`` (it did not return the event)
    """
    arn = arn or configured(pool, name)
    if not arn:
        return None
    event = {
        "version": version,
        "triggerSource": source,
        "region": cognito._pool_region(pool["Id"]),
        "userPoolId": pool["Id"],
        "userName": username,
        "callerContext": {"awsSdkVersion": "aws-sdk-unknown-unknown", "clientId": client_id or ""},
        "request": request,
        "response": response,
    }
    outcome = invoke(arn, pool["Arn"], event)
    if "refused" in outcome:
        raise Refused("UnexpectedLambdaException", f"{name} invocation failed due to error {outcome['refused']}.")
    payload = outcome["payload"]
    if outcome.get("error"):
        message = payload.get("errorMessage") if isinstance(payload, dict) else payload
        raise Refused("UserLambdaValidationException", f"{name} failed with error {message}.")
    if not isinstance(payload, dict) or not isinstance(payload.get("response"), dict):
        raise Refused("InvalidLambdaResponseException", "Unrecognizable lambda output")
    return payload["response"]


def invoke(arn: str, pool_arn: str, event: Data) -> Data:
    """Invoke a function through the gateway.

    :return: ``payload`` and ``error`` (the function's), or ``refused``: the code of Lambda's error
    """
    body = json.dumps({"function": arn, "source": pool_arn, "event": event}).encode()
    request = urllib.request.Request(
        f"{GATEWAY}/_dva/cognito/trigger", body, {"Content-Type": "application/json", "X-Dva-Key": KEY}
    )
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with direct.open(request, timeout=SECONDS) as answer:
            return json.load(answer)
    except (urllib.error.URLError, TimeoutError) as error:
        return {"refused": type(error).__name__}


def user_request(user: Data, metadata: Data | None = None, **more: Any) -> Data:
    """Return the part of an event that every trigger about a known user has."""
    values = {"cognito:user_status": user.get("UserStatus", ""), **attributes(user)}
    return {"userAttributes": values, **more, **({"clientMetadata": metadata} if metadata else {})}


def before_authentication(pool: Data, client_id: str, user: Data, data: Data, unknown: bool = False) -> None:
    """Run the pre authentication trigger.

    https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-lambda-pre-authentication.html

    :param unknown: whether there is no such user, which the app client does not tell
    """
    request = user_request(user, None, validationData=data.get("ClientMetadata") or {}, userNotFound=unknown)
    call(pool, "PreAuthentication", "PreAuthentication_Authentication", client_id, user["Username"], request, {})


def after_authentication(pool: Data, client_id: str, user: Data, metadata: Data | None) -> None:
    """Run the post authentication trigger.

    https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-lambda-post-authentication.html
    """
    request = user_request(user, metadata, newDeviceUsed=False)
    call(pool, "PostAuthentication", "PostAuthentication_Authentication", client_id, user["Username"], request, {})


def before_tokens(
    pool: Data,
    client: Data,
    user: Data,
    groups: list[Data],
    source: str,
    metadata: Data | None,
    identity: Data,
    access: Data,
) -> None:
    """Let the pre token generation trigger change the claims of both tokens.

    https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-lambda-pre-token-generation.html
    """
    version, arn = pre_token(pool)
    if not arn:
        return
    roles = identity.get("cognito:roles", [])
    request = user_request(user, metadata)
    request["groupConfiguration"] = {
        "groupsToOverride": [group["GroupName"] for group in groups],
        "iamRolesToOverride": roles,
        "preferredRole": identity.get("cognito:preferred_role"),
    }
    details = "claimsOverrideDetails" if version == "1" else "claimsAndScopeOverrideDetails"
    if version != "1":
        request["scopes"] = access["scope"].split()
    response = call(
        pool, "PreTokenGeneration", source, client["ClientId"], user["Username"], request, {details: None}, version, arn
    )
    override = (response or {}).get(details) or {}
    if version == "1":
        change_claims(identity, override)
    else:
        change_claims(identity, override.get("idTokenGeneration") or {})
        change_claims(access, override.get("accessTokenGeneration") or {})
    change_groups(override.get("groupOverrideDetails"), identity, access)


def pre_token(pool: Data) -> tuple[str, str | None]:
    """Return the version of a pool's pre token generation trigger (``"1"`` to ``"3"``) and its function."""
    config = pool.get("LambdaConfig") or {}
    newer = config.get("PreTokenGenerationConfig") or {}
    if newer.get("LambdaArn"):
        return newer.get("LambdaVersion", "V2_0")[1], newer["LambdaArn"]
    return "1", config.get("PreTokenGeneration")


PROTECTED = {
    "acr",
    "amr",
    "at_hash",
    "auth_time",
    "azp",
    "exp",
    "iat",
    "iss",
    "jti",
    "nbf",
    "nonce",
    "origin_jti",
    "sub",
    "token_use",
    "identities",
    "cognito:username",
    "username",
    "client_id",
    "event_id",
    "device_key",
    "version",
}
"""Claims that a trigger cannot change, from the same page; ``aud`` of an ID token is one more."""


def change_claims(claims: Data, override: Data) -> None:
    """Apply what a trigger adds, replaces and suppresses to the claims of one token."""
    fixed = PROTECTED | ({"aud"} if claims["token_use"] == "id" else set())
    for name, value in (override.get("claimsToAddOrOverride") or {}).items():
        if name not in fixed:
            claims[name] = value
    for name in override.get("claimsToSuppress") or []:
        if name not in fixed:
            claims.pop(name, None)
    if claims["token_use"] == "access":
        kept = [item for item in claims["scope"].split() if item not in (override.get("scopesToSuppress") or [])]
        claims["scope"] = " ".join(dict.fromkeys([*kept, *(override.get("scopesToAdd") or [])]))


def change_groups(override: Data | None, identity: Data, access: Data) -> None:
    """Apply what a trigger says about groups and roles; what it leaves out is dropped, as documented."""
    if override is None:
        return
    values = {
        "cognito:groups": override.get("groupsToOverride"),
        "cognito:roles": override.get("iamRolesToOverride"),
        "cognito:preferred_role": override.get("preferredRole"),
    }
    for name, value in values.items():
        for claims in (identity, access) if name == "cognito:groups" else (identity,):
            claims.pop(name, None)
            if value:
                claims[name] = value


def before_machine_token(pool: Data, client: Data, metadata: Data, claims: Data) -> None:
    """Let a version 3 trigger change the token of a client that signs in for itself."""
    version, arn = pre_token(pool)
    if version != "3" or not arn:
        return
    request = {
        "userAttributes": {},
        "groupConfiguration": {"groupsToOverride": [], "iamRolesToOverride": [], "preferredRole": None},
        "scopes": claims["scope"].split(),
        **({"clientMetadata": metadata} if metadata else {}),
    }
    response = call(
        pool, "PreTokenGeneration", "TokenGeneration_ClientCredentials", client["ClientId"], "ClientCredentials",
        request, {"claimsAndScopeOverrideDetails": None}, "3", arn,
    )  # fmt: skip
    override = (response or {}).get("claimsAndScopeOverrideDetails") or {}
    change_claims(claims, override.get("accessTokenGeneration") or {})
