"""Who may call a method of a REST API: LocalStack's chain asks nobody.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-control-access-to-api.html
"""

from typing import Any

from localstack.http import Response
from localstack.services.apigateway.next_gen.execute_api.context import RestApiInvocationContext
from localstack.services.apigateway.next_gen.execute_api.gateway_response import AuthorizerConfigurationError

from . import lambda_authorizer


def authorize(chain: Any, context: RestApiInvocationContext, response: Response) -> None:
    """A handler of the chain: judge a request by its method's authorization.

    :raises BaseGatewayException: the request is refused
    """
    method = context.resource_method
    match method.get("authorizationType"):
        case "CUSTOM":
            authorizer = context.deployment.rest_api.authorizers.get(method.get("authorizerId"))
            if authorizer is None:
                raise AuthorizerConfigurationError()
            lambda_authorizer.authorize(context, authorizer)
