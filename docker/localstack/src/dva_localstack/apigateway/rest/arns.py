"""ARNs of a REST API's invocation."""

from localstack.services.apigateway.next_gen.execute_api.context import RestApiInvocationContext


def api_arn(context: RestApiInvocationContext) -> str:
    """Return ``arn:aws:execute-api:REGION:ACCOUNT:API``."""
    return f"arn:aws:execute-api:{context.region}:{context.account_id}:{context.api_id}"


def method_arn(context: RestApiInvocationContext) -> str:
    """Return the ARN of the method and path that were called: what policies are compared with."""
    path = context.invocation_request["path"].lstrip("/")
    return f"{api_arn(context)}/{context.stage}/{context.invocation_request['http_method']}/{path}"
