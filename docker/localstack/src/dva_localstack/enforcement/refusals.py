"""Refusals in the words, codes and statuses of AWS, which differ by protocol and service.

https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html
https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html#ErrorCodeList
"""

from localstack.aws.api import CommonServiceException, RequestContext

from dva_localstack.policy import Decision
from dva_localstack.sts import messages

from .callers import Caller
from .needs.call import Need

FORBIDDEN, BAD_REQUEST, UNAUTHORIZED = 403, 400, 401


class AccessDeniedException(CommonServiceException):
    """The name of the error in JSON, also where ``code`` is the older one of the query protocol."""


class KmsAccessDenied(CommonServiceException):
    """See :class:`AccessDeniedException`; SQS's own."""


class UnrecognizedClientException(CommonServiceException):
    """See :class:`AccessDeniedException`."""


class InvalidSignatureException(CommonServiceException):
    """See :class:`AccessDeniedException`."""


class ExpiredTokenException(CommonServiceException):
    """See :class:`AccessDeniedException`."""


class MissingAuthenticationTokenException(CommonServiceException):
    """See :class:`AccessDeniedException`."""


def made(
    kind: type[CommonServiceException], query_code: str, message: str, context: RequestContext
) -> CommonServiceException:
    """Return an error with the code and status that the call's protocol uses.

    :param query_code: the code in the query and XML protocols, and of services that were once on them
    """
    service = context.service
    assert service is not None
    json = context.protocol in ("json", "rest-json", "smithy-rpc-v2-cbor")
    code = kind.__name__ if json and not service.is_query_compatible else query_code
    status = BAD_REQUEST if context.protocol == "json" and not service.is_query_compatible else FORBIDDEN
    return kind(code, message, status, sender_fault=True)


def service_of(context: RequestContext) -> str:
    """Return botocore's name of the service that is called."""
    return context.service.service_name if context.service else ""


def denied(
    context: RequestContext, caller: Caller, need: Need, decision: Decision, owner: str
) -> CommonServiceException:
    """Return the refusal of a need."""
    service = service_of(context)
    message = sentence(caller, need, decision, service)
    if need.action.startswith("kms:") and service != "kms":
        return no_key(context, message)
    if service == "s3":
        outside = caller.principal.account != owner
        return CommonServiceException("AccessDenied", "Access Denied" if outside else message, FORBIDDEN, True)
    if service == "ec2":
        text = f"You are not authorized to perform this operation. {message}"
        return CommonServiceException("UnauthorizedOperation", text + encoded(caller, need, decision), FORBIDDEN, True)
    if service == "sns":
        return CommonServiceException("AuthorizationError", message, FORBIDDEN, True)
    return made(AccessDeniedException, "AccessDenied", message, context)


def no_key(context: RequestContext, message: str) -> CommonServiceException:
    """Return the refusal of a service whose caller may not use the KMS key that it needs.

    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html#API_SendMessage_Errors
    https://docs.aws.amazon.com/sns/latest/api/API_Publish.html#API_Publish_Errors
    https://docs.aws.amazon.com/secretsmanager/latest/userguide/troubleshoot.html
    """
    match service_of(context):
        case "s3":
            return CommonServiceException("AccessDenied", message, FORBIDDEN, True)
        case "sqs":
            return KmsAccessDenied("KMS.AccessDeniedException", message, BAD_REQUEST, True)
        case "sns":
            return CommonServiceException("KMSAccessDenied", message, BAD_REQUEST, True)
        case "secretsmanager":
            return made(AccessDeniedException, "AccessDenied", "Access to KMS is not allowed", context)
    return made(AccessDeniedException, "AccessDenied", message, context)


def encoded(caller: Caller, need: Need, decision: Decision) -> str:
    """Return what EC2 adds to a refusal: the details, which DecodeAuthorizationMessage opens; nothing for Describe.

    https://docs.aws.amazon.com/STS/latest/APIReference/API_DecodeAuthorizationMessage.html
    """
    if need.action.startswith("ec2:Describe"):
        return ""
    user_id = str(caller.context.get("aws:userid", ""))
    keys = {**caller.context, **need.context}
    message = messages.encode(caller.principal, user_id, need.action, need.resource, decision, keys)
    return f". Encoded authorization failure message: {message}"


def sentence(caller: Caller, need: Need, decision: Decision, service: str = "") -> str:
    """Return AWS's sentence: who may not do what on what, and which kind of policy is to blame."""
    quoted = service == "s3" and not need.action.startswith("kms:")
    resource = f'"{need.resource}"' if quoted else need.resource
    action = need.action.lower() if need.action.startswith("sqs:") else need.action
    kind = {"session": "session", "permissions boundary": "permissions boundary"}.get(
        decision.policy_type, decision.policy_type or "identity-based"
    )
    noun = kind if kind == "permissions boundary" else f"{kind} policy"
    if decision.reason == "explicit-deny":
        article = "an" if noun[0] in "aeiou" else "a"
        because = f"with an explicit deny in {article} {noun}"
    else:
        because = f"because no {noun} allows the {action} action"
    where = "" if need.action == "s3:ListAllMyBuckets" else f" on resource: {resource}"
    return f"User: {caller.name} is not authorized to perform: {action}{where} {because}"


def unknown_key(context: RequestContext) -> CommonServiceException:
    """Return the refusal of an access key that nobody has."""
    if service_of(context) == "s3":
        message = "The AWS Access Key Id you provided does not exist in our records."
        return CommonServiceException("InvalidAccessKeyId", message, FORBIDDEN, True)
    return unusable(context)


def wrong_token(context: RequestContext) -> CommonServiceException:
    """Return the refusal of temporary credentials without their session token."""
    if service_of(context) == "s3":
        message = "The provided token is malformed or otherwise invalid."
        return CommonServiceException("InvalidToken", message, BAD_REQUEST, True)
    return unusable(context)


def unusable(context: RequestContext) -> CommonServiceException:
    """Return the refusal of credentials that are good for nothing here."""
    if service_of(context) == "ec2":
        message = "AWS was not able to validate the provided access credentials"
        return CommonServiceException("AuthFailure", message, UNAUTHORIZED, True)
    message = "The security token included in the request is invalid."
    return made(UnrecognizedClientException, "InvalidClientTokenId", message, context)


def expired(context: RequestContext) -> CommonServiceException:
    """Return the refusal of a session that has ended."""
    if service_of(context) == "s3":
        return CommonServiceException("ExpiredToken", "The provided token has expired.", BAD_REQUEST, True)
    message = "The security token included in the request is expired"
    return made(ExpiredTokenException, "ExpiredToken", message, context)


def wrong_signature(context: RequestContext) -> CommonServiceException:
    """Return the refusal of a request that was not signed with the key's secret."""
    begin = "The request signature we calculated does not match the signature you provided."
    if service_of(context) == "s3":
        message = f"{begin} Check your key and signing method."
        return CommonServiceException("SignatureDoesNotMatch", message, FORBIDDEN, True)
    message = (
        f"{begin} Check your AWS Secret Access Key and signing method. Consult the service documentation for details."
    )
    return made(InvalidSignatureException, "SignatureDoesNotMatch", message, context)


def unsigned(context: RequestContext) -> CommonServiceException:
    """Return the refusal of a request that is not signed at all, from a service that has no anonymous callers."""
    query = context.protocol in ("query", "ec2", "rest-xml")
    message = "Request is missing Authentication Token" if query else "Missing Authentication Token"
    return made(MissingAuthenticationTokenException, "MissingAuthenticationToken", message, context)
