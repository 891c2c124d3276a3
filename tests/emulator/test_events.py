"""EventBridge: patterns, transformers, targets, archives and replays.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-what-is.html
"""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError


def refused(call: Callable[[], Any]) -> str:
    """Return the error code of a call that must fail."""
    with pytest.raises(ClientError) as error:
        call()
    return error.value.response["Error"]["Code"]


class Bus:
    """The default bus of an account, and a queue that its rules send to."""

    def __init__(self, account: Any) -> None:
        self.account = account
        self.events = account("events")
        self.sqs = account("sqs")
        self.url, self.arn = self.queue("inbox")

    def queue(self, name: str) -> tuple[str, str]:
        """Create a queue that EventBridge may send to; return its URL and ARN."""
        arn = f"arn:aws:sqs:us-east-1:{self.account.id}:{name}"
        allow = {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sqs:SendMessage"}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [{**allow, "Resource": arn}]})
        return self.sqs.create_queue(QueueName=name, Attributes={"Policy": policy})["QueueUrl"], arn

    def rule(self, pattern: dict[str, Any] | None = None, name: str = "rule", **target: Any) -> str:
        """Create a rule whose target is the queue unless another is named; return its ARN."""
        pattern = {"source": ["shop"]} if pattern is None else pattern
        arn = self.events.put_rule(Name=name, EventPattern=json.dumps(pattern))["RuleArn"]
        answer = self.events.put_targets(Rule=name, Targets=[{"Id": "1", "Arn": self.arn, **target}])
        assert answer["FailedEntryCount"] == 0
        return arn

    def put(self, detail: Any = None, **entry: Any) -> dict[str, Any]:
        entry = {"Source": "shop", "DetailType": "order placed", "Detail": json.dumps(detail or {}), **entry}
        return self.events.put_events(Entries=[entry])

    def received(self, url: str | None = None) -> str:
        """Wait for a message and return its body."""
        for _ in range(20):
            found = self.sqs.receive_message(QueueUrl=url or self.url, WaitTimeSeconds=1, MessageAttributeNames=["All"])
            if "Messages" in found:
                self.last = found["Messages"][0]
                self.sqs.delete_message(QueueUrl=url or self.url, ReceiptHandle=self.last["ReceiptHandle"])
                return self.last["Body"]
        raise AssertionError("nothing came")


@pytest.fixture
def bus(aws: Any) -> Bus:
    """The default bus of a fresh account."""
    return Bus(aws)


EVENT = {
    "id": "1",
    "account": "123456789012",
    "source": "shop",
    "time": "2026-11-23T08:00:00Z",
    "region": "us-east-1",
    "resources": ["arn:aws:s3:::bucket"],
    "detail-type": "order placed",
    "detail": {
        "store": "Berlin.eu",
        "total": 120.5,
        "paid": True,
        "coupon": None,
        "note": "",
        "tags": ["new", "vip"],
        "ip": "10.0.0.7",
        "items": [{"name": "pen"}, {"name": "ink"}],
    },
}

PATTERNS = [
    ({"store": ["Berlin.eu"]}, True),
    ({"store": ["berlin.eu"]}, False),
    ({"store": [{"equals-ignore-case": "berlin.EU"}]}, True),
    ({"store": [{"prefix": "Ber"}]}, True),
    ({"store": [{"prefix": {"equals-ignore-case": "bER"}}]}, True),
    ({"store": [{"suffix": ".eu"}]}, True),
    ({"store": [{"suffix": {"equals-ignore-case": ".EU"}}]}, True),
    ({"store": [{"wildcard": "B*.eu"}]}, True),
    ({"store": [{"wildcard": "Berlin*.eu"}]}, True),
    ({"store": [{"wildcard": "*.us"}]}, False),
    ({"store": [{"anything-but": ["Bonn.eu"]}]}, True),
    ({"store": [{"anything-but": {"prefix": "Ber"}}]}, False),
    ({"store": [{"anything-but": {"suffix": ".us"}}]}, True),
    ({"store": [{"anything-but": {"wildcard": "*lin*"}}]}, False),
    ({"store": [{"anything-but": {"equals-ignore-case": ["BERLIN.EU"]}}]}, False),
    ({"total": [{"numeric": [">", 100, "<=", 120.5]}]}, True),
    ({"total": [{"numeric": ["<", 100]}]}, False),
    ({"paid": [True]}, True),
    ({"coupon": [None]}, True),
    ({"note": [""]}, True),
    ({"missing": [{"exists": False}]}, True),
    ({"store": [{"exists": False}]}, False),
    ({"tags": ["vip"]}, True),
    ({"ip": [{"cidr": "10.0.0.0/24"}]}, True),
    ({"ip": [{"cidr": "10.0.1.0/24"}]}, False),
    ({"items": {"name": ["ink"]}}, True),
    ({"$or": [{"store": ["Bonn.eu"]}, {"total": [{"numeric": [">", 100]}]}]}, True),
    ({"$or": [{"store": ["Bonn.eu"]}, {"paid": [False]}]}, False),
]


@pytest.mark.parametrize(("detail", "expected"), PATTERNS, ids=[json.dumps(case[0]) for case in PATTERNS])
def test_a_pattern_judges_an_event(aws: Any, detail: dict[str, Any], expected: bool) -> None:
    """https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html"""
    pattern = json.dumps({"detail": detail})
    assert aws("events").test_event_pattern(EventPattern=pattern, Event=json.dumps(EVENT))["Result"] is expected


BAD_PATTERNS = [
    "no json",
    '["a list"]',
    "{}",
    '{"source": "not a list"}',
    '{"source": []}',
    '{"detail": {"a": [{"like": "x"}]}}',
    '{"detail": {"a": [{"numeric": [">"]}]}}',
    '{"detail": {"a": [{"numeric": ["around", 5]}]}}',
    '{"detail": {"a": [{"exists": "yes"}]}}',
    '{"detail": {"a": [{"prefix": 5}]}}',
    '{"detail": {"a": [{"wildcard": "a**b"}]}}',
    '{"detail": {"a": [{"cidr": "bad"}]}}',
    '{"detail": {"a": [["nested"]]}}',
]


@pytest.mark.parametrize("pattern", BAD_PATTERNS)
def test_a_pattern_that_means_nothing_is_refused(aws: Any, pattern: str) -> None:
    """https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutRule.html"""
    events = aws("events")
    assert refused(lambda: events.put_rule(Name="rule", EventPattern=pattern)) == "InvalidEventPatternException"
    assert events.list_rules()["Rules"] == []


def test_a_matching_event_reaches_the_target_and_others_do_not(bus: Bus) -> None:
    """https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rules.html"""
    bus.rule({"source": ["shop"], "detail": {"total": [{"numeric": [">", 100]}]}})
    bus.put({"total": 5})
    bus.put({"total": 500})
    event = json.loads(bus.received())
    assert (event["detail"], event["detail-type"], event["account"]) == ({"total": 500}, "order placed", bus.account.id)


def test_input_and_input_path_replace_the_event(bus: Bus) -> None:
    """https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_Target.html"""
    bus.rule(InputPath="$.detail.order")
    bus.put({"order": {"id": 7}})
    assert json.loads(bus.received()) == {"id": 7}
    bus.rule(Input='{"fixed": true}')
    bus.put()
    assert json.loads(bus.received()) == {"fixed": True}


TRANSFORMERS = [
    ({"who": "$.detail.who"}, '"Hello <who>"', '"Hello Ada"'),
    ({"n": "$.detail.n", "list": "$.detail.list"}, '{"n": <n>, "list": <list>}', '{"n": 0, "list": [1, "a"]}'),
    ({"who": "$.detail.who"}, '{"text": "to <who>", "who": <who>}', '{"text": "to Ada", "who": "Ada"}'),
    ({"flag": "$.detail.flag"}, '{"flag": <flag>}', '{"flag": false}'),
    ({"map": "$.detail.map"}, '{"map": <map>}', '{"map": {"q": "say \\"hi\\""}}'),
    ({}, '{"rule": <aws.events.rule-name>}', '{"rule": "rule"}'),
]


@pytest.mark.parametrize(("paths", "template", "expected"), TRANSFORMERS, ids=[case[1] for case in TRANSFORMERS])
def test_an_input_transformer(bus: Bus, paths: dict[str, str], template: str, expected: str) -> None:
    """https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html"""
    bus.rule(InputTransformer={"InputPathsMap": paths, "InputTemplate": template})
    bus.put({"who": "Ada", "n": 0, "list": [1, "a"], "flag": False, "map": {"q": 'say "hi"'}})
    body = bus.received()
    assert json.loads(body) == json.loads(expected)


def test_reserved_variables_of_a_transformer(bus: Bus) -> None:
    """https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html"""
    arn = bus.rule(
        InputTransformer={
            "InputTemplate": '{"rule": <aws.events.rule-arn>, "event": <aws.events.event>, "all": '
            '<aws.events.event.json>, "at": <aws.events.event.ingestion-time>}'
        }
    )
    bus.put({"id": 7})
    body = json.loads(bus.received())
    assert body["rule"] == arn
    assert "detail" not in body["event"]
    assert body["all"]["detail"] == {"id": 7}
    assert body["at"].endswith("Z")


def test_a_placeholder_without_a_path_is_refused(bus: Bus) -> None:
    """https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html"""
    bus.rule()
    target = {"Id": "2", "Arn": bus.arn, "InputTransformer": {"InputTemplate": '"<nobody>"'}}
    assert refused(lambda: bus.events.put_targets(Rule="rule", Targets=[target])) == "ValidationException"


def test_put_events_names_the_entries_that_fail(bus: Bus) -> None:
    """https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html"""
    good = {"Source": "shop", "DetailType": "order placed", "Detail": "{}"}
    entries = [good, {**good, "Detail": "no json"}, {**good, "Source": ""}, {"Source": "shop", "Detail": "{}"}]
    answer = bus.events.put_events(Entries=entries)
    assert answer["FailedEntryCount"] == 3
    assert [entry.get("ErrorCode") for entry in answer["Entries"]] == [
        None,
        "MalformedDetail",
        "InvalidArgument",
        "InvalidArgument",
    ]
    assert answer["Entries"][0]["EventId"]


def test_eleven_entries_are_refused(bus: Bus) -> None:
    """https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html"""
    entry = {"Source": "shop", "DetailType": "order placed", "Detail": "{}"}
    assert refused(lambda: bus.events.put_events(Entries=[entry] * 11)) == "ValidationException"


def test_the_entries_of_a_call_have_a_total_size(bus: Bus) -> None:
    """https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevents.html"""
    large = {"Source": "shop", "DetailType": "t", "Detail": json.dumps({"x": "x" * 220_000})}
    assert refused(lambda: bus.events.put_events(Entries=[large] * 5)) == "ValidationException"


def test_what_cannot_be_delivered_goes_to_the_targets_dead_letter_queue(bus: Bus) -> None:
    """https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html"""
    rule = bus.rule(Arn=bus.arn + "-missing", DeadLetterConfig={"Arn": bus.arn})
    bus.put({"id": 7})
    assert json.loads(bus.received())["detail"] == {"id": 7}
    attributes = {name: value["StringValue"] for name, value in bus.last["MessageAttributes"].items()}
    assert (attributes["RULE_ARN"], attributes["TARGET_ARN"]) == (rule, bus.arn + "-missing")
    assert attributes["ERROR_CODE"]


def test_an_archive_replays_matching_events_with_the_replays_name(bus: Bus) -> None:
    """https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-replay-archived-event.html"""
    source = bus.events.describe_event_bus()["Arn"]
    archive = bus.events.create_archive(
        ArchiveName="orders", EventSourceArn=source, EventPattern=json.dumps({"detail-type": ["order placed"]})
    )["ArchiveArn"]
    bus.rule()
    bus.put({"id": 1}, DetailType="order sent")
    bus.put({"id": 2})
    assert {json.loads(bus.received())["detail"]["id"] for _ in range(2)} == {1, 2}
    now = datetime.now(UTC)
    replay = {"EventSourceArn": archive, "Destination": {"Arn": source}}
    bus.events.start_replay(
        ReplayName="again", EventStartTime=now - timedelta(hours=1), EventEndTime=now + timedelta(minutes=1), **replay
    )
    event = json.loads(bus.received())
    assert (event["detail"], event["replay-name"]) == ({"id": 2}, "again")
    backward = {"EventStartTime": now, "EventEndTime": now - timedelta(hours=1)}
    assert refused(lambda: bus.events.start_replay(ReplayName="odd", **backward, **replay)) == "ValidationException"


def test_another_bus_a_topic_a_function_a_machine_and_a_stream_are_targets(
    bus: Bus, functions: Any, eventually: Callable[..., Any]
) -> None:
    """https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-targets.html"""
    own = bus.events.create_event_bus(Name="own")["EventBusArn"]
    bus.events.put_rule(Name="second", EventBusName="own", EventPattern='{"source": ["shop"]}')
    bus.events.put_targets(Rule="second", EventBusName="own", Targets=[{"Id": "1", "Arn": bus.arn, "Input": '"bus"'}])
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
    allow = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    iam = bus.account("iam")
    role = iam.create_role(RoleName="events", AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    iam.put_role_policy(RoleName="events", PolicyName="all", PolicyDocument=json.dumps(allow))
    states = bus.account("stepfunctions")
    definition = json.dumps({"StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}})
    machine = states.create_state_machine(name="m", definition=definition, roleArn=role)["stateMachineArn"]
    kinesis = bus.account("kinesis", retries={"max_attempts": 5})
    kinesis.create_stream(StreamName="s", ShardCount=1)
    stream = f"arn:aws:kinesis:us-east-1:{bus.account.id}:stream/s"
    bus.events.put_rule(Name="rule", EventPattern='{"source": ["shop"]}')
    bus.events.put_targets(
        Rule="rule",
        Targets=[
            {"Id": "bus", "Arn": own, "RoleArn": role},
            {"Id": "machine", "Arn": machine, "RoleArn": role, "InputPath": "$.detail"},
            {
                "Id": "stream",
                "Arn": stream,
                "RoleArn": role,
                "KinesisParameters": {"PartitionKeyPath": "$.detail.id"},
            },
        ],
    )
    bus.put({"id": "k7"})
    assert bus.received() == '"bus"'
    ran = eventually(lambda: states.list_executions(stateMachineArn=machine)["executions"])[0]["executionArn"]
    assert json.loads(states.describe_execution(executionArn=ran)["input"]) == {"id": "k7"}
    iterator = kinesis.get_shard_iterator(
        StreamName="s", ShardId="shardId-000000000000", ShardIteratorType="TRIM_HORIZON"
    )["ShardIterator"]
    record = eventually(lambda: kinesis.get_records(ShardIterator=iterator)["Records"])[0]
    assert record["PartitionKey"] == "k7"


def test_a_disabled_rule_is_silent(bus: Bus) -> None:
    """https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_DisableRule.html"""
    bus.rule(name="quiet", Input='"quiet"')
    bus.events.disable_rule(Name="quiet")
    bus.rule(name="loud", Input='"loud"')
    bus.put()
    assert bus.received() == '"loud"'
    assert "Messages" not in bus.sqs.receive_message(QueueUrl=bus.url)


@pytest.mark.parametrize(
    "expression",
    ["rate(0 minutes)", "rate(1 minutes)", "rate(5 minute)", "cron(0 9 * * * *)", "every day", "rate(5 seconds)"],
)
def test_a_schedule_that_makes_no_sense_is_refused(aws: Any, expression: str) -> None:
    """https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-rule-schedule.html"""
    assert refused(lambda: aws("events").put_rule(Name="r", ScheduleExpression=expression)) == "ValidationException"


def test_missing_rules_and_rules_with_targets(bus: Bus) -> None:
    """https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_DeleteRule.html"""
    assert refused(lambda: bus.events.describe_rule(Name="missing")) == "ResourceNotFoundException"
    bus.rule()
    assert refused(lambda: bus.events.delete_rule(Name="rule")) == "ValidationException"
    targets = [{"Id": str(n), "Arn": bus.arn} for n in range(6)]
    assert refused(lambda: bus.events.put_targets(Rule="rule", Targets=targets)) == "LimitExceededException"
