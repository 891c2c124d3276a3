"""EventBridge Scheduler: schedules that fire at what the account has.

https://docs.aws.amazon.com/scheduler/latest/UserGuide/what-is-scheduler.html
"""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "scheduler.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
ALLOW = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}


def at(seconds: float) -> str:
    """Return the expression for a moment, some seconds from now."""
    return f"at({(datetime.now(UTC) + timedelta(seconds=seconds)):%Y-%m-%dT%H:%M:%S})"


def refused(call: Callable[[], Any]) -> str:
    """Return the error code of a call that must fail."""
    with pytest.raises(ClientError) as error:
        call()
    return error.value.response["Error"]["Code"]


class Planner:
    """Makes schedules, and queues for what they send, in one account."""

    def __init__(self, account: Any, eventually: Callable[..., Any]) -> None:
        self.account = account
        self.client = account("scheduler")
        self.sqs = account("sqs")
        self.eventually = eventually
        self.role = account("iam").create_role(RoleName="scheduler", AssumeRolePolicyDocument=json.dumps(TRUST))[
            "Role"
        ]["Arn"]
        account("iam").put_role_policy(RoleName="scheduler", PolicyName="all", PolicyDocument=json.dumps(ALLOW))
        self.url = self.sqs.create_queue(QueueName="inbox")["QueueUrl"]
        self.queue = f"arn:aws:sqs:us-east-1:{account.id}:inbox"

    def create(self, expression: str, target: dict[str, Any] | None = None, **request: Any) -> str:
        """Create a schedule, by default one that sends to the queue; return its ARN."""
        target = {"Arn": self.queue, "RoleArn": self.role, "Input": "hello", **(target or {})}
        request = {"Name": "plan", "FlexibleTimeWindow": {"Mode": "OFF"}, **request}
        return self.client.create_schedule(ScheduleExpression=expression, Target=target, **request)["ScheduleArn"]

    def received(self, url: str | None = None, **request: Any) -> dict[str, Any]:
        """Wait for one message and return it."""
        request = {"MessageAttributeNames": ["All"], "AttributeNames": ["All"], **request}
        return self.eventually(
            lambda: self.sqs.receive_message(QueueUrl=url or self.url, WaitTimeSeconds=2, **request).get("Messages")
        )[0]

    def names(self) -> list[str]:
        return [schedule["Name"] for schedule in self.client.list_schedules()["Schedules"]]


@pytest.fixture
def planner(aws: Any, eventually: Callable[..., Any]) -> Planner:
    """Schedules of a fresh account."""
    return Planner(aws, eventually)


def test_a_one_time_schedule_sends_its_input_to_a_queue(planner: Planner) -> None:
    """https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html"""
    planner.create(at(1))
    assert planner.received()["Body"] == "hello"
    assert planner.names() == ["plan"]


def test_a_rate_starts_at_once(planner: Planner) -> None:
    """https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html"""
    planner.create("rate(1 hour)")
    assert planner.received()["Body"] == "hello"


def test_a_time_zone_and_a_start_date(planner: Planner) -> None:
    """https://docs.aws.amazon.com/scheduler/latest/APIReference/API_CreateSchedule.html"""
    now = datetime.now(UTC)
    planner.create("rate(1 hour)", StartDate=now + timedelta(hours=1), Name="later")
    local = now + timedelta(seconds=1, hours=9)
    planner.create(f"at({local:%Y-%m-%dT%H:%M:%S})", {"Input": "Tokyo"}, ScheduleExpressionTimezone="Asia/Tokyo")
    assert planner.received()["Body"] == "Tokyo"
    assert "Messages" not in planner.sqs.receive_message(QueueUrl=planner.url)


def test_a_disabled_schedule_waits_until_it_is_enabled(planner: Planner) -> None:
    """https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-state.html"""
    planner.create("rate(1 hour)", State="DISABLED", Name="asleep")
    planner.create(at(1), {"Input": "awake"})
    assert planner.received()["Body"] == "awake"
    assert "Messages" not in planner.sqs.receive_message(QueueUrl=planner.url)
    described = planner.client.get_schedule(Name="asleep")
    planner.client.update_schedule(
        Name="asleep",
        State="ENABLED",
        **{key: described[key] for key in ("ScheduleExpression", "FlexibleTimeWindow", "Target")},
    )
    assert planner.received()["Body"] == "hello"


def test_a_completed_schedule_deletes_itself_if_told_to(planner: Planner, eventually: Callable[..., Any]) -> None:
    """https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-delete.html"""
    planner.create(at(0), ActionAfterCompletion="DELETE")
    planner.received()
    assert eventually(lambda: planner.names() == [])


def test_keywords_in_the_input_are_replaced(planner: Planner) -> None:
    """https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-context-attributes.html"""
    expression = at(0)
    text = "<aws.scheduler.schedule-arn> <aws.scheduler.scheduled-time> <aws.scheduler.attempt-number>"
    arn = planner.create(expression, {"Input": text})
    assert planner.received()["Body"] == f"{arn} {expression[3:-1]}Z 1"


def test_a_fifo_queue_gets_its_group(planner: Planner) -> None:
    """https://docs.aws.amazon.com/scheduler/latest/APIReference/API_SqsParameters.html"""
    attributes = {"FifoQueue": "true", "ContentBasedDeduplication": "true"}
    url = planner.sqs.create_queue(QueueName="inbox.fifo", Attributes=attributes)["QueueUrl"]
    target = {"Arn": f"{planner.queue}.fifo"}
    assert refused(lambda: planner.create(at(0), target)) == "ValidationException"
    planner.create(at(0), {**target, "SqsParameters": {"MessageGroupId": "group"}})
    assert planner.received(url)["Attributes"]["MessageGroupId"] == "group"


def test_a_function_is_invoked_with_the_default_notification(planner: Planner, functions: Any) -> None:
    """https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-targets-templated.html"""
    name = functions.deploy(
        """
        import os
        import boto3

        def handler(event, context):
            boto3.client("sqs").send_message(QueueUrl=os.environ["URL"], MessageBody=event["detail-type"])
        """,
        Environment={"Variables": {"URL": planner.url}},
    )
    target = {"Arn": f"arn:aws:lambda:us-east-1:{planner.account.id}:function:{name}", "RoleArn": planner.role}
    planner.client.create_schedule(
        Name="plan", ScheduleExpression=at(0), FlexibleTimeWindow={"Mode": "OFF"}, Target=target
    )
    assert planner.received()["Body"] == "Scheduled Event"


def test_a_topic_an_event_bus_and_any_api_are_targets(planner: Planner) -> None:
    """https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-targets.html"""
    topic = planner.account("sns").create_topic(Name="news")["TopicArn"]
    planner.account("sns").subscribe(
        TopicArn=topic, Protocol="sqs", Endpoint=planner.queue, Attributes={"RawMessageDelivery": "true"}
    )
    planner.sqs.set_queue_attributes(
        QueueUrl=planner.url,
        Attributes={
            "Policy": json.dumps(
                {
                    "Version": "2012-10-17",
                    "Statement": [
                        {
                            "Effect": "Allow",
                            "Principal": "*",
                            "Action": "sqs:SendMessage",
                            "Resource": planner.queue,
                        }
                    ],
                }
            )
        },
    )
    events = planner.account("events")
    events.put_rule(Name="all", EventPattern=json.dumps({"source": ["plans"]}))
    events.put_targets(Rule="all", Targets=[{"Id": "1", "Arn": planner.queue, "InputPath": "$.detail.said"}])
    planner.create(at(0), {"Arn": topic, "Input": "by topic"}, Name="topic")
    bus = {
        "Arn": f"arn:aws:events:us-east-1:{planner.account.id}:event-bus/default",
        "Input": json.dumps({"said": "by bus"}),
        "EventBridgeParameters": {"DetailType": "plan", "Source": "plans"},
    }
    planner.create(at(0), bus, Name="bus")
    call = {"QueueUrl": planner.url, "MessageBody": "by api"}
    universal = {"Arn": "arn:aws:scheduler:::aws-sdk:sqs:sendMessage", "Input": json.dumps(call)}
    planner.create(at(0), universal, Name="api")
    assert {planner.received()["Body"] for _ in range(3)} == {"by topic", '"by bus"', "by api"}


def test_what_cannot_be_delivered_goes_to_the_dead_letter_queue(planner: Planner) -> None:
    """https://docs.aws.amazon.com/scheduler/latest/UserGuide/configuring-schedule-dlq.html"""
    target = {
        "Arn": planner.queue.replace("inbox", "missing"),
        "RetryPolicy": {"MaximumRetryAttempts": 1, "MaximumEventAgeInSeconds": 60},
        "DeadLetterConfig": {"Arn": planner.queue},
    }
    arn = planner.create(at(0), target)
    letter = planner.received()
    assert json.loads(letter["Body"])["MessageBody"] == "hello"
    attributes = {name: value["StringValue"] for name, value in letter["MessageAttributes"].items()}
    assert attributes["ERROR_CODE"] == "AWS.SimpleQueueService.NonExistentQueue"
    assert attributes["RETRY_ATTEMPTS"] == "1"
    assert attributes["EXHAUSTED_RETRY_CONDITION"] == "MaximumRetryAttempts"
    assert attributes["SCHEDULE_ARN"] == arn


@pytest.mark.parametrize(
    ("expression", "change"),
    [
        ("rate(0 minutes)", {}),
        ("cron(0 9 * * * *)", {}),
        ("at(tomorrow)", {}),
        ("rate(1 hour)", {"ScheduleExpressionTimezone": "Mars/Olympus"}),
        ("rate(1 hour)", {"FlexibleTimeWindow": {"Mode": "FLEXIBLE"}}),
        ("rate(1 hour)", {"FlexibleTimeWindow": {"Mode": "OFF", "MaximumWindowInMinutes": 5}}),
    ],
)
def test_a_schedule_that_makes_no_sense_is_refused(planner: Planner, expression: str, change: dict[str, Any]) -> None:
    """https://docs.aws.amazon.com/scheduler/latest/APIReference/API_CreateSchedule.html"""
    assert refused(lambda: planner.create(expression, **change)) == "ValidationException"
    assert planner.names() == []


@pytest.mark.parametrize(
    "target",
    [
        {"Arn": "arn:aws:ec2:us-east-1:000000000000:instance/i-1"},
        {"Arn": "arn:aws:scheduler:::aws-sdk:sqs:getQueueUrl", "Input": "{}"},
        {"Arn": "arn:aws:lambda:us-east-1:000000000000:function:f", "Input": "no json"},
        {"Arn": "arn:aws:kinesis:us-east-1:000000000000:stream/s"},
        {"DeadLetterConfig": {"Arn": "arn:aws:sqs:us-east-1:000000000000:dead.fifo"}},
    ],
    ids=["instance", "a read", "no json", "no partition key", "fifo letters"],
)
def test_a_target_that_cannot_be_invoked_is_refused(planner: Planner, target: dict[str, Any]) -> None:
    """https://docs.aws.amazon.com/scheduler/latest/APIReference/API_Target.html"""
    assert refused(lambda: planner.create("rate(1 hour)", target)) == "ValidationException"


def test_a_role_must_exist_and_trust_the_scheduler(planner: Planner) -> None:
    """https://docs.aws.amazon.com/scheduler/latest/UserGuide/setting-up.html"""
    missing = {"RoleArn": planner.role + "-missing"}
    with pytest.raises(ClientError, match="must allow AWS EventBridge Scheduler to assume the role") as error:
        planner.create("rate(1 hour)", missing)
    assert error.value.response["Error"]["Code"] == "ValidationException"
    trust = json.dumps(TRUST).replace("scheduler.", "lambda.")
    other = planner.account("iam").create_role(RoleName="other", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    assert refused(lambda: planner.create("rate(1 hour)", {"RoleArn": other})) == "ValidationException"


def test_names_and_groups(planner: Planner) -> None:
    """https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-group.html"""
    planner.create(at(3600))
    assert refused(lambda: planner.create(at(3600))) == "ConflictException"
    assert refused(lambda: planner.create(at(3600), GroupName="missing")) == "ResourceNotFoundException"
    planner.client.create_schedule_group(Name="group")
    assert refused(lambda: planner.client.create_schedule_group(Name="group")) == "ConflictException"
    planner.create(at(3600), GroupName="group")
    planner.client.delete_schedule_group(Name="group")
    assert refused(lambda: planner.client.get_schedule(Name="plan", GroupName="group")) == "ResourceNotFoundException"
    assert refused(lambda: planner.client.delete_schedule_group(Name="missing")) == "ResourceNotFoundException"


def test_a_client_may_send_a_request_twice(planner: Planner) -> None:
    """https://docs.aws.amazon.com/scheduler/latest/APIReference/API_CreateSchedule.html"""
    expression = at(3600)
    arn = planner.create(expression, ClientToken="once")
    assert planner.create(expression, ClientToken="once") == arn
    assert refused(lambda: planner.create("rate(1 hour)", ClientToken="once")) == "ConflictException"


def test_retries_and_windows_have_limits(planner: Planner) -> None:
    """https://docs.aws.amazon.com/scheduler/latest/APIReference/API_RetryPolicy.html"""
    too_often = {"RetryPolicy": {"MaximumRetryAttempts": 186}}
    assert refused(lambda: planner.create(at(3600), too_often)) == "ValidationException"
    wide = {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 1_441}
    assert refused(lambda: planner.create(at(3600), FlexibleTimeWindow=wide)) == "ValidationException"
