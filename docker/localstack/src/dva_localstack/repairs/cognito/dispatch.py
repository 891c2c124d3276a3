"""How an operation is run: what is checked before it, and how a refusal becomes an answer.

Fault: MiniStack checks secret hashes, flows, access tokens and codes only when it enforces IAM as well.
"""

from collections.abc import Callable
from typing import Any

from ministack.core.concurrency import run_reentrant
from ministack.services import cognito

from dva_localstack.repairs.cognito import scope
from dva_localstack.repairs.cognito.store import Answer, Data, Refused, answered, client_of, pool_of

OPERATIONS: dict[str, Callable[[Data], Data]] = {}
"""Operations that are answered here and not by MiniStack: names to functions of the request."""

IDENTITY_OPERATIONS: dict[str, Callable[[Data], Data]] = {}
"""The same for identity pools."""

BEFORE: list[Callable[[str, Data], None]] = []
"""Called with the operation's name and its request before it runs; may raise :class:`Refused`."""

PUBLIC = cognito._UNSIGNED_IDP_ACTIONS | {
    "DeleteUserAttributes",
    "GetUserAttributeVerificationCode",
    "GetUserAuthFactors",
    "VerifyUserAttribute",
}
"""Operations without a signature: https://docs.aws.amazon.com/cognito/latest/developerguide/authentication-flows-public-server-side.html"""


CLIENT_OPERATIONS = (
    "DescribeUserPoolClient",
    "DeleteUserPoolClient",
    "UpdateUserPoolClient",
    "GetTokensFromRefreshToken",
)


def operation(name: str) -> Callable[[Callable[[Data], Data]], Callable[[Data], Data]]:
    """Have the decorated function answer an operation of user pools."""

    def register(function: Callable[[Data], Data]) -> Callable[[Data], Data]:
        OPERATIONS[name] = function
        return function

    return register


def identity_operation(name: str) -> Callable[[Callable[[Data], Data]], Callable[[Data], Data]]:
    """Have the decorated function answer an operation of identity pools."""

    def register(function: Callable[[Data], Data]) -> Callable[[Data], Data]:
        IDENTITY_OPERATIONS[name] = function
        return function

    return register


def run_identity(handler: Callable[[Data], Answer], action: str, data: Data) -> Answer:
    """Run one operation of identity pools in MiniStack's worker thread."""
    try:
        if action in cognito._UNSIGNED_IDENTITY_ACTIONS:
            scope.pin(data)
        check_token(action, data)
        if pool_id := data.get("IdentityPoolId"):
            check_identity_pool(pool_id)
        known = IDENTITY_OPERATIONS.get(action)
        return answered(known(data)) if known else handler(data)
    except Refused as refusal:
        return refusal.answer()


def check_token(action: str, data: Data) -> None:
    """Refuse a token of a next page that no list gave."""
    for name in ("NextToken", "PaginationToken"):
        if data.get(name) and not str(data[name]).isdecimal() and action != "AdminListUserAuthEvents":
            raise Refused("InvalidParameterException", "Invalid pagination token.")


def check_identity_pool(pool_id: str) -> None:
    """Refuse an identity pool that does not exist, with AWS's words."""
    if pool_id not in cognito._identity_pools:
        raise Refused("ResourceNotFoundException", f"IdentityPool '{pool_id}' not found.")


def run(handler: Callable[[Data], Answer], action: str, data: Data) -> Answer:
    """Run one operation of user pools in MiniStack's worker thread."""
    try:
        if action in PUBLIC:
            scope.pin(data)
        check_token(action, data)
        check(action, data)
        for before in BEFORE:
            before(action, data)
        return answered(OPERATIONS[action](data)) if action in OPERATIONS else handler(data)
    except Refused as refusal:
        return refusal.answer()


def check(action: str, data: Data) -> None:
    """Refuse an unknown pool or client, a wrong secret hash, and an access token that is not valid.

    :raises Refused: the error that AWS documents
    """
    if action in cognito._SECRET_HASH_PARAMETERS or action in CLIENT_OPERATIONS:
        client_of(data, pool_of(data))
    for error in (cognito._validate_client_secret_hash(action, data), cognito._access_token_error(data)):
        if error:
            body = cognito.json.loads(error[2])
            raise Refused(body["__type"], body["message"])


def apply() -> None:
    """Run every operation through :func:`run` or :func:`run_identity`."""
    dispatch, dispatch_pools = cognito._dispatch_idp, cognito._dispatch_identity

    async def dispatch_idp(action: str, data: Data) -> Any:
        if action in OPERATIONS:
            return await run_reentrant(run, None, action, data, thread_name="ministack-cognito-trigger")
        return await dispatch(action, data)

    async def dispatch_identity(action: str, data: Data) -> Any:
        if action in IDENTITY_OPERATIONS:
            return await run_reentrant(run_identity, None, action, data, thread_name="ministack-cognito-trigger")
        return await dispatch_pools(action, data)

    cognito._run_idp_handler = run
    cognito._run_identity_handler = run_identity
    cognito._dispatch_identity = dispatch_identity
    cognito._dispatch_idp = dispatch_idp
