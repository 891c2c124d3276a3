"""Who calls: the account's root, a user, a session, a service, or nobody.

https://docs.aws.amazon.com/IAM/latest/UserGuide/intro-structure.html#intro-structure-principal
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from localstack.aws.accounts import get_account_id_from_access_key_id
from localstack.aws.api import RequestContext

from dva_localstack.policy import Policy, Principal
from dva_localstack.sts import callers as sts_callers

from .needs.call import Context

CREDENTIAL = re.compile(r"Credential=([^/,\s]+)/")
SIGNATURE_V2 = re.compile(r"AWS ([^:\s]+):")

DEFAULT_KEY = "test"
"""LocalStack's customary key, the root of account 000000000000: what its tools send where nothing is configured."""

UNSIGNED_KEY = "injectedaccesskey"
"""The key that LocalStack writes into a request without any, so that its parts that expect one work."""

ANONYMOUS = Principal("anonymous")


class UnknownKey(Exception):
    """The access key belongs to nobody, or to nobody any more."""


class WrongToken(Exception):
    """The session token is missing, or is not that of the session."""


class Expired(Exception):
    """The session has ended."""


@dataclass(frozen=True)
class Caller:
    """Who calls, and the policies that come with them."""

    principal: Principal
    identity: tuple[Policy, ...] = ()
    boundary: Policy | None = None
    session: tuple[Policy, ...] = ()
    context: Context = field(default_factory=dict)
    """The condition keys that the caller brings along."""
    secret: str | None = None
    """The secret access key with which the call has to be signed; None where no signature is checked."""
    without_iam: bool = False
    """True for sessions of GetSessionToken without MFA and of GetFederationToken: they cannot call IAM or STS."""

    @property
    def name(self) -> str:
        """How messages of AWS call the caller."""
        return self.principal.service or self.principal.arn or "anonymous"


def key_in(authorization: str, query: Mapping[str, str]) -> str | None:
    """Return the access key that a request was signed with; None if it is not signed.

    :param authorization: the header of that name
    :param query: parameters of the URL, for presigned ones
    """
    found = CREDENTIAL.search(authorization) or SIGNATURE_V2.match(authorization)
    key = found[1] if found else query.get("X-Amz-Credential", "").partition("/")[0] or query.get("AWSAccessKeyId")
    return None if key == UNSIGNED_KEY else key or None


def form_of(context: RequestContext) -> dict[str, str]:
    """Return the fields, in lower case, of a form that a browser sends to S3; none of any other request.

    https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-authentication-HTTPPOST.html
    """
    if context.operation is None or context.operation.name != "PostObject":
        return {}
    return {name.lower(): value for name, value in context.request.form.items()}


def key_of(context: RequestContext) -> str | None:
    """Return the access key of a call, wherever S3 lets it stand; None if it is not signed."""
    fields = form_of(context)
    if fields:
        return fields.get("x-amz-credential", "").partition("/")[0] or fields.get("awsaccesskeyid")
    return key_in(context.request.headers.get("Authorization", ""), context.request.args)


def token_of(context: RequestContext) -> str | None:
    """Return the session token of a call; None if it brings none."""
    name = "X-Amz-Security-Token"
    request = context.request
    return request.headers.get(name) or request.args.get(name) or form_of(context).get(name.lower())


def of_key(key: str | None, token: str | None, fresh: bool = True) -> Caller:
    """Return who an access key belongs to.

    :param key: None of an unsigned request
    :param token: the session token sent along
    :param fresh: False where the emulator itself keeps a session for long, as AWS renews it behind the scenes
    :raises UnknownKey: it belongs to nobody
    :raises WrongToken: a session's key without its token
    :raises Expired: a session that has ended
    """
    if key is None:
        return Caller(ANONYMOUS)
    held = sts_callers.root(get_account_id_from_access_key_id(key)) if key == DEFAULT_KEY else sts_callers.find(key)
    if held is None or not held.active:
        raise UnknownKey(key)
    session = held.session
    if session and token != session.session_token:
        raise WrongToken(key)
    if session and session.expired and fresh:
        raise Expired(key)
    return Caller(
        held.principal,
        held.identity,
        held.boundary,
        session.policies if session else (),
        dict(held.context()),
        held.secret_access_key or None,
        without_iam=session is not None
        and (session.kind == "federated" or (session.kind != "role" and session.mfa_at is None)),
    )


def of_service(name: str, source_arn: str | None, source_account: str | None) -> Caller:
    """Return a service that calls of its own accord, because of one of its resources.

    :param name: such as ``s3``
    :param source_arn: the resource, for ``aws:SourceArn``
    :param source_account: its account, for ``aws:SourceAccount``
    """
    context: Context = {"aws:PrincipalServiceName": f"{name}.amazonaws.com"}
    if source_arn:
        context["aws:SourceArn"] = source_arn
    if source_account:
        context["aws:SourceAccount"] = source_account
    return Caller(Principal("service", service=f"{name}.amazonaws.com"), context=context)
