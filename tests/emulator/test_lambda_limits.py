"""Settings of functions and event sources that Lambda refuses."""

import json
import zipfile
from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest
from botocore.exceptions import ClientError


def refused(call: Callable[..., Any], code: str, **arguments: Any) -> str:
    """Assert that a call fails with ``code``; return the message."""
    with pytest.raises(ClientError) as refusal:
        call(**arguments)
    assert refusal.value.response["Error"]["Code"] == code, refusal.value
    return refusal.value.response["Error"]["Message"]


@pytest.fixture
def client(aws: Any) -> Any:
    """A client that leaves checking to the service."""
    return aws("lambda", parameter_validation=False)


@pytest.fixture
def definition(functions: Any) -> dict[str, Any]:
    """The arguments of CreateFunction for a small function."""
    return {
        "FunctionName": "limited",
        "Runtime": "python3.13",
        "Role": functions.role,
        "Handler": "app.handler",
        "Code": {"ZipFile": functions.archive({"app.py": "def handler(event, context): return event"})},
    }


# https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html


@pytest.mark.parametrize(
    ("change", "constraint"),
    [
        ({"Timeout": 0}, "Value '0' at 'timeout'"),
        ({"Timeout": 901}, "Member must have value less than or equal to 900"),
        ({"MemorySize": 127}, "Member must have value greater than or equal to 128"),
        ({"MemorySize": 10241}, "Member must have value less than or equal to 10240"),
        ({"EphemeralStorage": {"Size": 511}}, "Value '511' at 'ephemeralStorage.size'"),
        ({"EphemeralStorage": {"Size": 10241}}, "Member must have value less than or equal to 10240"),
        ({"Handler": "two words"}, "Member must satisfy regular expression pattern"),
        ({"Description": "x" * 257}, "Member must have length less than or equal to 256"),
        ({"TracingConfig": {"Mode": "Sometimes"}}, "Member must satisfy enum value set: [Active, PassThrough]"),
        ({"Architectures": ["mips"]}, "architectures"),
        ({"Role": "nobody"}, "Value 'nobody' at 'role'"),
        ({"FunctionName": "two words"}, "functionName"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_setting_out_of_range(client: Any, definition: dict[str, Any], change: Any, constraint: str) -> None:
    assert constraint in refused(client.create_function, "ValidationException", **{**definition, **change})
    assert client.list_functions()["Functions"] == []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"Environment": {"Variables": {"AWS_REGION": "mars"}}}, "Reserved keys used in this request: AWS_REGION"),
        ({"Environment": {"Variables": {"LONG": "x" * 4097}}}, "exceeded the 4KB limit"),
        ({"Runtime": "python2.7"}, "Value python2.7 at 'runtime' failed to satisfy constraint"),
        ({"Handler": None}, "Runtime and Handler are mandatory"),
        ({"Code": {"ZipFile": b"no archive"}}, "Could not unzip uploaded file"),
    ],
    ids=["reserved variable", "4 KB", "old runtime", "no handler", "no archive"],
)
def test_a_function_that_cannot_be(client: Any, definition: dict[str, Any], change: Any, message: str) -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"""
    assert message in refused(client.create_function, "InvalidParameterValueException", **{**definition, **change})


def test_a_function_has_at_most_five_layers(aws: Any, client: Any, definition: dict[str, Any]) -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/adding-layers.html"""
    layers = [f"arn:aws:lambda:us-east-1:{aws.id}:layer:l:{number}" for number in range(1, 7)]
    message = refused(client.create_function, "InvalidParameterValueException", **definition, Layers=layers)
    assert message == "Cannot reference more than 5 layers."


def test_unzipped_code_has_at_most_250_megabytes(client: Any, definition: dict[str, Any]) -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"""
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as bundle:
        bundle.writestr("app.py", "def handler(event, context): return event")
        bundle.writestr("zeros", bytes(251 * 2**20))
    definition["Code"] = {"ZipFile": packed.getvalue()}
    message = refused(client.create_function, "InvalidParameterValueException", **definition)
    assert "Unzipped size must be smaller than 262144000 bytes" in message


def test_new_code_has_one_source(client: Any, definition: dict[str, Any]) -> None:
    """https://docs.aws.amazon.com/lambda/latest/api/API_UpdateFunctionCode.html"""
    client.create_function(**definition)
    update, name, archive = client.update_function_code, "limited", definition["Code"]["ZipFile"]
    assert "provide a source" in refused(update, INVALID, FunctionName=name)
    both = {"ZipFile": archive, "S3Bucket": "code-bucket", "S3Key": "code.zip"}
    assert "other FunctionCode parameters" in refused(update, INVALID, FunctionName=name, **both)


def test_a_name_is_taken_once(client: Any, definition: dict[str, Any]) -> None:
    client.create_function(**definition)
    refused(client.create_function, "ResourceConflictException", **definition)


# https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html


def test_an_event_must_be_json(functions: Any) -> None:
    name = functions.deploy("def handler(event, context): return event")
    for kind in ("RequestResponse", "Event"):
        message = refused(
            functions.client.invoke,
            "InvalidRequestContentException",
            FunctionName=name,
            InvocationType=kind,
            Payload=b"{not json",
        )
        assert message.startswith("Could not parse request body into json")


# https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html


def test_a_hundred_concurrent_executions_stay_unreserved(client: Any, definition: dict[str, Any]) -> None:
    client.create_function(**definition)
    account = client.get_account_settings()["AccountLimit"]["ConcurrentExecutions"]
    reserve = {"FunctionName": "limited", "ReservedConcurrentExecutions": account - 99}
    message = refused(client.put_function_concurrency, "InvalidParameterValueException", **reserve)
    assert "below its minimum value of [100]" in message
    client.put_function_concurrency(FunctionName="limited", ReservedConcurrentExecutions=account - 100)


def test_the_latest_version_has_no_provisioned_concurrency(client: Any, definition: dict[str, Any]) -> None:
    """https://docs.aws.amazon.com/lambda/latest/api/API_PutProvisionedConcurrencyConfig.html"""
    client.create_function(**definition)
    wanted = {"FunctionName": "limited", "Qualifier": "$LATEST", "ProvisionedConcurrentExecutions": 1}
    refused(client.put_provisioned_concurrency_config, "InvalidParameterValueException", **wanted)
    refused(client.put_provisioned_concurrency_config, "ResourceNotFoundException", **wanted | {"Qualifier": "9"})


# Event sources: https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html


@pytest.fixture
def sources(aws: Any, client: Any, definition: dict[str, Any]) -> dict[str, str]:
    """ARNs of a queue, a FIFO queue, a queue that is hidden shortly, and a stream; and the function ``limited``."""
    client.create_function(**definition)
    sqs, prefix = aws("sqs"), f"arn:aws:sqs:us-east-1:{aws.id}:"
    sqs.create_queue(QueueName="plain")
    sqs.create_queue(QueueName="ordered.fifo", Attributes={"FifoQueue": "true"})
    sqs.create_queue(QueueName="short", Attributes={"VisibilityTimeout": "1"})
    aws("kinesis").create_stream(StreamName="clicks", ShardCount=1)
    return {
        "plain": prefix + "plain",
        "ordered": prefix + "ordered.fifo",
        "short": prefix + "short",
        "stream": f"arn:aws:kinesis:us-east-1:{aws.id}:stream/clicks",
    }


LATEST = {"StartingPosition": "LATEST"}
INVALID, OUT_OF_RANGE = "InvalidParameterValueException", "ValidationException"


def test_parameters_of_an_event_source_that_are_refused(client: Any, sources: dict[str, str]) -> None:
    cases: list[tuple[str, dict[str, Any], str]] = [
        ("plain", {"BatchSize": 10001}, OUT_OF_RANGE),
        ("plain", {"BatchSize": 11}, INVALID),
        ("plain", {"MaximumBatchingWindowInSeconds": 301}, OUT_OF_RANGE),
        ("plain", {"ScalingConfig": {"MaximumConcurrency": 1}}, OUT_OF_RANGE),
        ("plain", LATEST, INVALID),
        ("plain", {"ParallelizationFactor": 2}, INVALID),
        ("plain", {"BisectBatchOnFunctionError": True}, INVALID),
        ("plain", {"FunctionResponseTypes": ["Something"]}, OUT_OF_RANGE),
        ("plain", {"FilterCriteria": {"Filters": [{"Pattern": "{no json"}]}}, INVALID),
        ("plain", {"FilterCriteria": {"Filters": [{"Pattern": json.dumps({"body": ["x"]})}] * 6}}, INVALID),
        ("ordered", {"BatchSize": 11}, INVALID),
        ("ordered", {"MaximumBatchingWindowInSeconds": 5}, INVALID),
        ("short", {}, INVALID),
        ("stream", {}, INVALID),
        ("stream", {**LATEST, "ParallelizationFactor": 11}, OUT_OF_RANGE),
        ("stream", {**LATEST, "MaximumRetryAttempts": 10001}, OUT_OF_RANGE),
        ("stream", {**LATEST, "MaximumRecordAgeInSeconds": 59}, INVALID),
        ("stream", {**LATEST, "TumblingWindowInSeconds": 901}, OUT_OF_RANGE),
        ("stream", {**LATEST, "ScalingConfig": {"MaximumConcurrency": 2}}, INVALID),
    ]
    for source, change, code in cases:
        refused(
            client.create_event_source_mapping, code, FunctionName="limited", EventSourceArn=sources[source], **change
        )
    assert client.list_event_source_mappings(FunctionName="limited")["EventSourceMappings"] == []


def test_a_queue_is_hidden_for_as_long_as_the_function_may_take(client: Any, sources: dict[str, str]) -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html"""
    source = {"FunctionName": "limited", "EventSourceArn": sources["short"]}
    message = refused(client.create_event_source_mapping, INVALID, **source)
    assert message == "Queue visibility timeout: 1 seconds is less than Function timeout: 3 seconds"
