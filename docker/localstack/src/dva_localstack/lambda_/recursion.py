"""Loops of functions through SQS, SNS, S3 and other functions are stopped.

Fault: LocalStack 4.14 keeps what PutFunctionRecursionConfig says and never heeds it; SNS, S3 and event source mappings
drop the trace header by which a loop is found.

https://docs.aws.amazon.com/lambda/latest/dg/invocation-recursion.html
"""

import json
from datetime import datetime
from typing import Any

from localstack.aws.api.lambda_ import InvocationResponse, RecursiveInvocationException, RecursiveLoop
from localstack.services.lambda_ import api_utils
from localstack.services.lambda_.event_source_mapping.pollers.sqs_poller import SqsPoller
from localstack.services.lambda_.invocation.event_manager import SQSInvocation
from localstack.services.lambda_.invocation.lambda_models import Invocation, InvocationResult
from localstack.services.lambda_.provider import LambdaProvider
from localstack.services.s3.notifications import LambdaNotifier, SnsNotifier, SqsNotifier
from localstack.services.sns.publisher import LambdaTopicPublisher
from localstack.utils.xray.trace_header import TraceHeader

from dva_localstack.trace_headers import HEADER, carrying

from . import lineage
from .metrics import meter

WATCHED = (None, "s3", "sns", "lambda")
"""Who invokes where loops are detected: somebody's SDK, a notification, a topic, an event source mapping."""

MESSAGE = (
    "Lambda has detected your function being invoked in a recursive loop with other Amazon Web Services resources "
    "and stopped your function's invocation."
)


class StoppedLoops(LambdaProvider):
    """A Lambda provider that stops a function that was invoked sixteen times in the same chain of requests."""

    def invoke(
        self,
        context: Any,
        function_name: str,
        invocation_type: str | None = None,
        payload: Any = None,
        qualifier: str | None = None,
        **kwargs: Any,
    ) -> Any:
        """Answer ``Invoke``; a stopped event goes to the dead-letter queue and the failure destination.

        :raises RecursiveInvocationException: a synchronous invocation is stopped
        """
        marks = context.internal_request_params or {}
        if invocation_type != "DryRun" and marks.get("service_principal") in WATCHED:
            account, region = api_utils.get_account_and_region(function_name, context)
            name, version = api_utils.get_name_and_qualifier(function_name, qualifier, context)
            arn = api_utils.lambda_arn(name, None, account, region)
            header = context.trace_context["aws_trace_header"]
            if lineage.exceeded(header.lineage, arn) and self._terminates(name, account, region):
                meter().note((account, region), name, RecursiveInvocationsDropped=1)
                if invocation_type != "Event":
                    raise RecursiveInvocationException(MESSAGE, Type="User")
                self._give_up(context, name, version, account, region, payload)
                return InvocationResponse(StatusCode=202)
            header._lineage = lineage.extended(header.lineage, arn)
        return super().invoke(
            context,
            function_name,
            invocation_type=invocation_type,
            payload=payload,
            qualifier=qualifier,
            **kwargs,
        )

    def _terminates(self, name: str, account: str, region: str) -> bool:
        function = self._get_function(name, account, region)
        return function.recursive_loop != RecursiveLoop.Allow

    def _give_up(self, context: Any, name: str, qualifier: str | None, account: str, region: str, payload: Any) -> None:
        function = self._get_function(name, account, region)
        alias = function.aliases.get(qualifier or "")
        version = alias.function_version if alias else qualifier or "$LATEST"
        poller = self.lambda_service.get_lambda_event_manager(
            api_utils.qualified_lambda_arn(name, version, account, region)
        ).poller
        event = SQSInvocation(
            Invocation(
                payload=payload.read() if payload else b"{}",
                invoked_arn=api_utils.lambda_arn(name, None, account, region),
                client_context=None,
                invocation_type="Event",
                invoke_time=datetime.now(),
                request_id=context.request_id,
                trace_context={},
            )
        )
        error = json.dumps({"errorType": "RecursiveInvocationException", "errorMessage": MESSAGE}).encode()
        result = InvocationResult(context.request_id, error, is_error=True, logs=None)
        # AWS does not document the condition of this record.
        config = function.event_invoke_configs.get(version)
        poller.process_failure_destination(event, result, config, "RecursiveInvocationException")
        poller.process_dead_letter_queue(event, result)


def repair() -> None:
    """Have S3, SNS and event source mappings pass the header of an event on to the function."""
    for notifier in (LambdaNotifier, SnsNotifier, SqsNotifier):
        notifier.notify = _notify(notifier.notify)
    publish, handle = LambdaTopicPublisher._publish, SqsPoller.handle_messages

    def _publish(self: Any, context: Any, subscriber: Any) -> Any:
        return carrying(context.request_headers.get(HEADER), publish, self, context, subscriber)

    def handle_messages(self: Any, messages: list[dict[str, Any]]) -> None:
        function = getattr(getattr(self.processor, "sender", None), "target_arn", "")
        looping = [message for message in messages if lineage.exceeded(lineage_of(message), function)]
        others = [message for message in messages if message not in looping]
        for group in (others, *([message] for message in looping)):
            if group:
                carrying(longest(group), handle, self, group)

    LambdaTopicPublisher._publish = _publish
    SqsPoller.handle_messages = handle_messages


def _notify(original: Any) -> Any:
    def notify(self: Any, ctx: Any, config: Any) -> Any:
        return carrying(ctx.xray, original, self, ctx, config)

    return notify


def header_of(message: dict[str, Any]) -> str | None:
    """Return the trace header that a message of SQS was sent with."""
    return (message.get("Attributes") or {}).get("AWSTraceHeader")


def lineage_of(message: dict[str, Any]) -> str | None:
    """Return the lineage of a message of SQS."""
    return TraceHeader.from_header_str(header_of(message)).lineage


def longest(messages: list[dict[str, Any]]) -> str | None:
    """Return the header of a batch: that of the message whose chain is the longest."""
    return header_of(max(messages, key=lambda message: sum(lineage.counts(lineage_of(message)).values())))
