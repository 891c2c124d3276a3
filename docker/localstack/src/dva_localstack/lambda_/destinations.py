"""Dead-letter queues and destinations are refused where the function's role may not send to them.

LocalStack 4.14 takes any ARN, and sends no dead letter where an event met a reserved concurrency of 0.

https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
"""

import dataclasses
import json
from typing import Any

from localstack.aws.api import RequestContext, handler
from localstack.services.lambda_ import api_utils
from localstack.services.lambda_.invocation.event_manager import Poller
from localstack.services.lambda_.provider import LambdaProvider
from localstack.utils.patch import patch

from dva_localstack.enforcement import switch

from .requests import refused
from .source_permissions import may

SENDING = {
    "sqs": ("sqs:SendMessage", "SQS"),
    "sns": ("sns:Publish", "SNS"),
    "lambda": ("lambda:InvokeFunction", "Lambda"),
    "events": ("events:PutEvents", "EventBridge"),
}
"""What a role needs for a target, and how the refusal of a dead-letter queue calls the service."""

DEAD_LETTERS = ("sqs", "sns")


class PermittedDestinations(LambdaProvider):
    """A Lambda provider that asks whether a role may send before it takes a dead-letter queue or a destination."""

    @handler("CreateFunction", expand=False)
    def create_function(self, context: RequestContext, request: Any) -> Any:
        """Answer ``CreateFunction``, unless its dead-letter queue is refused."""
        check_dead_letters(request.get("DeadLetterConfig"), request.get("Role"))
        return super().create_function(context, request)

    @handler("UpdateFunctionConfiguration", expand=False)
    def update_function_configuration(self, context: RequestContext, request: Any) -> Any:
        """Answer ``UpdateFunctionConfiguration``, unless its dead-letter queue is refused."""
        if request.get("DeadLetterConfig"):
            check_dead_letters(request["DeadLetterConfig"], request.get("Role") or self._role(context, request))
        return super().update_function_configuration(context, request)

    def put_function_event_invoke_config(
        self, context: RequestContext, function_name: str, *args: Any, **kwargs: Any
    ) -> Any:
        """Answer ``PutFunctionEventInvokeConfig``, unless a destination is refused."""
        self._check_destinations(context, function_name, kwargs)
        return super().put_function_event_invoke_config(context, function_name, *args, **kwargs)

    def update_function_event_invoke_config(
        self, context: RequestContext, function_name: str, *args: Any, **kwargs: Any
    ) -> Any:
        """Answer ``UpdateFunctionEventInvokeConfig``, unless a destination is refused."""
        self._check_destinations(context, function_name, kwargs)
        return super().update_function_event_invoke_config(context, function_name, *args, **kwargs)

    @handler("CreateEventSourceMapping", expand=False)
    def create_event_source_mapping(self, context: RequestContext, request: Any) -> Any:
        """Answer ``CreateEventSourceMapping``, unless the destination of its failures is refused."""
        self._check_destinations(
            context, request["FunctionName"], {"destination_config": request.get("DestinationConfig")}
        )
        return super().create_event_source_mapping(context, request)

    def _check_destinations(self, context: RequestContext, function_name: str, kwargs: Any) -> None:
        for side in (kwargs.get("destination_config") or {}).values():
            target = (side or {}).get("Destination") or ""
            if target.count(":") >= 5 and service_of(target) in SENDING:
                check_sending(target, self._role(context, {"FunctionName": function_name}), target)

    def _role(self, context: RequestContext, request: Any) -> str:
        account, region = api_utils.get_account_and_region(request["FunctionName"], context)
        name = api_utils.get_function_name(request["FunctionName"], context)
        return str(self._get_function(name, account, region).latest().config.role)


def check_dead_letters(config: Any, role: str | None) -> None:
    """Refuse a dead-letter target that is neither queue nor topic, is FIFO, or that the role may not send to."""
    target = (config or {}).get("TargetArn")
    if not target or not role:
        return
    if service_of(target) not in DEAD_LETTERS or target.endswith(".fifo"):
        raise refused(f"The provided target ARN {target} is not a standard SQS queue or SNS topic.")
    check_sending(target, role)


def check_sending(target: str, role: str, called: str = "") -> None:
    """Refuse a target that a role may not send to.

    :param called: what the message calls the target, if not by its service
    """
    action, service = SENDING[service_of(target)]
    if switch.enabled() and not may(role, action, target):
        whose = "function's" if called else "provided"
        name = action.partition(":")[2]
        raise refused(f"The {whose} execution role does not have permissions to call {name} on {called or service}")


def service_of(arn: str) -> str:
    """Return the service that an ARN names."""
    return arn.split(":")[2]


def repair() -> None:
    """Have an event that met a reserved concurrency of 0 reach the dead-letter queue, before any function exists."""
    patch(Poller.process_dead_letter_queue)(_process_dead_letter_queue)


def _process_dead_letter_queue(original: Any, self: Any, event: Any, result: Any) -> None:
    if result.payload is None:  # nothing was invoked
        result = dataclasses.replace(result, payload=json.dumps({"errorMessage": "Rate Exceeded."}).encode())
    original(self, event, result)
