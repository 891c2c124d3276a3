"""SQS and SNS: a batch needs the permission of the single operation.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-api-permissions-reference.html
https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsns.html
"""

from collections.abc import Iterator
from urllib.parse import urlsplit

from .call import Call, Context, Need

ACTIONS = {
    "ChangeMessageVisibilityBatch": "ChangeMessageVisibility",
    "DeleteMessageBatch": "DeleteMessage",
    "PublishBatch": "Publish",
    "SendMessageBatch": "SendMessage",
}

LISTS = frozenset({"ListSubscriptions", "ListTopics"})
"""SNS asks for these on everything in the account and region."""


def sqs_needs(call: Call) -> Iterator[Need]:
    """Yield what an SQS operation needs."""
    params = call.params
    action = f"sqs:{ACTIONS.get(call.operation, call.operation)}"
    if params.get("QueueUrl"):
        yield Need(action, queue_arn(call, params["QueueUrl"]))
    elif params.get("QueueName"):
        account = params.get("QueueOwnerAWSAccountId") or call.account
        yield Need(action, call.arn("sqs", params["QueueName"], account=account))
    elif params.get("SourceArn"):
        yield Need(action, params["SourceArn"])
        if params.get("DestinationArn"):
            yield Need("sqs:SendMessage", params["DestinationArn"])
    else:
        yield Need(action, "*")


def queue_arn(call: Call, url: str) -> str:
    """Return the ARN of the queue with a URL: ``…/queue/REGION/ACCOUNT/NAME``, or ``…/ACCOUNT/NAME``."""
    parts = [part for part in urlsplit(url).path.split("/") if part]
    if len(parts) < 2:
        return call.arn("sqs", parts[0] if parts else url)
    region = parts[1] if len(parts) == 4 and parts[0] == "queue" else call.region
    return call.arn("sqs", parts[-1], region=region, account=parts[-2])


def sns_needs(call: Call) -> Iterator[Need]:
    """Yield what an SNS operation needs."""
    params = call.params
    if call.operation == "ConfirmSubscription" and "AuthenticateOnUnsubscribe" not in params:
        # The token that was sent to the endpoint is the permission.
        return
    action = f"SNS:{ACTIONS.get(call.operation, call.operation)}"
    context: Context = {}
    if call.operation == "Subscribe":
        context = {"sns:Protocol": params.get("Protocol", ""), "sns:Endpoint": params.get("Endpoint") or ""}
    if params.get("Name") and call.operation == "CreateTopic":
        resource = call.arn("sns", params["Name"])
    elif params.get("SubscriptionArn"):
        resource = params["SubscriptionArn"].rpartition(":")[0]
    elif call.operation in LISTS:
        resource = call.arn("sns", "*")
    else:
        resource = params.get("TopicArn") or params.get("TargetArn") or params.get("ResourceArn") or "*"
    yield Need(action, resource, context)
