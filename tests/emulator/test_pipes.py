"""EventBridge Pipes: from a source through filter, enrichment and template to a target.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes.html
"""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from emulator.people import let_send

TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "pipes.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
ALLOW = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}


def refused(call: Callable[[], Any]) -> str:
    """Return the error code of a call that must fail."""
    with pytest.raises(ClientError) as error:
        call()
    return error.value.response["Error"]["Code"]


class Plumber:
    """Makes pipes between queues, and other things, of one account."""

    def __init__(self, account: Any, eventually: Callable[..., Any]) -> None:
        self.account = account
        self.client = account("pipes")
        self.sqs = account("sqs")
        self.eventually = eventually
        iam = account("iam")
        self.role = iam.create_role(RoleName="pipe", AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
        iam.put_role_policy(RoleName="pipe", PolicyName="all", PolicyDocument=json.dumps(ALLOW))
        self.source = self.sqs.create_queue(QueueName="source")["QueueUrl"]
        self.target = self.sqs.create_queue(QueueName="target")["QueueUrl"]

    def arn(self, queue: str) -> str:
        return f"arn:aws:sqs:us-east-1:{self.account.id}:{queue}"

    def create(self, **request: Any) -> dict[str, Any]:
        """Create a pipe, by default from queue to queue."""
        given = {"Name": "pipe", "RoleArn": self.role, "Source": self.arn("source"), "Target": self.arn("target")}
        return self.client.create_pipe(**{**given, **request})

    def send(self, *bodies: Any) -> None:
        for body in bodies:
            text = body if isinstance(body, str) else json.dumps(body)
            self.sqs.send_message(QueueUrl=self.source, MessageBody=text)

    def received(self, url: str | None = None, **request: Any) -> Any:
        """Wait for one message at the target and return its body's JSON."""
        found = self.eventually(
            lambda: self.sqs.receive_message(QueueUrl=url or self.target, WaitTimeSeconds=2, **request).get("Messages")
        )[0]
        self.sqs.delete_message(QueueUrl=url or self.target, ReceiptHandle=found["ReceiptHandle"])
        return json.loads(found["Body"])


@pytest.fixture
def plumber(aws: Any, eventually: Callable[..., Any]) -> Iterator[Plumber]:
    """Pipes of a fresh account."""
    plumber = Plumber(aws, eventually)
    yield plumber
    for pipe in plumber.client.list_pipes()["Pipes"]:
        plumber.client.delete_pipe(Name=pipe["Name"])


def test_messages_go_from_queue_to_queue(plumber: Plumber, eventually: Callable[..., Any]) -> None:
    """https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-sqs.html"""
    created = plumber.create()
    assert (created["DesiredState"], created["CurrentState"]) == ("RUNNING", "CREATING")
    plumber.send({"order": 1})
    event = plumber.received()
    assert json.loads(event["body"]) == {"order": 1}
    assert (event["eventSource"], event["eventSourceARN"]) == ("aws:sqs", plumber.arn("source"))
    assert eventually(lambda: plumber.client.describe_pipe(Name="pipe")["CurrentState"] == "RUNNING")


def test_a_filter_lets_through_what_matches_and_drops_the_rest(plumber: Plumber) -> None:
    """https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-event-filtering.html"""
    pattern = json.dumps({"body": {"total": [{"numeric": [">", 100]}]}})
    plumber.create(SourceParameters={"FilterCriteria": {"Filters": [{"Pattern": pattern}]}})
    plumber.send({"total": 5}, {"total": 500})
    assert json.loads(plumber.received()["body"]) == {"total": 500}

    def left() -> str:
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        attributes = plumber.sqs.get_queue_attributes(QueueUrl=plumber.source, AttributeNames=names)["Attributes"]
        return "".join(attributes.values())

    assert plumber.eventually(lambda: left() == "00")


def test_a_template_shapes_what_the_target_gets(plumber: Plumber) -> None:
    """https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-input-transformation.html"""
    template = (
        '{"id": <$.body.id>, "items": <$.body.items>, "text": "order <$.body.id> of <$.body.who>", '
        '"pipe": <aws.pipes.pipe-name>, "none": "<$.body.missing>"}'
    )
    plumber.create(TargetParameters={"InputTemplate": template})
    plumber.send({"id": 7, "items": ["pen", "ink"], "who": 'Ada "Countess"'})
    assert plumber.received() == {
        "id": 7,
        "items": ["pen", "ink"],
        "text": 'order 7 of Ada "Countess"',
        "pipe": "pipe",
        "none": "",
    }


def test_a_function_enriches_the_batch(plumber: Plumber, functions: Any) -> None:
    """https://docs.aws.amazon.com/eventbridge/latest/userguide/pipes-enrichment.html"""
    name = functions.deploy(
        """
        def handler(events, context):
            return [{"name": event["who"].upper()} for event in events if event["who"] != "nobody"]
        """
    )
    plumber.create(
        Enrichment=f"arn:aws:lambda:us-east-1:{plumber.account.id}:function:{name}",
        EnrichmentParameters={"InputTemplate": '{"who": <$.body.who>}'},
        TargetParameters={"InputTemplate": '{"hello": <$.name>}'},
    )
    plumber.send({"who": "nobody"}, {"who": "ada"})
    assert plumber.received() == {"hello": "ADA"}


def test_a_function_that_fails_leaves_the_message_for_the_dead_letter_queue(plumber: Plumber, functions: Any) -> None:
    """https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-error-troubleshooting.html"""
    name = functions.deploy("def handler(events, context): raise ValueError(events[0]['body'])")
    policy = {"deadLetterTargetArn": plumber.arn("target"), "maxReceiveCount": 1}
    plumber.sqs.set_queue_attributes(
        QueueUrl=plumber.source, Attributes={"RedrivePolicy": json.dumps(policy), "VisibilityTimeout": "1"}
    )
    plumber.create(Target=f"arn:aws:lambda:us-east-1:{plumber.account.id}:function:{name}")
    plumber.send({"poison": True})
    assert plumber.received() == {"poison": True}


def test_an_event_bus_gets_the_event_as_detail(plumber: Plumber) -> None:
    """https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-event-target.html"""
    events = plumber.account("events")
    pattern = json.dumps({"source": ["shop"], "detail-type": ["order placed"]})
    rule = events.put_rule(Name="all", EventPattern=pattern)["RuleArn"]
    let_send(plumber.account, "target", "events", rule)
    events.put_targets(Rule="all", Targets=[{"Id": "1", "Arn": plumber.arn("target"), "InputPath": "$.detail"}])
    plumber.create(
        Target=f"arn:aws:events:us-east-1:{plumber.account.id}:event-bus/default",
        TargetParameters={
            "InputTemplate": '{"order": <$.body.order>}',
            "EventBridgeEventBusParameters": {"Source": "shop", "DetailType": "order placed"},
        },
    )
    plumber.send({"order": 3})
    assert plumber.received() == {"order": 3}


def test_a_state_machine_gets_the_batch(plumber: Plumber, eventually: Callable[..., Any]) -> None:
    """https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-batching-concurrency.html"""
    states = plumber.account("stepfunctions")
    definition = {"StartAt": "Pass", "States": {"Pass": {"Type": "Pass", "End": True}}}
    machine = states.create_state_machine(name="m", definition=json.dumps(definition), roleArn=plumber.role)
    arn = machine["stateMachineArn"]
    parameters = {"InvocationType": "FIRE_AND_FORGET"}
    plumber.create(Target=arn, TargetParameters={"StepFunctionStateMachineParameters": parameters})
    plumber.send({"order": 9})
    execution = eventually(lambda: states.list_executions(stateMachineArn=arn)["executions"])[0]["executionArn"]
    given = json.loads(states.describe_execution(executionArn=execution)["input"])
    assert [json.loads(event["body"]) for event in given] == [{"order": 9}]


def test_a_kinesis_stream_is_a_source(plumber: Plumber) -> None:
    """https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-kinesis.html"""
    kinesis = plumber.account("kinesis")
    kinesis.create_stream(StreamName="clicks", ShardCount=1)
    kinesis.get_waiter("stream_exists").wait(StreamName="clicks", WaiterConfig={"Delay": 1, "MaxAttempts": 10})
    kinesis.put_record(StreamName="clicks", Data=json.dumps({"page": "/a"}).encode(), PartitionKey="k")
    plumber.create(
        Source=f"arn:aws:kinesis:us-east-1:{plumber.account.id}:stream/clicks",
        SourceParameters={
            "KinesisStreamParameters": {"StartingPosition": "TRIM_HORIZON"},
            "FilterCriteria": {"Filters": [{"Pattern": json.dumps({"data": {"page": [{"prefix": "/"}]}})}]},
        },
        TargetParameters={"InputTemplate": '{"page": <$.data.page>, "key": <$.partitionKey>}'},
    )
    assert plumber.received() == {"page": "/a", "key": "k"}
    kinesis.split_shard(StreamName="clicks", ShardToSplit="shardId-000000000000", NewStartingHashKey=str(2**127))
    kinesis.put_record(StreamName="clicks", Data=json.dumps({"page": "/b"}).encode(), PartitionKey="k")
    assert plumber.received() == {"page": "/b", "key": "k"}


def test_a_dynamodb_stream_is_a_source(plumber: Plumber) -> None:
    """https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-dynamodb.html"""
    dynamodb = plumber.account("dynamodb")
    stream = dynamodb.create_table(
        TableName="orders",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
    )["TableDescription"]["LatestStreamArn"]
    plumber.create(
        Source=stream,
        SourceParameters={
            "DynamoDBStreamParameters": {"StartingPosition": "TRIM_HORIZON"},
            "FilterCriteria": {"Filters": [{"Pattern": json.dumps({"eventName": ["INSERT"]})}]},
        },
        TargetParameters={"InputTemplate": '{"id": <$.dynamodb.NewImage.id.S>}'},
    )
    dynamodb.put_item(TableName="orders", Item={"id": {"S": "o-1"}})
    assert plumber.received() == {"id": "o-1"}


def test_a_fifo_target_needs_a_group_that_may_come_from_the_event(plumber: Plumber) -> None:
    """https://docs.aws.amazon.com/eventbridge/latest/pipes-reference/API_PipeTargetSqsQueueParameters.html"""
    attributes = {"FifoQueue": "true", "ContentBasedDeduplication": "true"}
    url = plumber.sqs.create_queue(QueueName="target.fifo", Attributes=attributes)["QueueUrl"]
    assert refused(lambda: plumber.create(Target=plumber.arn("target.fifo"))) == "ValidationException"
    parameters = {"SqsQueueParameters": {"MessageGroupId": "$.body.customer"}}
    plumber.create(Target=plumber.arn("target.fifo"), TargetParameters=parameters)
    plumber.send({"customer": "c-1"})
    found = plumber.eventually(
        lambda: plumber.sqs.receive_message(QueueUrl=url, AttributeNames=["All"], WaitTimeSeconds=2).get("Messages")
    )[0]
    assert found["Attributes"]["MessageGroupId"] == "c-1"


def test_a_stopped_pipe_leaves_the_messages_where_they_are(plumber: Plumber) -> None:
    """https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-start-stop.html"""
    plumber.create(DesiredState="STOPPED")
    assert plumber.client.describe_pipe(Name="pipe")["CurrentState"] == "STOPPED"
    plumber.send({"order": 1})
    assert "Messages" not in plumber.sqs.receive_message(QueueUrl=plumber.target, WaitTimeSeconds=1)
    plumber.client.start_pipe(Name="pipe")
    assert json.loads(plumber.received()["body"]) == {"order": 1}


@pytest.mark.parametrize(
    "change",
    [
        {"Source": "arn:aws:s3:::bucket"},
        {"Target": "arn:aws:ec2:us-east-1:000000000000:instance/i-1"},
        {"Source": "arn:aws:kinesis:us-east-1:000000000000:stream/s"},
        {"SourceParameters": {"FilterCriteria": {"Filters": [{"Pattern": '{"body": {"a": "not a list"}}'}]}}},
        {"SourceParameters": {"FilterCriteria": {"Filters": [{"Pattern": "no json"}]}}},
        {"SourceParameters": {"KinesisStreamParameters": {"StartingPosition": "LATEST"}}},
    ],
    ids=["source", "target", "no position", "pattern", "no json", "other source"],
)
def test_a_pipe_that_makes_no_sense_is_refused(plumber: Plumber, change: dict[str, Any]) -> None:
    """https://docs.aws.amazon.com/eventbridge/latest/pipes-reference/API_CreatePipe.html"""
    assert refused(lambda: plumber.create(**change)) == "ValidationException"
    assert plumber.client.list_pipes()["Pipes"] == []


def test_names_are_unique_and_missing_pipes_are_not_found(plumber: Plumber) -> None:
    """https://docs.aws.amazon.com/eventbridge/latest/pipes-reference/API_DescribePipe.html"""
    plumber.create(DesiredState="STOPPED", Tags={"team": "shop"})
    assert refused(plumber.create) == "ConflictException"
    assert plumber.client.describe_pipe(Name="pipe")["Tags"] == {"team": "shop"}
    plumber.client.delete_pipe(Name="pipe")
    assert refused(lambda: plumber.client.describe_pipe(Name="pipe")) == "NotFoundException"


def test_pipes_are_listed_in_pages_and_described_with_defaults(plumber: Plumber) -> None:
    """https://docs.aws.amazon.com/eventbridge/latest/pipes-reference/API_ListPipes.html"""
    for number in range(3):
        plumber.create(Name=f"pipe-{number}", DesiredState="STOPPED")
    first = plumber.client.list_pipes(Limit=2)
    second = plumber.client.list_pipes(Limit=2, NextToken=first["NextToken"])
    assert [pipe["Name"] for pipe in first["Pipes"] + second["Pipes"]] == ["pipe-0", "pipe-1", "pipe-2"]
    assert plumber.client.describe_pipe(Name="pipe-0")["SourceParameters"]["SqsQueueParameters"]["BatchSize"] == 10
    too_large = {"SqsQueueParameters": {"BatchSize": 10_001}}
    assert refused(lambda: plumber.create(Name="odd", SourceParameters=too_large)) == "ValidationException"
