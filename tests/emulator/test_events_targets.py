"""EventBridge: API destinations, buses of other accounts, replays to named rules, and targets that are refused.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-targets.html
"""

import json
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from botocore.exceptions import ClientError

PATTERN = '{"source": ["shop"]}'


def refused(call: Callable[[], Any]) -> str:
    """Return the error code of a call that must fail."""
    with pytest.raises(ClientError) as error:
        call()
    return error.value.response["Error"]["Code"]


def inbox(account: Any, name: str) -> tuple[str, str]:
    """Create a queue that EventBridge may send to; return its URL and ARN."""
    arn = f"arn:aws:sqs:us-east-1:{account.id}:{name}"
    allow = {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sqs:SendMessage"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [{**allow, "Resource": arn}]})
    return account("sqs").create_queue(QueueName=name, Attributes={"Policy": policy})["QueueUrl"], arn


def received(account: Any, url: str, seconds: int = 10) -> list[Any]:
    """Wait for a message; return the bodies that came, read as JSON."""
    answer = account("sqs").receive_message(QueueUrl=url, WaitTimeSeconds=seconds, MessageAttributeNames=["All"])
    return [json.loads(message["Body"]) for message in answer.get("Messages", [])]


def role(account: Any) -> str:
    """Create a role that EventBridge may assume and that may do everything; return its ARN."""
    iam = account("iam")
    trust = {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sts:AssumeRole"}
    allow = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    arn = iam.create_role(
        RoleName="events", AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": trust})
    )["Role"]["Arn"]
    document = json.dumps({"Version": "2012-10-17", "Statement": allow})
    iam.put_role_policy(RoleName="events", PolicyName="all", PolicyDocument=document)
    return arn


def rule(account: Any, name: str, bus: str = "default", **target: Any) -> str:
    """Create a rule for the shop's events with one target; return the rule's ARN."""
    events = account("events")
    arn = events.put_rule(Name=name, EventBusName=bus, EventPattern=PATTERN)["RuleArn"]
    answer = events.put_targets(Rule=name, EventBusName=bus, Targets=[{"Id": "1", **target}])
    assert answer["FailedEntryCount"] == 0
    return arn


def put(account: Any, detail: Any, **entry: Any) -> dict[str, Any]:
    """Put one event of the shop."""
    entry = {"Source": "shop", "DetailType": "order placed", "Detail": json.dumps(detail), **entry}
    return account("events").put_events(Entries=[entry])


class Shop(ThreadingHTTPServer):
    """An HTTP endpoint that remembers requests, and answers with the statuses that it is told."""

    def __init__(self, statuses: list[int]) -> None:
        self.asked: list[tuple[str, dict[str, str], Any]] = []
        self.statuses = statuses
        super().__init__(("127.0.0.1", 0), Answer)
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Answer(BaseHTTPRequestHandler):
    """One request to the shop."""

    server: Shop

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append((self.path, dict(self.headers), body))
        self.send_response(self.server.statuses.pop(0) if self.server.statuses else 200)
        self.end_headers()

    def log_message(self, *arguments: Any) -> None:
        pass


@pytest.fixture
def shop() -> Iterator[Shop]:
    """An endpoint that is busy at first."""
    server = Shop([429])
    yield server
    server.shutdown()


def destination(account: Any, shop: Shop) -> str:
    """Create an API destination whose URL has a place for the order's id; return its ARN."""
    events = account("events")
    connection = events.create_connection(
        Name="shop",
        AuthorizationType="API_KEY",
        AuthParameters={"ApiKeyAuthParameters": {"ApiKeyName": "x-key", "ApiKeyValue": "secret"}},
    )["ConnectionArn"]
    return events.create_api_destination(
        Name="orders",
        ConnectionArn=connection,
        HttpMethod="POST",
        InvocationEndpoint=f"http://127.0.0.1:{shop.server_port}/orders/*",
    )["ApiDestinationArn"]


def test_an_api_destination_is_called_again_when_it_is_busy(
    aws: Any, shop: Shop, eventually: Callable[..., Any]
) -> None:
    """https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-api-destinations.html"""
    parameters = {"PathParameterValues": ["$.detail.id"], "HeaderParameters": {"x-from": "$.source"}}
    rule(aws, "call", Arn=destination(aws, shop), RoleArn=role(aws), HttpParameters=parameters)
    put(aws, {"id": "a/7"})
    path, headers, body = eventually(lambda: len(shop.asked) == 2 and shop.asked[-1])
    assert (path, headers["x-from"], headers["x-key"]) == ("/orders/a%2F7", "shop", "secret")
    assert body["detail"] == {"id": "a/7"}


def test_an_event_that_an_api_destination_refuses_is_a_dead_letter_at_once(aws: Any, shop: Shop) -> None:
    """https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-api-destinations.html"""
    shop.statuses[:] = [422]
    url, arn = inbox(aws, "dead")
    rule(aws, "call", Arn=destination(aws, shop), RoleArn=role(aws), DeadLetterConfig={"Arn": arn})
    put(aws, {"id": 1})
    assert [event["detail"] for event in received(aws, url)] == [{"id": 1}]
    assert len(shop.asked) == 1


def test_the_bus_of_another_account_takes_what_its_policy_allows(aws: Any, another_account: Callable[[], Any]) -> None:
    """https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-cross-account.html"""
    mine, theirs = aws, another_account()
    url, arn = inbox(theirs, "inbox")
    rule(theirs, "all", Arn=arn)
    bus = f"arn:aws:events:us-east-1:{theirs.id}:event-bus/default"
    assert refused(lambda: put(mine, {"id": 1}, EventBusName=bus)) == "AccessDeniedException"
    theirs("events").put_permission(StatementId="partner", Action="events:PutEvents", Principal=mine.id)
    rule(mine, "forward", Arn=bus, RoleArn=role(mine))
    put(mine, {"id": 2})
    [event] = received(theirs, url)
    assert (event["account"], event["detail"]) == (mine.id, {"id": 2})
    theirs("events").remove_permission(StatementId="partner")
    assert refused(lambda: put(mine, {"id": 3}, EventBusName=bus)) == "AccessDeniedException"


def test_a_replay_may_name_the_rules_that_get_its_events(aws: Any, eventually: Callable[..., Any]) -> None:
    """https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_ReplayDestination.html"""
    events = aws("events")
    source = events.create_event_bus(Name="own")["EventBusArn"]
    archive = events.create_archive(ArchiveName="all", EventSourceArn=source)["ArchiveArn"]
    put(aws, {"id": 1}, EventBusName="own")
    assert eventually(lambda: events.describe_archive(ArchiveName="all")["EventCount"] == 1)
    urls = {}
    for name in ("other", "named"):
        urls[name], arn = inbox(aws, name)
        named = rule(aws, name, "own", Arn=arn)
    now = datetime.now(UTC)
    events.start_replay(
        ReplayName="again",
        EventSourceArn=archive,
        EventStartTime=now - timedelta(hours=1),
        EventEndTime=now + timedelta(minutes=1),
        Destination={"Arn": source, "FilterArns": [named]},
    )
    assert [event["replay-name"] for event in received(aws, urls["named"])] == ["again"]
    assert received(aws, urls["other"], 0) == []


def test_a_rule_has_five_targets(aws: Any) -> None:
    """https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html"""
    events = aws("events")
    events.put_rule(Name="rule", EventPattern=PATTERN)
    targets = [{"Id": str(number), "Arn": f"arn:aws:sqs:us-east-1:{aws.id}:q"} for number in range(6)]
    assert refused(lambda: events.put_targets(Rule="rule", Targets=targets)) == "LimitExceededException"
    assert events.list_targets_by_rule(Rule="rule")["Targets"] == []


@pytest.mark.parametrize(
    "change",
    [
        {"Input": "{no json"},
        {"Input": "{}", "InputPath": "$.detail"},
        {"Arn": "arn:aws:states:us-east-1:123456789012:stateMachine:m"},
        {"RetryPolicy": {"MaximumRetryAttempts": 186}},
    ],
    ids=["input", "two inputs", "no role", "retries"],
)
def test_a_target_that_makes_no_sense_is_refused(aws: Any, change: dict[str, Any]) -> None:
    """https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_Target.html"""
    events = aws("events")
    events.put_rule(Name="rule", EventPattern=PATTERN)
    target = {"Id": "1", "Arn": f"arn:aws:sqs:us-east-1:{aws.id}:q", **change}
    assert refused(lambda: events.put_targets(Rule="rule", Targets=[target])) == "ValidationException"


def test_a_target_that_is_no_arn_fails_alone(aws: Any) -> None:
    """https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutTargets.html"""
    events = aws("events")
    events.put_rule(Name="rule", EventPattern=PATTERN)
    good = {"Id": "good", "Arn": f"arn:aws:sqs:us-east-1:{aws.id}:q"}
    answer = events.put_targets(Rule="rule", Targets=[good, {"Id": "bad", "Arn": "nonsense"}])
    assert [entry["TargetId"] for entry in answer["FailedEntries"]] == ["bad"]
    assert [target["Id"] for target in events.list_targets_by_rule(Rule="rule")["Targets"]] == ["good"]


def test_sources_of_aws_are_reserved_and_an_event_may_have_a_megabyte(aws: Any) -> None:
    """https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevents.html"""
    [entry] = put(aws, {}, Source="aws.s3")["Entries"]
    assert entry["ErrorCode"] == "NotAuthorizedForSourceException"
    assert put(aws, {"x": "x" * 900_000})["FailedEntryCount"] == 0
    assert refused(lambda: put(aws, {"x": "x" * 1_048_576})) == "ValidationException"


def test_a_bus_with_rules_is_not_deleted(aws: Any) -> None:
    """https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_DeleteEventBus.html"""
    events = aws("events")
    bus = events.create_event_bus(Name="own")["EventBusArn"]
    events.create_archive(ArchiveName="all", EventSourceArn=bus)
    events.put_rule(Name="rule", EventBusName="own", EventPattern=PATTERN)
    assert refused(lambda: events.delete_event_bus(Name="own")) == "ValidationException"
    events.delete_rule(Name="rule", EventBusName="own")
    events.delete_event_bus(Name="own")
    assert refused(lambda: events.describe_event_bus(Name="own")) == "ResourceNotFoundException"
