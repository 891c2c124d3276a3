"""Synchronous invocation: environments, context, errors, limits and logs."""

import base64
import json
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import ClientError

COUNTER = """
    import os, uuid
    print("loading")
    environment, count = uuid.uuid4().hex, 0

    def handler(event, context):
        global count
        count += 1
        return {"environment": environment, "count": count, "event": event, "pid": os.getpid()}
"""


def test_a_cold_start_then_the_same_environment_again(functions):
    name = functions.deploy(COUNTER)
    cold = functions.invoke(name, {"a": 1})
    warm = functions.invoke(name, [2])
    assert cold.error is None
    assert (cold.payload["count"], cold.payload["event"]) == (1, {"a": 1})
    assert (warm.payload["count"], warm.payload["event"]) == (2, [2])
    assert cold.payload["environment"] == warm.payload["environment"]
    assert cold.log.startswith("INIT_START Runtime Version: python:3.13")
    assert "loading" in cold.log
    assert float(cold.report["Init Duration"].split()[0]) > 0
    assert "INIT_START" not in warm.log
    assert "Init Duration" not in warm.report


def test_new_code_or_configuration_starts_new_environments(functions):
    name = functions.deploy(COUNTER)
    first = functions.invoke(name)
    functions.client.update_function_configuration(FunctionName=name, Environment={"Variables": {"MODE": "1"}})
    functions.settle(name)
    second = functions.invoke(name)
    assert second.payload["count"] == 1
    assert second.payload["environment"] != first.payload["environment"]


def test_twenty_invocations_at_once_use_twenty_environments(functions):
    name = functions.deploy("""
        import os, time

        def handler(event, context):
            time.sleep(1)
            return os.getpid()
    """)
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: functions.invoke(name), range(20)))
    assert [answer.error for answer in answers] == [None] * 20
    # Some may have come when an early one was already free again on a slow machine, but not many.
    assert len({answer.payload for answer in answers}) >= 15


def test_reserved_concurrency_throttles(functions):
    name = functions.deploy("""
        import time

        def handler(event, context):
            time.sleep(event)
    """)
    functions.client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=1)
    functions.invoke(name, 0)
    with ThreadPoolExecutor(2) as pool:
        tries = [pool.submit(functions.invoke, name, 1.5) for _ in range(2)]
        errors = [error for error in (attempt.exception() for attempt in tries) if error]
    assert len(errors) == 1
    response = errors[0].response
    assert response["Error"]["Code"] == "TooManyRequestsException"
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 429
    assert response["Reason"] == "ReservedFunctionConcurrentInvocationLimitExceeded"


def test_reserved_concurrency_of_zero_refuses_everything(functions):
    name = functions.deploy(COUNTER)
    functions.client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    with pytest.raises(functions.client.exceptions.TooManyRequestsException):
        functions.invoke(name)


def test_the_context_object(functions):
    name = functions.deploy(
        """
        import time

        def handler(event, context):
            before = context.get_remaining_time_in_millis()
            time.sleep(0.2)
            return {
                "before": before,
                "after": context.get_remaining_time_in_millis(),
                "aws_request_id": context.aws_request_id,
                "function_name": context.function_name,
                "function_version": context.function_version,
                "memory_limit_in_mb": context.memory_limit_in_mb,
                "invoked_function_arn": context.invoked_function_arn,
                "log_group_name": context.log_group_name,
                "log_stream_name": context.log_stream_name,
            }
        """,
        MemorySize=256,
        Timeout=7,
    )
    answer = functions.invoke(name)
    context = answer.payload
    assert 6000 < context["before"] <= 7000
    assert 190 <= context["before"] - context["after"] < 2000
    assert f"START RequestId: {context['aws_request_id']} Version: $LATEST" in answer.log
    assert context["function_name"] == name
    assert context["function_version"] == "$LATEST"
    assert int(context["memory_limit_in_mb"]) == 256
    assert context["invoked_function_arn"].endswith(f":{functions.account.id}:function:{name}")
    assert context["log_group_name"] == f"/aws/lambda/{name}"
    assert re.fullmatch(r"\d{4}/\d\d/\d\d/\[\$LATEST][0-9a-f]{32}", context["log_stream_name"])


@pytest.mark.parametrize(
    ("code", "error_type", "message"),
    [
        ("import nowhere", "Runtime.ImportModuleError", "Unable to import module 'app': No module named"),
        ("other = 1", "Runtime.HandlerNotFound", "Handler 'handler' missing on module 'app'"),
        ("def handler(:", "Runtime.UserCodeSyntaxError", "Syntax error in module 'app'"),
        ("raise ValueError('at import')", "ValueError", "at import"),
        ("import sys; sys.exit(3)", "Runtime.ExitError", "Runtime exited with error: exit status 3"),
    ],
)
def test_failed_initialization(functions, code, error_type, message):
    name = functions.deploy(code)
    for _ in range(2):
        answer = functions.invoke(name)
        assert answer.error == "Unhandled"
        assert answer.payload["errorType"] == error_type
        assert message in answer.payload["errorMessage"]
        assert "INIT_REPORT Init Duration: " in answer.log
        assert answer.report["Status"] == "error"
        assert answer.report["Error Type"] == error_type


def test_a_malformed_handler(functions):
    name = functions.deploy(COUNTER, Handler="handler")
    assert functions.invoke(name).payload["errorType"] == "Runtime.MalformedHandlerName"


def test_an_exception_in_the_handler(functions):
    name = functions.deploy("""
        class OrderError(Exception):
            pass

        def handler(event, context):
            raise OrderError("no such order")
    """)
    answer = functions.invoke(name)
    assert answer.error == "Unhandled"
    assert answer.payload["errorType"] == "OrderError"
    assert answer.payload["errorMessage"] == "no such order"
    assert "in handler" in answer.payload["stackTrace"][0]
    assert answer.payload["requestId"] in answer.log
    assert "[ERROR] OrderError: no such order\nTraceback (most recent call last):\n" in answer.log


def test_an_exception_keeps_the_environment(functions):
    name = functions.deploy("""
        count = 0

        def handler(event, context):
            global count
            count += 1
            return count if event else 1 / 0
    """)
    assert functions.invoke(name, False).payload["errorType"] == "ZeroDivisionError"
    assert functions.invoke(name, True).payload == 2


def test_a_result_that_is_not_json(functions):
    name = functions.deploy("def handler(event, context): return {1, 2}")
    answer = functions.invoke(name)
    assert answer.payload["errorType"] == "Runtime.MarshalError"
    assert answer.payload["errorMessage"].startswith("Unable to marshal response: ")


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        ("sys.exit(1)", "Runtime exited with error: exit status 1"),
        ("os._exit(7)", "Runtime exited with error: exit status 7"),
        ("os._exit(0)", "Runtime exited without providing a reason"),
        ("os.kill(os.getpid(), 11)", "Runtime exited with error: signal: segmentation fault"),
    ],
)
def test_a_process_that_ends_in_the_middle(functions, statement, reason):
    name = functions.deploy(f"""
        import os, sys
        count = 0

        def handler(event, context):
            global count
            count += 1
            if event:
                {statement}
            return count
    """)
    assert functions.invoke(name, False).payload == 1
    answer = functions.invoke(name, True)
    assert answer.error == "Unhandled"
    assert answer.payload["errorType"] == "Runtime.ExitError"
    assert re.fullmatch(rf"RequestId: [0-9a-f-]{{36}} Error: {reason}", answer.payload["errorMessage"])
    assert answer.report["Status"] == "error"
    assert functions.invoke(name, False).payload == 1, "the next invocation has a new process"


def test_a_timeout_ends_the_process_but_not_the_environment(functions):
    name = functions.deploy(
        """
        import os, tempfile, time
        count, mark = 0, tempfile.gettempdir() + "/kept"

        def handler(event, context):
            global count
            count += 1
            print("working")
            if event:
                open(mark, "w").close()
                time.sleep(30)
            return {"count": count, "kept": os.path.exists(mark), "stream": context.log_stream_name}
        """,
        Timeout=1,
    )
    before = functions.invoke(name, False).payload
    answer = functions.invoke(name, True)
    request_id = re.search(r"START RequestId: (\S+)", answer.log)[1]
    assert answer.error == "Unhandled"
    assert answer.payload == {
        "errorType": "Sandbox.Timedout",
        "errorMessage": f"RequestId: {request_id} Error: Task timed out after 1.00 seconds",
    }
    assert "working" in answer.log
    assert f"{request_id} Task timed out after 1.00 seconds" in answer.log
    assert answer.report["Status"] == "timeout"
    assert answer.report["Duration"] == "1000.00 ms"
    after = functions.invoke(name, False).payload
    assert after == {"count": 1, "kept": True, "stream": before["stream"]}


def test_a_new_process_initializes_on_the_invocations_time(functions):
    name = functions.deploy(
        """
        import os, tempfile, time
        mark = tempfile.gettempdir() + "/again"
        if os.path.exists(mark):
            time.sleep(30)

        def handler(event, context):
            open(mark, "w").close()
            os._exit(1)
        """,
        Timeout=1,
    )
    assert functions.invoke(name).payload["errorType"] == "Runtime.ExitError"
    answer = functions.invoke(name)
    assert answer.payload["errorType"] == "Sandbox.Timedout"
    assert re.search(r"INIT_REPORT Init Duration: 1000\.00 ms\tPhase: invoke\tStatus: timeout", answer.log)


def test_more_memory_than_the_function_has(functions):
    name = functions.deploy(
        """
        def handler(event, context):
            hoard = []
            for _ in range(event):
                hoard.append(b"x" * 1024 * 1024)
            return len(hoard)
        """,
        MemorySize=128,
    )
    assert functions.invoke(name, 20).payload == 20
    answer = functions.invoke(name, 1000)
    assert answer.error == "Unhandled"
    assert answer.payload["errorType"] == "Runtime.OutOfMemory"
    assert answer.payload["errorMessage"].endswith("Error: Runtime exited with error: signal: killed")
    assert answer.report["Max Memory Used"] == "128 MB"
    assert functions.invoke(name, 20).payload == 20


def test_the_smallest_function_has_room_for_boto3(functions):
    name = functions.deploy(
        """
        import boto3
        clients = [boto3.client(service) for service in ("s3", "dynamodb", "sqs", "sns")]

        def handler(event, context):
            return boto3.client("sts").get_caller_identity()["Account"]
        """,
        MemorySize=128,
        Timeout=30,
    )
    answer = functions.invoke(name)
    assert answer.payload == functions.account.id
    assert 30 <= int(answer.report["Max Memory Used"].split()[0]) < 128


def test_the_report_measures(functions):
    name = functions.deploy("""
        import time

        def handler(event, context):
            hoard = b"x" * 1024 * 1024 * event["mb"]
            time.sleep(event["seconds"])
    """)
    small = functions.invoke(name, {"mb": 1, "seconds": 0}).report
    large = functions.invoke(name, {"mb": 60, "seconds": 0.3}).report
    used = [int(report["Max Memory Used"].split()[0]) for report in (small, large)]
    assert 50 <= used[1] - used[0] <= 70
    assert 300 <= float(large["Duration"].split()[0]) < 2000
    assert large["Memory Size"] == "128 MB"


def test_print_and_logging_reach_cloudwatch(functions, eventually):
    name = functions.deploy("""
        import logging
        logging.getLogger().setLevel("INFO")

        def handler(event, context):
            print("printed")
            logging.info("logged")
            logging.debug("not logged")
            if event:
                raise ValueError("several lines")
    """)
    answer = functions.invoke(name)
    assert "printed" in answer.log
    assert re.search(r"\[INFO]\t\S+Z\t[0-9a-f-]{36}\tlogged", answer.log)
    functions.invoke(name, True)
    eventually(lambda: len(functions.logged(name, "^REPORT RequestId")) == 2)
    assert len(functions.logged(name, "^printed\n$")) == 2
    assert len(functions.logged(name, "^INIT_START")) == 1
    assert functions.logged(name, "not logged") == []
    (traceback,) = functions.logged(name, "several lines")
    assert traceback.startswith("[ERROR] ValueError: several lines\nTraceback"), "one event, several lines"


def test_failed_initialization_is_logged(functions, eventually):
    name = functions.deploy("import nowhere")
    functions.invoke(name)
    assert eventually(lambda: functions.logged(name, "No module named 'nowhere'"))


def test_json_logs_and_a_log_group_of_choice(functions, eventually):
    group = "/course/orders"
    name = functions.deploy(
        """
        import logging

        def handler(event, context):
            logging.getLogger().warning("stock is low", extra={"sku": "a-1"})
            logging.getLogger().info("below the level")
        """,
        LoggingConfig={"LogFormat": "JSON", "ApplicationLogLevel": "WARN", "LogGroup": group},
    )
    functions.invoke(name)
    records = [json.loads(line) for line in eventually(lambda: functions.logged(name, ".", group))]
    (warning,) = [record for record in records if record.get("level") == "WARNING"]
    assert (warning["message"], warning["sku"]) == ("stock is low", "a-1")
    assert not [record for record in records if record.get("message") == "below the level"]
    (report,) = [record["record"] for record in records if record.get("type") == "platform.report"]
    assert report["status"] == "success"
    assert report["metrics"]["memorySizeMB"] == 128
    assert warning["requestId"] == report["requestId"]


def test_a_response_above_six_megabytes(functions):
    name = functions.deploy("def handler(event, context): return 'x' * event", MemorySize=256)
    assert len(functions.invoke(name, 6_000_000).payload) == 6_000_000
    answer = functions.invoke(name, 6_400_000)
    assert answer.payload["errorType"] == "Function.ResponseSizeTooLarge"
    assert functions.invoke(name, 1).payload == "x"


@pytest.mark.parametrize(("kind", "limit"), [("RequestResponse", 6_291_456), ("Event", 1_048_576)])
def test_a_request_that_is_too_large(functions, kind, limit):
    name = functions.deploy("def handler(event, context): return len(event)", MemorySize=256)
    fits, too_large = (b'"' + b"x" * (limit - 2 + more) + b'"' for more in (0, 1))
    functions.client.invoke(FunctionName=name, InvocationType=kind, Payload=fits)
    with pytest.raises(ClientError) as error:
        functions.client.invoke(FunctionName=name, InvocationType=kind, Payload=too_large)
    assert error.value.response["Error"]["Code"] == "RequestEntityTooLargeException"
    assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == 413
    assert f"(limit {limit} bytes)" in error.value.response["Error"]["Message"]


def test_the_client_context(functions):
    name = functions.deploy("""
        def handler(event, context):
            return context.client_context and context.client_context.custom
    """)
    sent = base64.b64encode(json.dumps({"custom": {"tenant": "a"}}).encode()).decode()
    assert functions.invoke(name, ClientContext=sent).payload == {"tenant": "a"}
    assert functions.invoke(name).payload is None


def test_a_runtime_other_than_python_says_what_to_do(functions):
    name = functions.deploy(
        {"index.js": "exports.handler = async () => 1"}, Runtime="nodejs22.x", Handler="index.handler"
    )
    answer = functions.invoke(name)
    assert answer.error == "Unhandled"
    assert "runs Python functions only" in answer.payload["errorMessage"]
    assert "Runtime python3.13" in answer.payload["errorMessage"]


@pytest.mark.parametrize("runtime", ["python3.9", "python3.12", "python3.14"])
def test_other_python_versions_run(functions, runtime):
    name = functions.deploy(
        "import os\ndef handler(event, context): return os.environ['AWS_EXECUTION_ENV']", Runtime=runtime
    )
    assert functions.invoke(name).payload == f"AWS_Lambda_{runtime}"


def test_bad_input(functions):
    client = functions.client
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.invoke(FunctionName="absent")
    name = functions.deploy(COUNTER)
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.invoke(FunctionName=name, Qualifier="7")
    with pytest.raises(client.exceptions.InvalidRequestContentException):
        client.invoke(FunctionName=name, Payload=b"\xff\xfe")
    assert client.invoke(FunctionName=name, InvocationType="DryRun")["StatusCode"] == 204


def test_cloudwatch_counts_every_invocation_and_every_error(functions, aws, eventually):
    """https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html"""
    name = functions.deploy("""
        def handler(event, context):
            return 1 / event
    """)
    begin = datetime.now(UTC) - timedelta(minutes=2)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda number: functions.invoke(name, number % 3), range(12)))

    def counted(metric):
        points = aws("cloudwatch").get_metric_statistics(
            Namespace="AWS/Lambda",
            MetricName=metric,
            Dimensions=[{"Name": "FunctionName", "Value": name}],
            StartTime=begin,
            EndTime=datetime.now(UTC) + timedelta(minutes=1),
            Period=60,
            Statistics=["Sum", "SampleCount"],
        )["Datapoints"]
        return [sum(point[kind] for point in points) for kind in ("Sum", "SampleCount")]

    eventually(lambda: counted("Invocations") == [12, 12])
    eventually(lambda: counted("Errors") == [4, 12])
    milliseconds, samples = counted("Duration")
    assert samples == 12
    assert 0 < milliseconds < 12 * 10_000
    assert counted("Throttles")[0] == 0


def test_a_response_is_a_stream_of_events(functions):
    """https://docs.aws.amazon.com/lambda/latest/api/API_InvokeWithResponseStream.html"""
    name = functions.deploy("def handler(event, context): return 'x' * event")
    answer = functions.client.invoke_with_response_stream(FunctionName=name, Payload=b"100000", LogType="Tail")
    assert answer["StatusCode"] == 200
    *chunks, end = answer["EventStream"]
    assert json.loads(b"".join(chunk["PayloadChunk"]["Payload"] for chunk in chunks)) == "x" * 100_000
    assert b"REPORT RequestId" in base64.b64decode(end["InvokeComplete"]["LogResult"])
    (end,) = functions.client.invoke_with_response_stream(FunctionName=name, Payload=b"[]")["EventStream"]
    assert end["InvokeComplete"]["ErrorCode"] == "TypeError"
    with pytest.raises(functions.client.exceptions.ResourceNotFoundException):
        functions.client.invoke_with_response_stream(FunctionName="absent")


def test_system_logs_of_level_warn_tell_failures_only(functions):
    """https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html"""
    name = functions.deploy(
        """
        import os

        def handler(event, context):
            if event:
                os._exit(1)
        """,
        LoggingConfig={"LogFormat": "JSON", "SystemLogLevel": "WARN"},
    )
    assert "platform." not in functions.invoke(name).log
    log = functions.invoke(name, 1).log
    assert "platform.start" not in log
    assert '"errorType": "Runtime.ExitError"' in log
