"""LocalStack's SNS provider with our repairs."""

import json
import re
from collections.abc import Mapping
from typing import Any

from botocore.utils import InvalidArnException
from localstack.aws.api import RequestContext
from localstack.aws.api.sns import (
    BatchRequestTooLongException,
    CreatePlatformApplicationResponse,
    CreateTopicResponse,
    EmptyBatchRequestException,
    GetTopicAttributesResponse,
    InvalidParameterException,
    InvalidParameterValueException,
    InvalidStateException,
    ListSubscriptionsByTopicResponse,
    ListTagsForResourceResponse,
    NotFoundException,
    PublishBatchResponse,
    PublishResponse,
    ResourceNotFoundException,
    SubscribeResponse,
)
from localstack.services.plugins import Service
from localstack.services.sns import provider as localstack_sns
from localstack.services.sns.filter import SubscriptionFilter
from localstack.services.sns.provider import SnsProvider
from localstack.utils.aws.arns import parse_arn

from . import http, topics
from .retries import check_delivery_policy, effective_policy

SUBJECT = re.compile(r"(?=[A-Za-z0-9!-/:-@\[-`{-~])[ -~]{1,100}")
"""ASCII without control characters that begins with a letter, a digit or a punctuation mark:
https://docs.aws.amazon.com/sns/latest/api/API_Publish.html"""

MAILS = ("email", "email-json")

MAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")

NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")


class CheckedMessages(SnsProvider):
    """Faults: subjects, numbers and lists are not checked; an empty batch is an internal error."""

    def publish(self, context: RequestContext, message: str, **request: Any) -> PublishResponse:
        """Publish a message."""
        check_subject(request.get("subject"))
        check_attributes(request.get("message_attributes"))
        if request.get("message_structure") not in (None, "", "json"):
            raise InvalidParameterException("Invalid parameter: MessageStructure")
        target = request.get("topic_arn") or request.get("target_arn") or ""
        check_bytes(message, request.get("message_attributes"), largest_of(target))
        return super().publish(context, message, **request)

    def publish_batch(
        self, context: RequestContext, topic_arn: str, publish_batch_request_entries: list[dict[str, Any]], **more: Any
    ) -> PublishBatchResponse:
        """Publish up to ten messages."""
        if not publish_batch_request_entries:
            raise EmptyBatchRequestException("The batch request doesn't contain any entries.")
        for entry in publish_batch_request_entries:
            check_subject(entry.get("Subject"))
            check_attributes(entry.get("MessageAttributes"))
        sizes = [
            message_bytes(entry["Message"], entry.get("MessageAttributes")) for entry in publish_batch_request_entries
        ]
        if sum(sizes) > largest_of(topic_arn):
            raise BatchRequestTooLongException(
                "The length of all the batch messages put together is more than the limit."
            )
        return super().publish_batch(context, topic_arn, publish_batch_request_entries, **more)


class CheckedEndpoints(SnsProvider):
    """Faults: anything is an endpoint; a mailbox that has not confirmed is shown as if it had."""

    def subscribe(
        self, context: RequestContext, topic_arn: str, protocol: str, endpoint: str | None = None, **request: Any
    ) -> SubscribeResponse:
        """Subscribe an endpoint to a topic."""
        if protocol in ("lambda", "firehose") and service_of(endpoint or "") != protocol:
            raise InvalidParameterException(f"Invalid parameter: {protocol.capitalize()} endpoint ARN")
        if protocol in MAILS and not MAIL.fullmatch(endpoint or ""):
            raise InvalidParameterException("Invalid parameter: Email address")
        if topic_arn.endswith(".fifo") and protocol != "sqs":
            raise InvalidParameterException(
                "Invalid parameter: Invalid protocol type: a FIFO topic delivers to SQS queues only"
            )
        if policy := (request.get("attributes") or {}).get("DeliveryPolicy"):
            check_delivery_policy(policy, of_topic=False)
        if protocol not in topics.LARGE_PROTOCOLS and largest_of(topic_arn) > topics.DEFAULT_BYTES:
            raise InvalidParameterException(f"Invalid parameter: {protocol} cannot get messages of more than 256 KiB")
        answer = super().subscribe(context, topic_arn, protocol, endpoint, **request)
        arn = answer["SubscriptionArn"]
        found = self.get_store(topic_arn.split(":")[4], context.region).subscriptions.get(arn)
        if found and found["PendingConfirmation"] == "true" and not request.get("return_subscription_arn"):
            answer["SubscriptionArn"] = "pending confirmation"
        return answer

    def set_subscription_attributes(
        self,
        context: RequestContext,
        subscription_arn: str,
        attribute_name: str,
        attribute_value: str | None = None,
        **request: Any,
    ) -> None:
        """Change an attribute of a subscription."""
        if attribute_name == "DeliveryPolicy" and attribute_value:
            check_delivery_policy(attribute_value, of_topic=False)
        super().set_subscription_attributes(context, subscription_arn, attribute_name, attribute_value, **request)

    def list_subscriptions_by_topic(
        self, context: RequestContext, topic_arn: str, next_token: str | None = None, **request: Any
    ) -> ListSubscriptionsByTopicResponse:
        """Return a topic's subscriptions; those that are not confirmed have no ARN yet."""
        answer = super().list_subscriptions_by_topic(context, topic_arn, next_token, **request)
        subscriptions = self.get_store(topic_arn.split(":")[4], context.region).subscriptions
        shown: list[Any] = []
        for subscription in answer["Subscriptions"]:
            pending = subscriptions[subscription["SubscriptionArn"]]["PendingConfirmation"] == "true"
            shown.append({**subscription, "SubscriptionArn": "PendingConfirmation"} if pending else subscription)
        answer["Subscriptions"] = shown
        return answer


class CheckedTopics(SnsProvider):
    """Faults: topics have any attribute, are not counted, and have tags though they do not exist."""

    def create_topic(
        self, context: RequestContext, name: str, attributes: dict[str, str] | None = None, **request: Any
    ) -> CreateTopicResponse:
        """Create a topic, or return the ARN of the one that is there."""
        for attribute, value in (attributes or {}).items():
            if attribute != "FifoTopic":
                topics.check_topic_attribute(attribute, value, name.endswith(".fifo"))
        return super().create_topic(context, name, attributes, **request)

    def set_topic_attributes(
        self,
        context: RequestContext,
        topic_arn: str,
        attribute_name: str,
        attribute_value: str | None = None,
        **request: Any,
    ) -> None:
        """Change an attribute of a topic."""
        topic = self._get_topic(topic_arn, context)
        subscriptions = [subscription["Protocol"] for subscription in self._subscriptions(topic)]
        topics.check_topic_attribute(attribute_name, attribute_value or "", topic_arn.endswith(".fifo"), subscriptions)
        super().set_topic_attributes(context, topic_arn, attribute_name, attribute_value, **request)

    def get_topic_attributes(
        self, context: RequestContext, topic_arn: str, **request: Any
    ) -> GetTopicAttributesResponse:
        """Return a topic's attributes."""
        attributes = super().get_topic_attributes(context, topic_arn, **request)["Attributes"]
        counts = topics.counted(self._subscriptions(self._get_topic(topic_arn, context)), 0)
        policy = {"EffectiveDeliveryPolicy": effective_policy(attributes)}
        return GetTopicAttributesResponse(Attributes={**attributes, **counts, **policy})

    def delete_topic(self, context: RequestContext, topic_arn: str, **request: Any) -> None:
        """Delete a topic, unless it has an archive."""
        topic = self.get_store(context.account_id, context.region).topics.get(topic_arn)
        if topic and topic["attributes"].get("ArchivePolicy", "{}") not in ("", "{}"):
            raise InvalidStateException(
                "Invalid state: Cannot delete a topic with an ArchivePolicy. Set the ArchivePolicy to {} first."
            )
        super().delete_topic(context, topic_arn, **request)

    def list_tags_for_resource(
        self, context: RequestContext, resource_arn: str, **request: Any
    ) -> ListTagsForResourceResponse:
        """Return a topic's tags."""
        try:
            self._get_topic(resource_arn, context)
        except NotFoundException as error:
            raise ResourceNotFoundException("Resource does not exist") from error
        return super().list_tags_for_resource(context, resource_arn, **request)

    def _subscriptions(self, topic: Mapping[str, Any]) -> list[Any]:
        parts = topic["arn"].split(":")
        subscriptions = self.get_store(parts[4], parts[3]).subscriptions
        return [subscriptions[arn] for arn in topic["subscriptions"] if arn in subscriptions]


class PlatformsWithoutPrincipal(SnsProvider):
    """Fault: Firebase's platform wants a principal, which it has not."""

    def create_platform_application(
        self, context: RequestContext, name: str, platform: str, attributes: dict[str, str], **request: Any
    ) -> CreatePlatformApplicationResponse:
        """Create an application of a push service.

        https://docs.aws.amazon.com/sns/latest/api/API_CreatePlatformApplication.html
        """
        given = {"PlatformPrincipal": "", **attributes} if platform == "GCM" and attributes else attributes
        return super().create_platform_application(context, name, platform, given, **request)


class CourseSnsProvider(CheckedMessages, CheckedEndpoints, CheckedTopics, PlatformsWithoutPrincipal):
    """LocalStack's provider, mended; each base says which fault it mends."""

    def on_before_stop(self) -> None:
        """Repeat no delivery any more."""
        super().on_before_stop()
        http.CLOCK.stop()


def largest_of(topic_arn: str) -> int:
    """Return how many bytes a message of a topic may have, with its attributes."""
    parts = topic_arn.split(":")
    topic = SnsProvider.get_store(parts[4], parts[3]).topics.get(topic_arn) if len(parts) == 6 else None
    return int((topic or {"attributes": {}})["attributes"].get("MaximumMessageSize") or topics.DEFAULT_BYTES)


def message_bytes(message: str, attributes: Mapping[str, Any] | None) -> int:
    """Return what a message counts: its body, and names, types and values of its attributes."""
    return localstack_sns._get_total_publish_size(message, attributes)


def check_bytes(message: str, attributes: Mapping[str, Any] | None, limit: int) -> None:
    """Refuse a message that is too long.

    :raises InvalidParameterException: it is refused
    """
    if message_bytes(message, attributes) > limit:
        raise InvalidParameterException("Invalid parameter: Message too long")


def check_subject(subject: str | None) -> None:
    """Refuse a subject that SNS refuses.

    :raises InvalidParameterException: it is refused
    """
    if subject and not SUBJECT.fullmatch(subject):
        raise InvalidParameterException("Invalid parameter: Subject")


def check_attributes(attributes: Mapping[str, Any] | None) -> None:
    """Refuse numbers that are none, and lists that are none.

    :raises InvalidParameterValueException: they are refused
    """
    for name, attribute in (attributes or {}).items():
        kind, value = attribute.get("DataType") or "", attribute.get("StringValue") or ""
        if kind.split(".")[0] == "Number" and not NUMBER.fullmatch(value):
            raise InvalidParameterValueException(f"Could not cast message attribute '{name}' value to number.")
        if kind == "String.Array" and not is_list(value):
            raise InvalidParameterValueException(f"Could not parse message attribute '{name}' value as a list.")


def is_list(text: str) -> bool:
    """Return whether a text is a JSON list."""
    try:
        return isinstance(json.loads(text), list)
    except ValueError:
        return False


def mend_filters() -> None:
    """Fault: a message without attributes matches a policy that wants one not to exist.

    https://docs.aws.amazon.com/sns/latest/dg/attribute-key-matching.html
    """
    judge = SubscriptionFilter.check_filter_policy_on_message_attributes

    def matches(self: Any, filter_policy: Any, message_attributes: Any) -> bool:
        return not filter_policy or (bool(message_attributes) and judge(self, filter_policy, message_attributes))

    SubscriptionFilter.check_filter_policy_on_message_attributes = matches


def service_of(arn: str) -> str:
    """Return the service in an ARN; empty if it is none."""
    try:
        return parse_arn(arn)["service"]
    except InvalidArnException:
        return ""


def create_service() -> Service:
    """Return SNS."""
    # The largest message is each topic's own, see CheckedMessages.
    localstack_sns.MAXIMUM_MESSAGE_LENGTH = topics.LARGEST_BYTES
    http.install()
    mend_filters()
    return Service.for_provider(CourseSnsProvider())
