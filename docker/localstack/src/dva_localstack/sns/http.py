"""Deliveries to HTTP endpoints."""

import logging
import time
from typing import Any

import requests
from localstack.services.sns.models import SnsMessageType
from localstack.services.sns.publisher import (
    HttpTopicPublisher,
    PublishDispatcher,
    is_raw_message_delivery,
    sns_error_to_dead_letter_queue,
    store_delivery_log,
)

from dva_localstack.schedules.clock import Clock

from .retries import delays, policy_for

LOG = logging.getLogger(__name__)

CLOCK = Clock("sns-retries")

ANSWER_SECONDS = 15
"""An endpoint that says nothing for so long has failed:
https://docs.aws.amazon.com/sns/latest/dg/SendMessageToHttp.prepare.html"""

RETRIED = (429,)
"""Client errors that SNS repeats; all others are permanent."""


class RetryingHttp(HttpTopicPublisher):
    """Faults: a delivery that fails is not repeated; an endpoint that never answers holds a thread for ever.

    https://docs.aws.amazon.com/sns/latest/dg/sns-message-delivery-retries.html
    """

    def _publish(self, context: Any, subscriber: Any) -> None:
        message = context.message
        body = self.prepare_message(message, subscriber, topic_attributes=context.topic_attributes)
        headers = self._headers(context, subscriber)
        waits = delays(policy_for(subscriber, context.topic_attributes or {}))

        def attempt(number: int) -> None:
            failure, is_permanent = post(subscriber["Endpoint"], headers, body)
            delivery = {"statusCode": failure[0] if failure else 200, "providerResponse": failure[1] if failure else ""}
            store_delivery_log(
                message, subscriber, success=not failure, delivery=delivery, topic_attributes=context.topic_attributes
            )
            if not failure:
                return
            LOG.info("Delivery %s to %s: %s", number, subscriber["Endpoint"], failure)
            if not is_permanent and number <= len(waits):
                CLOCK.call(time.time() + waits[number - 1], lambda: attempt(number + 1))
            elif message.type != SnsMessageType.UnsubscribeConfirmation:
                sns_error_to_dead_letter_queue(subscriber, body, str(failure[1]))

        attempt(1)

    def _headers(self, context: Any, subscriber: Any) -> dict[str, str]:
        """Return what stands before the message: https://docs.aws.amazon.com/sns/latest/dg/http-header.html"""
        message = context.message
        headers = {
            "Content-Type": "text/plain; charset=UTF-8",
            "Accept-Encoding": "gzip,deflate",
            "User-Agent": "Amazon Simple Notification Service Agent",
            "x-amz-sns-message-type": str(message.type),
            "x-amz-sns-message-id": message.message_id,
            "x-amz-sns-topic-arn": subscriber["TopicArn"],
        }
        if message.type != SnsMessageType.SubscriptionConfirmation:
            headers["x-amz-sns-subscription-arn"] = subscriber["SubscriptionArn"]
        if message.type == SnsMessageType.Notification:
            if is_raw_message_delivery(subscriber):
                headers["x-amz-sns-rawdelivery"] = "true"
            if kind := self._get_content_type(subscriber, context.topic_attributes or {}):
                headers["Content-Type"] = kind
        return headers


def post(url: str, headers: dict[str, str], body: str) -> tuple[tuple[int, str] | None, bool]:
    """Post a message.

    :return: status and text of a failure, None if there was none; and whether to try it again is in vain
    """
    try:
        answer = requests.post(url, headers=headers, data=body.encode(), verify=False, timeout=ANSWER_SECONDS)
    except requests.RequestException as error:
        return (0, str(error)), False
    if answer.ok:
        return None, False
    return (answer.status_code, answer.text), answer.status_code < 500 and answer.status_code not in RETRIED


def install() -> None:
    """Have messages delivered by :class:`RetryingHttp`."""
    PublishDispatcher.topic_notifiers |= {"http": RetryingHttp(), "https": RetryingHttp()}
