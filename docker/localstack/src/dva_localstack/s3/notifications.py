"""Notifications: two that would both fire are refused, and events have their keys as S3 writes them.

LocalStack 4.14 takes notifications that overlap, encodes a space as ``%20``, encodes the key for
EventBridge too, and gives every event the same sequencer.
"""

import functools
import json
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote_plus, unquote

from localstack.aws.api import RequestContext
from localstack.aws.spec import load_service
from localstack.services.s3.notifications import BaseNotifier, EventBridgeNotifier, S3EventNotificationContext
from localstack.services.s3.provider import S3Provider
from localstack.utils.patch import patch

from .errors import error

KINDS = ("QueueConfigurations", "TopicConfigurations", "LambdaFunctionConfigurations")

REASONS = {"s3:ObjectCreated:CompleteMultipartUpload": "CompleteMultipartUpload"}
"""https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html"""


class UnambiguousNotifications(S3Provider):
    """An S3 provider that refuses notifications that overlap."""

    def on_after_init(self) -> None:
        """Patch how LocalStack writes events."""
        super().on_after_init()
        patch(S3EventNotificationContext.from_request_context)(with_encoded_key)
        records = BaseNotifier._get_event_payload
        BaseNotifier._get_event_payload = staticmethod(functools.partial(with_sequencer, records))
        payload = EventBridgeNotifier._get_event_payload
        EventBridgeNotifier._get_event_payload = staticmethod(functools.partial(with_plain_key, payload))

    def put_bucket_notification_configuration(
        self, context: RequestContext, bucket: str, notification_configuration: Any, **kwargs: Any
    ) -> None:
        """Answer ``PutBucketNotificationConfiguration``, unless two of them would fire for one event."""
        every = [each for kind in KINDS for each in notification_configuration.get(kind) or []]
        for each in every:
            check_notification(each)
        for number, one in enumerate(every):
            for other in every[number + 1 :]:
                if overlap(one, other):
                    raise error(
                        "InvalidArgument",
                        "Configurations overlap. Configurations on the same bucket cannot share a common event type.",
                    )
        super().put_bucket_notification_configuration(context, bucket, notification_configuration, **kwargs)


def check_notification(notification: dict[str, Any]) -> None:
    """Refuse events that do not exist and a second prefix or suffix."""
    known = load_service("s3").shape_for("Event").enum
    for event in notification["Events"]:
        if event not in known:
            raise error(
                "InvalidArgument",
                f"The event '{event}' is not supported for notifications",
                ArgumentName="Event",
                ArgumentValue=event,
            )
    rules = ((notification.get("Filter") or {}).get("Key") or {}).get("FilterRules") or []
    names = [rule.get("Name", "").lower() for rule in rules]
    for name in ("prefix", "suffix"):
        if names.count(name) > 1:
            raise error("InvalidArgument", f"Cannot specify more than one {name} rule in a filter.")


def overlap(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Return whether two notifications could fire for one event.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-how-to-filtering.html
    """

    def within(event: str, pattern: str) -> bool:
        return event == pattern or (pattern.endswith(":*") and event.startswith(pattern[:-1]))

    shared = any(
        within(first, second) or within(second, first) for first in one["Events"] for second in other["Events"]
    )
    (prefix, suffix), (other_prefix, other_suffix) = filter_of(one), filter_of(other)
    prefixes = prefix.startswith(other_prefix) or other_prefix.startswith(prefix)
    suffixes = suffix.endswith(other_suffix) or other_suffix.endswith(suffix)
    return shared and prefixes and suffixes


def filter_of(notification: dict[str, Any]) -> tuple[str, str]:
    """Return a notification's prefix and suffix, empty where it has none."""
    rules = ((notification.get("Filter") or {}).get("Key") or {}).get("FilterRules") or []
    values = {rule.get("Name", "").lower(): rule.get("Value") or "" for rule in rules}
    return values.get("prefix", ""), values.get("suffix", "")


def with_encoded_key(make: Any, request_context: Any, s3_bucket: Any, s3_object: Any) -> Any:
    """Write the key as in an HTML form: a space is a plus sign.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
    """
    made = make(request_context, s3_bucket, s3_object)
    made.key_name = quote_plus(s3_object.key, safe="/")
    made.sequencer = next(SEQUENCE)
    return made


def sequence() -> Iterator[str]:
    """Yield numbers that grow, of one length and in hexadecimal, by which events of one key are ordered."""
    last = 0
    while True:
        last = max(last + 1, time.time_ns())
        yield f"00{last:016X}"


SEQUENCE = sequence()


def with_sequencer(records: Any, ctx: S3EventNotificationContext, *args: Any) -> Any:
    """Write an event with the number of its own where it has one."""
    event = records(ctx, *args)
    for record in event.get("Records", []):
        if "sequencer" in record["s3"]["object"]:
            record["s3"]["object"]["sequencer"] = getattr(ctx, "sequencer", record["s3"]["object"]["sequencer"])
    return event


def with_plain_key(payload: Any, ctx: S3EventNotificationContext, *args: Any) -> Any:
    """Write an event for EventBridge: the key as it is, the account that asked, and the operation."""
    encoded, ctx.key_name = ctx.key_name, unquote(ctx.key_name.replace("+", " "))
    try:
        entry = payload(ctx, *args)
    finally:
        ctx.key_name = encoded
    detail = json.loads(entry["Detail"])
    detail["requester"] = ctx.account_id
    if "sequencer" in detail["object"]:
        detail["object"]["sequencer"] = getattr(ctx, "sequencer", detail["object"]["sequencer"])
    if ctx.event_type in REASONS:
        detail["reason"] = REASONS[ctx.event_type]
    return {**entry, "Detail": json.dumps(detail)}
