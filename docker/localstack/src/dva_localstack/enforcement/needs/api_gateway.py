"""API Gateway's management: the action is the HTTP method, the resource the path.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-iam-policy-examples.html
"""

from collections.abc import Iterator

from .call import Call, Need

READS = {"HEAD": "GET"}


def needs(call: Call) -> Iterator[Need]:
    """Yield ``apigateway:METHOD`` on ``arn:aws:apigateway:REGION::/PATH``."""
    yield Need(f"apigateway:{READS.get(call.method, call.method)}", call.arn("apigateway", call.path, account=""))
