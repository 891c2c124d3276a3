"""A stack's events: with the token of the request that caused them, and sent to the stack's SNS topics."""

import json
import logging
from typing import Any

from botocore.exceptions import ClientError
from localstack.aws.connect import connect_to
from localstack.services.cloudformation.v2.entities import Stack

from .custom_resource import written

LOG = logging.getLogger(__name__)


def install() -> None:
    """Fault: events had no token, and nobody heard of them."""
    store = Stack._store_event

    def store_event(self: Any, *given: Any, **named: Any) -> None:
        store(self, *given, **named)
        event = self.events[0]
        if token := getattr(self, "request_token", None):
            event["ClientRequestToken"] = token
        for topic in getattr(self, "topics", []):
            notify(self, topic, event)

    Stack._store_event = store_event


def notify(stack: Stack, topic: str, event: Any) -> None:
    """Send an event to a topic; one that is gone stops nothing.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateStack.html, NotificationARNs
    """
    lines = {
        **{name: event.get(name) or "" for name in ("StackId", "Timestamp", "EventId", "LogicalResourceId")},
        "Namespace": stack.account_id,
        **{name: event.get(name) or "" for name in ("PhysicalResourceId", "ResourceProperties", "ResourceStatus")},
        **{name: event.get(name) or "" for name in ("ResourceStatusReason", "ResourceType", "StackName")},
        "ClientRequestToken": event.get("ClientRequestToken") or "null",
    }
    lines["Timestamp"] = event["Timestamp"].isoformat()
    sns = connect_to(aws_access_key_id=stack.account_id, region_name=stack.region_name).sns
    try:
        text = "\n".join(f"{name}='{value}'" for name, value in lines.items())
        sns.publish(TopicArn=topic, Subject="AWS CloudFormation Notification", Message=text + "\n")
    except ClientError as error:
        LOG.warning("Topic %s of stack %s: %s", topic, stack.stack_name, error)


def properties(given: Any) -> str:
    """Return a resource's properties as its events have them."""
    return json.dumps(written(given), separators=(",", ":"))
