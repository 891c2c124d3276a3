"""LocalStack's STS, with sessions that AWS would give, and the rest refused.

LocalStack 4.14.0 lets anybody assume any role, also one that does not exist, for any time, with any token and any
code, and gives the same credentials to whoever asks for a session token.
"""

from collections.abc import Sequence

from localstack.aws.accounts import get_account_id_from_access_key_id
from localstack.aws.api import CommonServiceException, RequestContext, ServiceRequest, handler
from localstack.aws.api.sts import (
    AssumeRoleRequest,
    AssumeRoleResponse,
    AssumeRoleWithWebIdentityRequest,
    AssumeRoleWithWebIdentityResponse,
    DecodeAuthorizationMessageResponse,
    FederatedUser,
    GetAccessKeyInfoResponse,
    GetCallerIdentityResponse,
    GetFederationTokenRequest,
    GetFederationTokenResponse,
    GetSessionTokenResponse,
    InvalidAuthorizationMessageException,
)
from localstack.services.moto import MotoFallbackDispatcher
from localstack.services.plugins import Service
from localstack.services.sts.provider import ROLE_ARN_REGEX, StsProvider
from localstack.utils.aws.request_context import extract_access_key_id_from_auth_header
from moto.iam.models import Role

from dva_localstack.enforcement import switch
from dva_localstack.policy import Principal
from dva_localstack.sts import callers, limits, messages, mfa, trust
from dva_localstack.sts.callers import Caller
from dva_localstack.sts.issue import Grant, credentials, issue, role_session


class CourseStsProvider(StsProvider):
    """Judges who may have a session, and remembers the sessions."""

    @handler("GetCallerIdentity")
    def get_caller_identity(self, context: RequestContext, **kwargs: object) -> GetCallerIdentityResponse:
        """Tell who asks; needs no permission."""
        caller = caller_of(context)
        principal = caller.principal
        return GetCallerIdentityResponse(UserId=caller.user_id, Account=principal.account, Arn=principal.arn)

    @handler("GetAccessKeyInfo")
    def get_access_key_info(
        self, context: RequestContext, access_key_id: str, **kwargs: object
    ) -> GetAccessKeyInfoResponse:
        """Tell to which account an access key belongs."""
        return GetAccessKeyInfoResponse(Account=get_account_id_from_access_key_id(access_key_id))

    @handler("DecodeAuthorizationMessage")
    def decode_authorization_message(
        self, context: RequestContext, encoded_message: str, **kwargs: object
    ) -> DecodeAuthorizationMessageResponse:
        """Tell why a call was refused that was answered with an encoded message."""
        decoded = messages.decode(encoded_message, context.account_id)
        if decoded is None:
            raise InvalidAuthorizationMessageException("Message is not valid")
        return DecodeAuthorizationMessageResponse(DecodedMessage=decoded)

    @handler("AssumeRole", expand=False)
    def assume_role(self, context: RequestContext, request: AssumeRoleRequest) -> AssumeRoleResponse:
        """Give a session of a role whose trust policy allows the caller."""
        arn, name = request["RoleArn"], request["RoleSessionName"]
        check_role_arn(arn)
        limits.check_name("roleSessionName", name, 2, 64)
        role = trust.role_with_arn(arn)
        caller = caller_of(context)
        earlier = caller.session
        transitive = earlier.transitive if earlier else frozenset()
        tags = limits.check_tags(request.get("Tags") or [], request.get("TransitiveTagKeys") or [], transitive)
        inherited = {key: value for key, value in earlier.tags.items() if key.lower() in transitive} if earlier else {}
        source_identity = request.get("SourceIdentity") or (earlier.source_identity if earlier else "")
        if request.get("SourceIdentity"):
            limits.check_name("sourceIdentity", source_identity, 2, 64)
        with_mfa = mfa.check(caller.principal, request.get("SerialNumber"), request.get("TokenCode"))
        keys: dict[str, str | Sequence[str]] = {**request_keys(context), "sts:RoleSessionName": name}
        if request.get("ExternalId"):
            keys["sts:ExternalId"] = request["ExternalId"]
        if source_identity:
            keys["sts:SourceIdentity"] = source_identity
        keys |= tag_keys(tags, request.get("TransitiveTagKeys") or [])
        if with_mfa:
            keys |= {"aws:MultiFactorAuthPresent": "true", "aws:MultiFactorAuthAge": "0"}
        actions = ["sts:AssumeRole"]
        actions += ["sts:TagSession"] if tags or inherited else []
        actions += ["sts:SetSourceIdentity"] if source_identity else []
        check_trust(context, role, arn, actions, caller, keys)
        if earlier and earlier.source_identity and source_identity != earlier.source_identity:
            raise trust.refusal(caller.principal, "sts:SetSourceIdentity", arn)
        # What a service asks for itself is not bound by the role's maximum: Lambda keeps a session for half a day.
        bound = role is not None and caller.principal.kind != "service"
        most = int(role.max_session_duration or limits.HOUR) if role and bound else limits.MOST_SECONDS_OF_ROLE
        arns = [each["arn"] for each in request.get("PolicyArns") or []]
        grant = Grant(
            limits.role_seconds(request.get("DurationSeconds"), most, chained=earlier is not None),
            limits.session_policies(request.get("Policy"), arns, arn.split(":")[4]),
            inherited | tags,
            frozenset(transitive | {key.lower() for key in request.get("TransitiveTagKeys") or []}),
            source_identity,
            with_mfa,
        )
        session = role_session(arn, role, name, grant)
        response = AssumeRoleResponse(
            Credentials=credentials(session),
            AssumedRoleUser={"AssumedRoleId": session.user_id, "Arn": session.arn},
        )
        if packed := limits.packed_percentage(request.get("Policy"), arns, tags):
            response["PackedPolicySize"] = packed
        if source_identity:
            response["SourceIdentity"] = source_identity
        return response

    @handler("AssumeRoleWithWebIdentity", expand=False)
    def assume_role_with_web_identity(
        self, context: RequestContext, request: AssumeRoleWithWebIdentityRequest
    ) -> AssumeRoleWithWebIdentityResponse:
        """Give a session of a role to whom a provider vouches for; the request needs no signature."""
        from dva_localstack.sts.web_identity import identify

        arn, name = request["RoleArn"], request["RoleSessionName"]
        check_role_arn(arn)
        limits.check_name("roleSessionName", name, 2, 64)
        account = arn.split(":")[4]
        role = trust.role_with_arn(arn)
        identity = identify(request["WebIdentityToken"], account)
        keys: dict[str, str | Sequence[str]] = {
            **request_keys(context),
            **identity.keys,
            **tag_keys(identity.tags, identity.transitive),
            "sts:RoleSessionName": name,
        }
        if identity.source_identity:
            keys["sts:SourceIdentity"] = identity.source_identity
        actions = ["sts:AssumeRoleWithWebIdentity"]
        actions += ["sts:TagSession"] if identity.tags else []
        actions += ["sts:SetSourceIdentity"] if identity.source_identity else []
        trust.require_web(role, actions, identity.provider, keys)
        assert role
        arns = [each["arn"] for each in request.get("PolicyArns") or []]
        grant = Grant(
            limits.role_seconds(request.get("DurationSeconds"), int(role.max_session_duration or limits.HOUR), False),
            limits.session_policies(request.get("Policy"), arns, account),
            identity.tags,
            frozenset(key.lower() for key in identity.transitive),
            identity.source_identity,
            provider=identity.provider,
            claims={key: value for key, value in identity.keys.items() if isinstance(value, str)},
        )
        session = role_session(arn, role, name, grant)
        response = AssumeRoleWithWebIdentityResponse(
            Credentials=credentials(session),
            AssumedRoleUser={"AssumedRoleId": session.user_id, "Arn": session.arn},
            SubjectFromWebIdentityToken=identity.subject,
            Provider=identity.provider,
            Audience=identity.audience,
        )
        if packed := limits.packed_percentage(request.get("Policy"), arns, identity.tags):
            response["PackedPolicySize"] = packed
        if identity.source_identity:
            response["SourceIdentity"] = identity.source_identity
        return response

    @handler("GetSessionToken", expand=False)
    def get_session_token(self, context: RequestContext, request: ServiceRequest) -> GetSessionTokenResponse:
        """Give temporary credentials that stand for the user, or the root, itself."""
        caller = without_session(context, "GetSessionToken")
        seconds = user_seconds(request.get("DurationSeconds"), caller)
        with_mfa = mfa.check(caller.principal, request.get("SerialNumber"), request.get("TokenCode"))
        principal = caller.principal
        session = issue(
            principal.kind,
            principal.account,
            principal.arn,
            principal.arn,
            caller.user_id,
            Grant(seconds, mfa=with_mfa),
        )
        return GetSessionTokenResponse(Credentials=credentials(session))

    @handler("GetFederationToken", expand=False)
    def get_federation_token(
        self, context: RequestContext, request: GetFederationTokenRequest
    ) -> GetFederationTokenResponse:
        """Give temporary credentials that may do what both the user and the session policies allow."""
        limits.check_name("name", request["Name"], 2, 32)
        caller = without_session(context, "GetFederationToken")
        seconds = user_seconds(request.get("DurationSeconds"), caller)
        principal = caller.principal
        tags = limits.check_tags(request.get("Tags") or [], [], frozenset())
        arns = [each["arn"] for each in request.get("PolicyArns") or []]
        grant = Grant(seconds, limits.session_policies(request.get("Policy"), arns, principal.account), tags)
        user_id = f"{principal.account}:{request['Name']}"
        arn = f"arn:aws:sts::{principal.account}:federated-user/{request['Name']}"
        session = issue("federated", principal.account, arn, principal.arn, user_id, grant)
        response = GetFederationTokenResponse(
            Credentials=credentials(session), FederatedUser=FederatedUser(FederatedUserId=user_id, Arn=arn)
        )
        if packed := limits.packed_percentage(request.get("Policy"), arns, tags):
            response["PackedPolicySize"] = packed
        return response


def caller_of(context: RequestContext) -> Caller:
    """Return who calls; a key that is nobody's counts as the root of its account, where keys are not checked."""
    parameters = context.internal_request_params or {}
    if service := parameters.get("service_principal"):
        return Caller(Principal("service", service=f"{service}.amazonaws.com"), service)
    access_key_id = extract_access_key_id_from_auth_header(context.request.headers) or ""
    return callers.find(access_key_id) or callers.root(context.account_id)


def request_keys(context: RequestContext) -> dict[str, str]:
    """Return the condition keys that tell of the request itself."""
    return {
        "aws:SourceIp": context.request.remote_addr or "127.0.0.1",
        "aws:SecureTransport": "true" if context.request.scheme == "https" else "false",
        "aws:RequestedRegion": context.region,
        "aws:UserAgent": context.request.headers.get("User-Agent", ""),
    }


def tag_keys(tags: dict[str, str], transitive: Sequence[str]) -> dict[str, str | Sequence[str]]:
    """Return the condition keys that tell of the session tags asked for."""
    keys: dict[str, str | Sequence[str]] = {f"aws:RequestTag/{key}": value for key, value in tags.items()}
    if tags:
        keys["aws:TagKeys"] = list(tags)
    if transitive:
        keys["sts:TransitiveTagKeys"] = list(transitive)
    return keys


def check_role_arn(arn: str) -> None:
    """Refuse what is no ARN of a role."""
    if not ROLE_ARN_REGEX.match(arn) or not arn.split(":", 5)[5].startswith("role/"):
        raise limits.invalid(f"{arn} is invalid")


def check_trust(
    context: RequestContext,
    role: Role | None,
    arn: str,
    actions: list[str],
    caller: Caller,
    keys: dict[str, str | Sequence[str]],
) -> None:
    """Refuse a caller whom a role does not trust, and a role that does not exist.

    Where IAM is not enforced, services of the emulator pass for a role that does not exist.
    """
    if role is None:
        if context.is_internal_call and not switch.enabled():
            return
        raise trust.refusal(caller.principal, actions[0], arn)
    if context.is_internal_call and caller.principal.kind != "service":
        return
    for action in actions:
        trust.require(role, action, caller, keys)


def without_session(context: RequestContext, operation: str) -> Caller:
    """Return the caller of an operation that temporary credentials may not call."""
    caller = caller_of(context)
    if caller.session:
        raise CommonServiceException("AccessDenied", f"Cannot call {operation} with session credentials", 403, True)
    return caller


def user_seconds(asked: int | None, caller: Caller) -> int:
    """Return for how many seconds a user's session lasts: 12 hours unless asked otherwise, an hour for the root."""
    seconds = 12 * limits.HOUR if asked is None else asked
    limits.check_duration(seconds, limits.MOST_SECONDS_OF_USER)
    return min(seconds, limits.HOUR) if caller.principal.kind == "root" else seconds


def create_service() -> Service:
    """Return the service of the course."""
    return Service.for_provider(CourseStsProvider(), dispatch_table_factory=MotoFallbackDispatcher)
