"""Who may call a method of a REST API: LocalStack's chain asks nobody.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-authorization-flow.html
"""

import json
from typing import Any

from localstack.aws.api.apigateway import GatewayResponseType
from localstack.http import Response
from localstack.services.apigateway.next_gen.execute_api.context import RestApiInvocationContext
from localstack.services.apigateway.next_gen.execute_api.gateway_response import (
    AccessDeniedError,
    AuthorizerConfigurationError,
    BaseGatewayException,
    ExpiredTokenError,
    InvalidSignatureError,
    MissingAuthTokenError,
)

from dva_localstack.policy import Decision, Policy

from .. import iam
from ..domains import MARK
from ..policies import whole
from . import cognito_authorizer, lambda_authorizer
from .arns import api_arn, method_arn


def authorize(chain: Any, context: RestApiInvocationContext, response: Response) -> None:
    """A handler of the chain: judge a request by its method's authorization and the API's policy.

    :raises BaseGatewayException: the request is refused
    """
    method, policy = context.resource_method, resource_policy(context)
    match method.get("authorizationType"):
        case "AWS_IAM":
            _by_iam(context, policy)
        case "CUSTOM":
            if policy and _anonymous(context, policy).reason == "explicit-deny":
                _refuse_anonymous(context, policy)
            lambda_authorizer.authorize(context, _authorizer(context), policy)
        case "COGNITO_USER_POOLS":
            cognito_authorizer.authorize(context, _authorizer(context))
            _refuse_anonymous(context, policy)
        case _:
            _refuse_anonymous(context, policy)


class EndpointDisabled(BaseGatewayException):
    """A call of the default endpoint where the API has none."""

    type = GatewayResponseType.ACCESS_DENIED
    code = "ForbiddenException"


def check_endpoint(chain: Any, context: RestApiInvocationContext, response: Response) -> None:
    """A handler of the chain.

    :raises EndpointDisabled: 403, the API answers under its own domain names only

    https://docs.aws.amazon.com/apigateway/latest/developerguide/rest-api-disable-default-endpoint.html
    """
    disabled = context.deployment.rest_api.rest_api.get("disableExecuteApiEndpoint")
    if disabled and MARK not in context.request.environ:
        raise EndpointDisabled("Forbidden")


def resource_policy(context: RestApiInvocationContext) -> Policy | None:
    """Return the policy of the deployed API, None where it has none."""
    document = context.deployment.rest_api.rest_api.get("policy")
    if not document:
        return None
    if isinstance(document, str):
        try:
            document = json.loads(document)
        except ValueError:
            # LocalStack answers the document as AWS does, with every quote escaped.
            document = json.loads(document.replace('\\"', '"'))
    return Policy("the API's resource policy", whole(document, api_arn(context)))


def _authorizer(context: RestApiInvocationContext) -> Any:
    authorizer = context.deployment.rest_api.authorizers.get(context.resource_method.get("authorizerId"))
    if authorizer is None:
        raise AuthorizerConfigurationError()
    return authorizer


def _anonymous(context: RestApiInvocationContext, policy: Policy) -> Decision:
    keys = iam.conditions(context.request)
    return iam.decide(None, method_arn(context), context.account_id or "", keys, policy)


def _refuse_anonymous(context: RestApiInvocationContext, policy: Policy | None) -> None:
    """Refuse a request that the API's policy does not allow; without a policy everybody may call."""
    if policy and not (decision := _anonymous(context, policy)).allowed:
        raise AccessDeniedError(iam.refusal_text("anonymous", method_arn(context), decision))


def _by_iam(context: RestApiInvocationContext, policy: Policy | None) -> None:
    try:
        caller, signed = iam.caller_of(context.request)
    except iam.NotSigned as error:
        raise MissingAuthTokenError(str(error)) from error
    except iam.NotValid as error:
        raise InvalidSignatureError(str(error)) from error
    except iam.HasExpired as error:
        raise ExpiredTokenError(str(error)) from error
    keys = iam.conditions(context.request)
    decision = iam.decide(caller, method_arn(context), context.account_id or "", keys, policy)
    if not decision.allowed:
        raise AccessDeniedError(iam.refusal_text(caller.principal.arn, method_arn(context), decision))
    context.context_variables["identity"] |= {
        "accessKey": signed.by.access_key,
        "accountId": caller.principal.account,
        "caller": caller.user_id,
        "user": caller.user_id,
        "userArn": caller.principal.arn,
    }


def may_renew_cache(context: RestApiInvocationContext) -> bool:
    """Return whether a client may have a cached answer renewed: it needs ``execute-api:InvalidateCache``.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-caching.html
    """
    try:
        caller, _ = iam.caller_of(context.request)
    except (iam.NotSigned, iam.NotValid, iam.HasExpired):
        return False
    keys, arn, account = iam.conditions(context.request), method_arn(context), context.account_id or ""
    return iam.decide(caller, arn, account, keys, action="execute-api:InvalidateCache").allowed
