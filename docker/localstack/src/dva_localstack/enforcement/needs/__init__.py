"""What a call needs: for each operation its IAM actions, the resources they are on, and their condition keys.

The tables follow AWS's Service Authorization Reference,
https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
"""

from collections.abc import Callable, Iterable, Iterator

from . import api_gateway, dynamodb, ec2, encryption, events, functions, generic, identity, keys, messaging, s3
from .call import Call, Need
from .roles import handed_over
from .tags import tag_keys

BY_SERVICE: dict[str, Callable[[Call], Iterable[Need]]] = {
    "apigateway": api_gateway.needs,
    "apigatewayv2": api_gateway.needs,
    "dynamodb": dynamodb.needs,
    "dynamodbstreams": dynamodb.stream_needs,
    "ec2": ec2.needs,
    "events": events.needs,
    "iam": identity.iam_needs,
    "kms": keys.needs,
    "lambda": functions.needs,
    "s3": s3.needs,
    "sns": messaging.sns_needs,
    "sqs": messaging.sqs_needs,
    "sts": identity.sts_needs,
}
"""The services whose operations do not simply bear the name of their action."""


def needs_of(call: Call) -> Iterator[Need]:
    """Yield each permission that a call needs, the passing of roles and the use of KMS keys included.

    :param call: the call as the gateway parsed it
    :return: none for an operation that needs no permission, such as sts:GetCallerIdentity
    """
    requested = tag_keys(call)
    for need in BY_SERVICE.get(call.service, generic.needs)(call):
        yield Need(need.action, need.resource, {**requested, **need.context}) if requested else need
    yield from handed_over(call)
    yield from encryption.needs(call)
