"""A call across accounts is carried out in the account that owns the resource."""

from localstack.aws.api import RequestContext

from dva_localstack.services import on_ministack

BY_ARN = frozenset({"dynamodb", "dynamodbstreams", "kinesis"}) & frozenset(on_ministack())
"""Services of MiniStack whose operations take the ARN of another account's resource.

MiniStack looks for it in the account that it is called as; LocalStack's own services look in the ARN.
"""


def as_owner(context: RequestContext, owner: str) -> None:
    """Have MiniStack called as the account that owns the resource, once its caller has been let in.

    :param owner: the account that owns the resource
    """
    if context.service and context.service.service_name in BY_ARN and owner:
        context.account_id = owner
