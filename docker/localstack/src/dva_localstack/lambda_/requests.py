"""Checks and parts of requests that LocalStack 4.14 leaves out.

It takes payloads of any size, events that are no JSON, variables that are Lambda's own, settings of asynchronous
invocation beyond their ranges and queues that are hidden for less time than the function may take, and drops the client
context of ``Invoke``.
"""

import base64
import binascii
import io
import json
from typing import Any

from botocore.exceptions import ClientError
from localstack.aws.api import CommonServiceException, RequestContext, handler
from localstack.aws.connect import connect_to
from localstack.services.lambda_.invocation.execution_environment import ExecutionEnvironment
from localstack.services.lambda_.provider import LambdaProvider
from localstack.utils.patch import patch

PAYLOAD_LIMITS = {"RequestResponse": 6 * 1024 * 1024, "Event": 1024 * 1024}
"""Bytes: https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html"""

EVENT_RANGES = {
    "maximum_retry_attempts": ("maximumRetryAttempts", 0, 2),
    "maximum_event_age_in_seconds": ("maximumEventAgeInSeconds", 60, 21600),
}
"""https://docs.aws.amazon.com/lambda/latest/api/API_PutFunctionEventInvokeConfig.html"""


RESERVED_VARIABLES = {
    "_HANDLER",
    "_X_AMZN_TRACE_ID",
    "AWS_ACCESS_KEY",
    "AWS_ACCESS_KEY_ID",
    "AWS_DEFAULT_REGION",
    "AWS_EXECUTION_ENV",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
    "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_LAMBDA_FUNCTION_VERSION",
    "AWS_LAMBDA_INITIALIZATION_TYPE",
    "AWS_LAMBDA_LOG_GROUP_NAME",
    "AWS_LAMBDA_LOG_STREAM_NAME",
    "AWS_LAMBDA_RUNTIME_API",
    "AWS_REGION",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "LAMBDA_RUNTIME_DIR",
    "LAMBDA_TASK_ROOT",
}
"""https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html"""

SQS_BATCH_OF_FIFO, FILTERS, OLDEST_AT_LEAST = 10, 5, 60
"""https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html"""


class CheckedRequests(LambdaProvider):
    """A Lambda provider that refuses what AWS refuses and passes the client context on."""

    def on_before_start(self) -> None:
        """Let the executor see the client context."""
        patch(ExecutionEnvironment.invoke)(_invoke_with_client_context)
        super().on_before_start()

    def invoke(
        self,
        context: Any,
        function_name: str,
        invocation_type: str | None = None,
        payload: Any = None,
        **kwargs: Any,
    ) -> Any:
        """Answer ``Invoke``, unless the payload is too large."""
        data = payload.read() if payload else b""
        kind = invocation_type or "RequestResponse"
        limit = PAYLOAD_LIMITS.get(kind)
        if limit is not None and len(data) > limit:
            raise CommonServiceException(
                code="RequestEntityTooLargeException",
                message=f"{len(data)} byte payload is too large for the {kind} invocation type (limit {limit} bytes)",
                status_code=413,
                sender_fault=True,
            )
        if data:
            try:
                json.loads(data)
            except ValueError as fault:
                raise CommonServiceException(
                    code="InvalidRequestContentException",
                    message=f"Could not parse request body into json: Could not parse payload into json: {fault}",
                    sender_fault=True,
                ) from fault
        return super().invoke(
            context,
            function_name,
            invocation_type=invocation_type,
            payload=io.BytesIO(data) if data else None,
            **kwargs,
        )

    @handler("CreateFunction", expand=False)
    def create_function(self, context: RequestContext, request: Any) -> Any:
        """Answer ``CreateFunction``, unless a variable is Lambda's own or a zip archive comes without a handler."""
        _check_variables(request)
        if request.get("PackageType", "Zip") == "Zip" and not request.get("Handler"):
            raise refused("Runtime and Handler are mandatory parameters for functions created with deployment packages")
        return super().create_function(context, request)

    @handler("UpdateFunctionConfiguration", expand=False)
    def update_function_configuration(self, context: RequestContext, request: Any) -> Any:
        """Answer ``UpdateFunctionConfiguration``, unless a variable is Lambda's own."""
        _check_variables(request)
        return super().update_function_configuration(context, request)

    @handler("UpdateFunctionCode", expand=False)
    def update_function_code(self, context: RequestContext, request: Any) -> Any:
        """Answer ``UpdateFunctionCode``, unless it names no source of code, or two."""
        archive, other = request.get("ZipFile"), request.get("S3Bucket") or request.get("ImageUri")
        if not archive and not other:
            raise refused("Please provide a source for function code.")
        if archive and other:
            raise refused("Please do not provide other FunctionCode parameters when providing a ZipFile.")
        return super().update_function_code(context, request)

    @handler("CreateEventSourceMapping", expand=False)
    def create_event_source_mapping(self, context: RequestContext, request: Any) -> Any:
        """Answer ``CreateEventSourceMapping``, unless a parameter is not one of the source's kind."""
        if len((request.get("FilterCriteria") or {}).get("Filters") or []) > FILTERS:
            raise refused(f"Exceeded maximum number of allowed filters: {FILTERS}.")
        age = request.get("MaximumRecordAgeInSeconds")
        if age is not None and age != -1 and age < OLDEST_AT_LEAST:
            raise refused(f"MaximumRecordAgeInSeconds must be -1 or at least {OLDEST_AT_LEAST}.")
        if ":sqs:" in (request.get("EventSourceArn") or ""):
            self._check_queue(context, request)
        elif request.get("ScalingConfig"):
            raise refused("ScalingConfig is only supported for SQS event sources.")
        return super().create_event_source_mapping(context, request)

    def _check_queue(self, context: RequestContext, request: Any) -> None:
        for name in STREAM_PARAMETERS:
            if request.get(name) is not None:
                raise refused(f"Unsupported {name} parameter for given event source mapping type.")
        arn = request["EventSourceArn"]
        if arn.endswith(".fifo"):
            if (request.get("BatchSize") or 0) > SQS_BATCH_OF_FIFO:
                raise refused(f"The maximum batch size for FIFO queues is {SQS_BATCH_OF_FIFO}.")
            if request.get("MaximumBatchingWindowInSeconds"):
                raise refused("Batching window is not supported for FIFO queues.")
        account, name = arn.split(":")[4:6]
        sqs = connect_to(aws_access_key_id=account, region_name=arn.split(":")[3]).sqs
        try:
            url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
            hidden = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["VisibilityTimeout"])["Attributes"]
            timeout = self.get_function_configuration(context, request["FunctionName"])["Timeout"]
        except (CommonServiceException, ClientError):
            return  # a queue or a function that does not exist is LocalStack's to refuse
        if int(hidden["VisibilityTimeout"]) < timeout:
            raise refused(
                f"Queue visibility timeout: {hidden['VisibilityTimeout']} seconds is less than "
                f"Function timeout: {timeout} seconds"
            )

    def put_function_event_invoke_config(self, *args: Any, **kwargs: Any) -> Any:
        """Answer ``PutFunctionEventInvokeConfig``, unless a number is out of range."""
        _check_ranges(kwargs)
        return super().put_function_event_invoke_config(*args, **kwargs)

    def update_function_event_invoke_config(self, *args: Any, **kwargs: Any) -> Any:
        """Answer ``UpdateFunctionEventInvokeConfig``, unless a number is out of range."""
        _check_ranges(kwargs)
        return super().update_function_event_invoke_config(*args, **kwargs)


STREAM_PARAMETERS = (
    "StartingPosition",
    "ParallelizationFactor",
    "BisectBatchOnFunctionError",
    "MaximumRetryAttempts",
    "MaximumRecordAgeInSeconds",
    "TumblingWindowInSeconds",
)
"""Parameters of an event source mapping that only streams have, by the same page."""


def refused(message: str) -> CommonServiceException:
    """Return Lambda's error for a parameter that it does not take."""
    return CommonServiceException(code="InvalidParameterValueException", message=message, sender_fault=True)


def _check_variables(request: Any) -> None:
    names = set((request.get("Environment") or {}).get("Variables") or {})
    if taken := sorted(names & RESERVED_VARIABLES):
        raise refused(
            "Lambda was unable to configure your environment variables because the environment variables you have "
            f"provided contains reserved keys that are currently not supported for modification. "
            f"Reserved keys used in this request: {', '.join(taken)}"
        )


def _check_ranges(parameters: dict[str, Any]) -> None:
    for parameter, (name, low, high) in EVENT_RANGES.items():
        value = parameters.get(parameter)
        if value is None or low <= value <= high:
            continue
        bound = f"less than or equal to {high}" if value > high else f"greater than or equal to {low}"
        raise CommonServiceException(
            code="ValidationException",
            message=f"1 validation error detected: Value '{value}' at '{name}' failed to satisfy "
            f"constraint: Member must have value {bound}",
            sender_fault=True,
        )


def _invoke_with_client_context(invoke: Any, self: Any, invocation: Any) -> Any:
    self.runtime_executor.client_context = _decoded(invocation.client_context)
    return invoke(self, invocation)


def _decoded(client_context: str | None) -> str:
    try:
        return base64.b64decode(client_context or "", validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return ""
