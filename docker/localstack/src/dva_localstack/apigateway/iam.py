"""IAM authorization of APIs: who signed a request, and whether their policies allow it.

https://docs.aws.amazon.com/apigateway/latest/developerguide/permissions.html
"""

from collections.abc import Mapping
from typing import Any

from dva_localstack.iam import identities
from dva_localstack.policy import Decision, Policies, Policy, Principal, Request, evaluate
from dva_localstack.sts import callers

from . import signatures
from .policies import INVOKE

ANONYMOUS = Principal("anonymous")

WRONG_SIGNATURE = (
    "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key "
    "and signing method. Consult the service documentation for details."
)


class NotSigned(Exception):
    """The request is not signed."""


class NotValid(Exception):
    """An unknown key, a wrong signature or a wrong session token; the message is AWS's."""


class HasExpired(Exception):
    """The credentials are those of a session that has ended."""


def caller_of(request: Any) -> tuple[callers.Caller, signatures.Signed]:
    """Return who signed a request; the signature of an account's root, which has no secret here, is not checked.

    :raises NotSigned: nobody
    :raises NotValid: not with a key that exists, or not with its secret
    :raises HasExpired: with one that does not hold any more
    """
    signed = signatures.read(request)
    if signed is None:
        raise NotSigned("Missing Authentication Token")
    caller = callers.find(signed.by.access_key)
    if caller is None or not caller.active:
        raise NotValid("The security token included in the request is invalid.")
    if caller.session and signed.token != caller.session.session_token:
        raise NotValid("The security token included in the request is invalid.")
    if caller.session and caller.session.expired:
        raise HasExpired("The security token included in the request is expired")
    if caller.secret_access_key and not signatures.matches(request, signed, caller.secret_access_key):
        raise NotValid(WRONG_SIGNATURE)
    if caller.principal.kind == "role" and identities.find(caller.principal.role_arn) is None:
        # Functions may be given a role that does not exist; nothing says what it may do.
        return callers.root(caller.principal.account), signed
    return caller, signed


def conditions(request: Any) -> dict[str, str]:
    """Return the condition keys that a request brings along."""
    keys = {"aws:SourceIp": request.remote_addr or "127.0.0.1", "aws:SecureTransport": "false"}
    if agent := request.headers.get("User-Agent"):
        keys["aws:UserAgent"] = agent
    if referer := request.headers.get("Referer"):
        keys["aws:Referer"] = referer
    return keys | callers.now_keys()


def decide(
    caller: callers.Caller | None,
    arn: str,
    account: str,
    context: Mapping[str, str],
    resource: Policy | None = None,
    action: str = INVOKE,
) -> Decision:
    """Decide whether a caller may do something with an API.

    :param caller: None for somebody who is not known by IAM: then the API's policy alone decides
    :param arn: of the method or connection
    :param account: the API's
    :param context: condition keys of the request
    :param resource: the API's policy
    """
    if caller is None:
        return evaluate(Request(ANONYMOUS, action, arn, account, context), Policies(resource=resource))
    request = Request(caller.principal, action, arn, account, {**context, **caller.context()})
    return evaluate(request, caller.policies(resource))


def refusal_text(who: str, arn: str, decision: Decision) -> str:
    """Return API Gateway's sentence, which shows the last four digits of the account only."""
    parts = arn.split(":", 5)
    masked = ":".join([*parts[:4], f"********{parts[4][-4:]}", *parts[5:]])
    suffix = " with an explicit deny" if decision.reason == "explicit-deny" else ""
    return f"User: {who} is not authorized to perform: {INVOKE} on resource: {masked}{suffix}"
