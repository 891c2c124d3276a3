"""SAM templates: the AWS::Serverless transform makes functions, APIs, tables and what starts them."""

import json
from collections.abc import Callable
from typing import Any

import pytest
import requests
from emulator.cloudformation_tools import create, delete, events, outputs, physical, reasons, settle, update

CAPABILITIES = ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"]

APP = """
Transform: AWS::Serverless-2016-10-31
Globals:
  Function:
    Runtime: python3.13
    Handler: index.handler
    Timeout: 20
    Environment: {Variables: {TABLE: !Ref Table}}
Resources:
  Table:
    Type: AWS::Serverless::SimpleTable
    Properties: {PrimaryKey: {Name: id, Type: String}}
  Web:
    Type: AWS::Serverless::Function
    Properties:
      AutoPublishAlias: live
      Policies: [{DynamoDBCrudPolicy: {TableName: !Ref Table}}]
      InlineCode: |
        import json, os, boto3
        def handler(event, context):
            table = boto3.resource("dynamodb").Table(os.environ["TABLE"])
            table.put_item(Item={"id": event["rawPath"] if "rawPath" in event else event["path"]})
            return {"statusCode": 201, "body": json.dumps({"alias": context.invoked_function_arn.split(":")[-1]})}
      Events:
        Old: {Type: Api, Properties: {Path: /old, Method: post}}
        New: {Type: HttpApi, Properties: {Path: /new, Method: post}}
  Worker:
    Type: AWS::Serverless::Function
    Properties:
      Policies: [{DynamoDBWritePolicy: {TableName: !Ref Table}}]
      InlineCode: |
        import os, boto3
        def handler(event, context):
            table = boto3.resource("dynamodb").Table(os.environ["TABLE"])
            for record in event["Records"]:
                body = record["body"] if "body" in record else record["Sns"]["Message"]
                table.put_item(Item={"id": body})
      Events:
        Jobs: {Type: SQS, Properties: {Queue: !GetAtt Queue.Arn, BatchSize: 1}}
        News: {Type: SNS, Properties: {Topic: !Ref Topic}}
        Nightly: {Type: Schedule, Properties: {Schedule: rate(1 day)}}
        Orders: {Type: EventBridgeRule, Properties: {Pattern: {source: [shop]}}}
  Queue: {Type: AWS::SQS::Queue, Properties: {VisibilityTimeout: 60}}
  Topic: {Type: AWS::SNS::Topic}
Outputs:
  Queue: {Value: !Ref Queue}
  Topic: {Value: !Ref Topic}
  Table: {Value: !Ref Table}
  Rest: {Value: !Ref ServerlessRestApi}
  Http: {Value: !Ref ServerlessHttpApi}
  Web: {Value: !Ref Web}
"""


def test_a_small_application(aws: Any, emulator: str, eventually: Callable[..., Any]) -> None:
    """One SAM template gives a table and functions that a REST API, an HTTP API, a queue and a topic start.

    https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-specification.html
    """
    cfn = aws("cloudformation")
    stack = create(cfn, "app", APP, Capabilities=CAPABILITIES)
    assert stack["StackStatus"] == "CREATE_COMPLETE", reasons(cfn, "app")
    found = outputs(stack)
    for url in (
        f"{emulator}/_aws/execute-api/{found['Rest']}/Prod/old",
        f"{emulator}/_aws/execute-api/{found['Http']}/new",
    ):
        answer = requests.post(url, timeout=30)
        assert (answer.status_code, answer.json()) == (201, {"alias": "live"})
    aws("sqs").send_message(QueueUrl=found["Queue"], MessageBody="by queue")
    aws("sns").publish(TopicArn=found["Topic"], Message="by topic")

    def written() -> set[str]:
        return {item["id"]["S"] for item in aws("dynamodb").scan(TableName=found["Table"])["Items"]}

    eventually(lambda: written() == {"/old", "/new", "by queue", "by topic"}, 30)
    rules = [rule.get("ScheduleExpression") or rule["EventPattern"] for rule in aws("events").list_rules()["Rules"]]
    assert sorted(json.loads(rule)["source"][0] if "{" in rule else rule for rule in rules) == ["rate(1 day)", "shop"]
    assert delete(cfn, stack["StackId"])["StackStatus"] == "DELETE_COMPLETE", reasons(cfn, stack["StackId"])
    assert aws("lambda").list_functions()["Functions"] == []


def test_alias_moves_with_the_code(aws: Any) -> None:
    """AutoPublishAlias publishes a version for new code and points the alias at it.

    https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/automating-updates-to-serverless-apps.html
    """
    cfn = aws("cloudformation")

    def app(word: str) -> str:
        properties = {
            "Runtime": "python3.13",
            "Handler": "index.handler",
            "InlineCode": f"def handler(event, context):\n    return {word!r}\n",
            "AutoPublishAlias": "live",
        }
        resources = {"Talker": {"Type": "AWS::Serverless::Function", "Properties": properties}}
        return json.dumps({"Transform": "AWS::Serverless-2016-10-31", "Resources": resources})

    create(cfn, "talk", app("one"), Capabilities=CAPABILITIES)
    name = physical(cfn, "talk", "Talker")

    def said() -> Any:
        client = aws("lambda", read_timeout=60)
        return json.loads(client.invoke(FunctionName=name, Qualifier="live")["Payload"].read())

    assert said() == "one"
    assert update(cfn, "talk", app("two"), Capabilities=CAPABILITIES)["StackStatus"] == "UPDATE_COMPLETE"
    assert said() == "two"
    assert aws("lambda").get_alias(FunctionName=name, Name="live")["FunctionVersion"] == "2"


@pytest.mark.parametrize(
    ("properties", "message"),
    [
        ({"Handler": "a.b", "InlineCode": "x"}, "Resource with id [F] is invalid."),
        ({"Handler": "a.b", "Runtime": "python3.13", "InlineCode": "x", "Policies": [{"NoSuchPolicy": {}}]}, "F"),
    ],
)
def test_bad_sam_is_refused(aws: Any, properties: dict[str, Any], message: str) -> None:
    """A broken SAM resource is told by the transform, and nothing is made.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/transform-aws-serverless.html
    """
    cfn = aws("cloudformation")
    resources = {"F": {"Type": "AWS::Serverless::Function", "Properties": properties}}
    body = json.dumps({"Transform": "AWS::Serverless-2016-10-31", "Resources": resources})
    stack = create(cfn, "bad", body, Capabilities=CAPABILITIES)
    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    told = reasons(cfn, "bad")
    assert "Transform AWS::Serverless-2016-10-31 failed with: Invalid Serverless Application Specification" in told
    assert message in told
    assert [name for name, _ in events(cfn, "bad")] == ["bad"] * 3


def test_sam_needs_capabilities(aws: Any) -> None:
    """A stack made at once from SAM needs AUTO_EXPAND and IAM; a change set shows what SAM makes of a template.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateStack.html
    """
    cfn = aws("cloudformation")
    properties = {"Runtime": "python3.13", "Handler": "index.handler", "InlineCode": "def handler(e, c): return 1"}
    resources = {"F": {"Type": "AWS::Serverless::Function", "Properties": properties}}
    body = json.dumps({"Transform": "AWS::Serverless-2016-10-31", "Resources": resources})
    for given, wanted in (
        (["CAPABILITY_IAM"], "CAPABILITY_AUTO_EXPAND"),
        (["CAPABILITY_AUTO_EXPAND"], "CAPABILITY_IAM"),
    ):
        with pytest.raises(cfn.exceptions.InsufficientCapabilitiesException, match=wanted):
            cfn.create_stack(StackName="sam", TemplateBody=body, Capabilities=given)
    made = cfn.create_change_set(
        StackName="sam",
        ChangeSetName="first",
        ChangeSetType="CREATE",
        TemplateBody=body,
        Capabilities=["CAPABILITY_IAM"],
    )["Id"]
    changes = cfn.describe_change_set(ChangeSetName=made)["Changes"]
    types = {change["ResourceChange"]["ResourceType"] for change in changes}
    assert types == {"AWS::Lambda::Function", "AWS::IAM::Role"}
    cfn.execute_change_set(ChangeSetName=made)
    assert settle(cfn, "sam")["StackStatus"] == "CREATE_COMPLETE"
