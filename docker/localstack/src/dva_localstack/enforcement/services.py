"""Calls that one service of the emulator makes to another, and in whose name.

LocalStack marks its internal calls with the service that makes them and the resource because of which it does. A call
with credentials of a role is the role's. A call that stands for nobody, such as CloudFormation creating a bucket, is
not judged.
"""

import dataclasses

from localstack.aws.api import RequestContext

from . import callers, resources
from .callers import Caller
from .needs.call import Context

GUARDED_BY_POLICY = frozenset({"kms", "lambda", "secretsmanager", "sns", "sqs"})
"""Services that other services may call only where the resource's policy lets them.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html#principal-services
"""


def caller_of(context: RequestContext) -> Caller | None:
    """Return the service in whose name an internal call is made; None if it stands for nobody."""
    marks = context.internal_request_params or {}
    principal = marks.get("service_principal")
    service = context.service.service_name if context.service else ""
    if not principal or service not in GUARDED_BY_POLICY:
        return None
    source = marks.get("source_arn")
    return callers.of_service(principal, source, resources.owner_of(source, "") if source else None)


def on_behalf(context: RequestContext, caller: Caller) -> Caller:
    """Return a role as which a service calls, with the keys about the resource because of which it does."""
    marks = context.internal_request_params or {}
    source = marks.get("source_arn")
    keys: Context = dict(caller.context)
    if source:
        keys |= {"aws:SourceArn": source, "aws:SourceAccount": resources.owner_of(source, "")}
    return dataclasses.replace(caller, context=keys)
