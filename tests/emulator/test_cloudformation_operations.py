"""CloudFormation: operations on stacks that exist, signals, drift, roles, tags, and what is told of changes."""

import json
from collections.abc import Callable
from typing import Any

import boto3
import pytest
import requests
from botocore.exceptions import ClientError
from emulator.cloudformation_tools import (
    create,
    delete,
    events,
    outputs,
    parameter,
    physical,
    reasons,
    settle,
    template,
    update,
    value_of,
)

BAD_QUEUE = {"Type": "AWS::SQS::Queue", "Properties": {"DelaySeconds": 9999}}


def queue(**properties: Any) -> dict[str, Any]:
    """Return a queue as a resource."""
    return {"Type": "AWS::SQS::Queue", "Properties": properties}


def wait(**properties: Any) -> dict[str, Any]:
    """Return a handle and a condition that waits for its signals."""
    waits = {"Handle": {"Ref": "Handle"}, "Timeout": "20", **properties}
    return {
        "Handle": {"Type": "AWS::CloudFormation::WaitConditionHandle"},
        "Wait": {"Type": "AWS::CloudFormation::WaitCondition", "Properties": waits},
    }


@pytest.fixture
def in_progress(aws: Any, eventually: Callable[..., Any]) -> Callable[..., Any]:
    """Wait until a resource has begun; return its description."""
    cfn = aws("cloudformation")

    def begun(name: str) -> Any:
        def look() -> Any:
            found = cfn.describe_stack_resources(StackName="shop")["StackResources"]
            return [item for item in found if item["LogicalResourceId"] == name]

        return eventually(look)[0]

    return begun


def test_wait_condition_gets_its_signals(aws: Any, in_progress: Callable[..., Any]) -> None:
    """A wait condition waits until its handle's URL has got a signal, and gives its data.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-waitcondition.html
    """
    cfn = aws("cloudformation")
    cfn.create_stack(
        StackName="shop", TemplateBody=template(wait(), Outputs={"Told": {"Value": {"Fn::GetAtt": ["Wait", "Data"]}}})
    )
    in_progress("Wait")
    url = physical(cfn, "shop", "Handle")
    signal = {"Status": "SUCCESS", "UniqueId": "one", "Data": "ready", "Reason": "done"}
    assert requests.put(url, data=json.dumps(signal), timeout=5).ok
    assert outputs(settle(cfn, "shop")) == {"Told": '{"one":"ready"}'}


def test_wait_condition_without_signals_times_out(aws: Any) -> None:
    """A wait condition that is not signaled in time fails its stack.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-cloudformation-waitcondition.html
    """
    cfn = aws("cloudformation")
    assert create(cfn, "shop", template(wait(Timeout="1", Count=2)))["StackStatus"] == "ROLLBACK_COMPLETE"
    assert "WaitCondition timed out. Received 0 conditions when expecting 2" in reasons(cfn, "shop")


@pytest.mark.parametrize(("status", "ends"), [("SUCCESS", "CREATE_COMPLETE"), ("FAILURE", "ROLLBACK_COMPLETE")])
def test_creation_policy_waits_for_signals(aws: Any, in_progress: Callable[..., Any], status: str, ends: str) -> None:
    """A resource with a creation policy is complete when SignalResource was called, and fails by a failure.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-creationpolicy.html
    """
    cfn = aws("cloudformation")
    policy = {"ResourceSignal": {"Count": 1, "Timeout": "PT20S"}}
    waits = {"Type": "AWS::CloudFormation::WaitCondition", "CreationPolicy": policy}
    cfn.create_stack(StackName="shop", TemplateBody=template({"Wait": waits}))
    in_progress("Wait")
    cfn.signal_resource(StackName="shop", LogicalResourceId="Wait", UniqueId="one", Status=status)
    assert settle(cfn, "shop")["StackStatus"] == ends


def test_update_is_cancelled(aws: Any, in_progress: Callable[..., Any]) -> None:
    """CancelUpdateStack takes an update back while it is under way, and is refused at any other time.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CancelUpdateStack.html
    """
    cfn = aws("cloudformation")
    create(cfn, "shop", template({"Kept": parameter("old")}))
    with pytest.raises(ClientError, match="CancelUpdateStack cannot be called from current stack status"):
        cfn.cancel_update_stack(StackName="shop")
    new = {"Kept": parameter("new"), **wait()}
    new["Wait"]["DependsOn"] = "Kept"
    cfn.update_stack(StackName="shop", TemplateBody=template(new))
    in_progress("Wait")
    cfn.cancel_update_stack(StackName="shop")
    assert settle(cfn, "shop")["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert value_of(aws, physical(cfn, "shop", "Kept")) == "old"


def test_failed_update_is_kept_then_rolled_back(aws: Any) -> None:
    """With DisableRollback a failed update stays as it is until RollbackStack.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_RollbackStack.html
    """
    cfn = aws("cloudformation")
    create(cfn, "shop", template({"Kept": parameter("old")}))
    with pytest.raises(ClientError, match="can not be rolled back"):
        cfn.rollback_stack(StackName="shop")
    bad = template({"Kept": parameter("new"), "Bad": {**BAD_QUEUE, "DependsOn": "Kept"}})
    assert update(cfn, "shop", bad, DisableRollback=True)["StackStatus"] == "UPDATE_FAILED"
    assert value_of(aws, physical(cfn, "shop", "Kept")) == "new"
    cfn.rollback_stack(StackName="shop")
    assert settle(cfn, "shop")["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert value_of(aws, physical(cfn, "shop", "Kept")) == "old"


def test_rollback_that_failed_is_continued(aws: Any) -> None:
    """An update whose rollback fails can be continued without the resource that is gone.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-updating-stacks-continueupdaterollback.html
    """
    cfn = aws("cloudformation")
    group = {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": "/shop", "RetentionInDays": 1}}
    create(cfn, "shop", template({"Group": group}))
    with pytest.raises(ClientError, match="is in CREATE_COMPLETE state and can not continue rollback"):
        cfn.continue_update_rollback(StackName="shop")
    changed = {"Type": group["Type"], "Properties": {"LogGroupName": "/shop", "RetentionInDays": 7}}
    bad = template({"Group": changed, "Bad": {**BAD_QUEUE, "DependsOn": "Group"}})
    update(cfn, "shop", bad, DisableRollback=True)
    aws("logs").delete_log_group(logGroupName="/shop")
    cfn.rollback_stack(StackName="shop")
    assert settle(cfn, "shop")["StackStatus"] == "UPDATE_ROLLBACK_FAILED"
    cfn.continue_update_rollback(StackName="shop", ResourcesToSkip=["Group"])
    assert settle(cfn, "shop")["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"


def test_drift(aws: Any) -> None:
    """Drift detection tells which property somebody changed, and which resource somebody deleted.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-stack-drift.html
    """
    cfn = aws("cloudformation")
    create(cfn, "shop", template({"Drifts": queue(VisibilityTimeout=10), "Kept": queue(), "Gone": parameter("x")}))
    url = physical(cfn, "shop", "Drifts")
    aws("sqs").set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "77"})
    aws("ssm").delete_parameter(Name=physical(cfn, "shop", "Gone"))
    detection = cfn.detect_stack_drift(StackName="shop")["StackDriftDetectionId"]
    found = cfn.describe_stack_drift_detection_status(StackDriftDetectionId=detection)
    assert (found["StackDriftStatus"], found["DriftedStackResourceCount"]) == ("DRIFTED", 2)
    drifts = {
        item["LogicalResourceId"]: item
        for item in cfn.describe_stack_resource_drifts(StackName="shop")["StackResourceDrifts"]
    }
    assert {name: item["StackResourceDriftStatus"] for name, item in drifts.items()} == {
        "Drifts": "MODIFIED",
        "Kept": "IN_SYNC",
        "Gone": "DELETED",
    }
    difference = drifts["Drifts"]["PropertyDifferences"]
    expected = {"PropertyPath": "/VisibilityTimeout", "ExpectedValue": "10", "ActualValue": "77"}
    assert difference == [{**expected, "DifferenceType": "NOT_EQUAL"}]


def test_stack_has_the_permissions_of_its_role(aws: Any) -> None:
    """With a role, resources are made with the role's permissions; one that CloudFormation cannot take on is refused.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-iam-servicerole.html
    """
    iam, cfn = aws("iam"), aws("cloudformation")

    def role(name: str, service: str) -> str:
        trust = {"Effect": "Allow", "Principal": {"Service": f"{service}.amazonaws.com"}, "Action": "sts:AssumeRole"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
        return iam.create_role(RoleName=name, AssumeRolePolicyDocument=document)["Role"]["Arn"]

    builder = role("builder", "cloudformation")
    allow = {"Effect": "Allow", "Action": "sqs:*", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    iam.put_role_policy(RoleName="builder", PolicyName="queues", PolicyDocument=policy)
    assert create(cfn, "queues", template({"Queue": queue()}), RoleARN=builder)["RoleARN"] == builder
    assert create(cfn, "bad", template({"Note": parameter("x")}), RoleARN=builder)["StackStatus"] == "ROLLBACK_COMPLETE"
    assert "builder/AWSCloudFormation is not authorized to perform: ssm:PutParameter" in reasons(cfn, "bad")
    with pytest.raises(ClientError, match="is invalid or cannot be assumed"):
        cfn.create_stack(StackName="no", TemplateBody=template({"Q": queue()}), RoleARN=role("other", "lambda"))


def test_stack_has_the_permissions_of_its_caller(aws: Any) -> None:
    """Without a role, resources are made with the permissions of whoever asks for the stack.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-iam-servicerole.html
    """
    iam = aws("iam")
    iam.create_user(UserName="dev")
    allow = {"Effect": "Allow", "Action": ["cloudformation:*", "sqs:*"], "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    iam.put_user_policy(UserName="dev", PolicyName="stacks", PolicyDocument=policy)
    key = iam.create_access_key(UserName="dev")["AccessKey"]
    cfn = boto3.client(
        "cloudformation",
        endpoint_url=aws.endpoint,
        region_name="us-east-1",
        aws_access_key_id=key["AccessKeyId"],
        aws_secret_access_key=key["SecretAccessKey"],
    )
    assert create(cfn, "queues", template({"Queue": queue()}))["StackStatus"] == "CREATE_COMPLETE"
    assert create(cfn, "notes", template({"Note": parameter("x")}))["StackStatus"] == "ROLLBACK_COMPLETE"
    assert "user/dev is not authorized to perform: ssm:PutParameter" in reasons(cfn, "notes")


def test_tags_of_a_stack_reach_its_resources(aws: Any) -> None:
    """A stack's tags are those of its resources, also when nothing but the tags is updated.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-resource-tags.html
    """
    cfn, sqs = aws("cloudformation"), aws("sqs")
    body = template({"Queue": queue(Tags=[{"Key": "kind", "Value": "queue"}]), "Bucket": {"Type": "AWS::S3::Bucket"}})
    create(cfn, "shop", body, Tags=[{"Key": "team", "Value": "a"}])
    url, bucket = physical(cfn, "shop", "Queue"), physical(cfn, "shop", "Bucket")
    assert sqs.list_queue_tags(QueueUrl=url)["Tags"] == {"kind": "queue", "team": "a"}
    assert update(cfn, "shop", body, Tags=[{"Key": "team", "Value": "b"}])["StackStatus"] == "UPDATE_COMPLETE"
    assert sqs.list_queue_tags(QueueUrl=url)["Tags"] == {"kind": "queue", "team": "b"}
    assert aws("s3").get_bucket_tagging(Bucket=bucket)["TagSet"] == [{"Key": "team", "Value": "b"}]


def test_what_events_tell(aws: Any) -> None:
    """Events have the properties and the token of the request, come in pages, and are sent to SNS.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_StackEvent.html
    """
    cfn, sqs = aws("cloudformation"), aws("sqs")
    topic = aws("sns").create_topic(Name="stacks")["TopicArn"]
    allow = {"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    url = sqs.create_queue(QueueName="heard", Attributes={"Policy": policy})["QueueUrl"]
    aws("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=f"arn:aws:sqs:us-east-1:{aws.id}:heard")
    resources = {f"Note{number}": parameter("x") for number in range(34)}
    create(cfn, "shop", template(resources), ClientRequestToken="mine", NotificationARNs=[topic])
    first = cfn.describe_stack_events(StackName="shop")
    assert len(first["StackEvents"]) == 100
    rest = cfn.describe_stack_events(StackName="shop", NextToken=first["NextToken"])["StackEvents"]
    assert rest[-1]["ResourceStatusReason"] == "User Initiated"
    event = next(item for item in first["StackEvents"] if item["LogicalResourceId"] == "Note33")
    assert event["ClientRequestToken"] == "mine"
    assert json.loads(event["ResourceProperties"]) == {"Type": "String", "Value": "x"}
    message = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=5)["Messages"][0]
    assert "StackName='shop'" in json.loads(message["Body"])["Message"]


def test_change_set_says_why_and_whether_it_replaces(aws: Any, eventually: Callable[..., Any]) -> None:
    """A change set names the properties that change, and says True, False or Conditional about replacement.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ResourceChange.html
    """
    cfn = aws("cloudformation")

    def app(name: str, delay: int) -> str:
        listens = {"TopicArn": {"Ref": "Topic"}, "Protocol": "sqs", "Endpoint": {"Fn::GetAtt": ["Queue", "Arn"]}}
        topic = {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": name}}
        resources = {"Topic": topic, "Queue": queue(DelaySeconds={"Ref": "Delay"})}
        resources["Listens"] = {"Type": "AWS::SNS::Subscription", "Properties": listens}
        return template(resources, Parameters={"Delay": {"Type": "Number", "Default": delay}})

    create(cfn, "shop", app("old", 1))
    made = cfn.create_change_set(StackName="shop", ChangeSetName="next", TemplateBody=app("new", 2))["Id"]
    eventually(lambda: cfn.describe_change_set(ChangeSetName=made)["Status"] == "CREATE_COMPLETE")
    changes = {
        item["ResourceChange"]["LogicalResourceId"]: item["ResourceChange"]
        for item in cfn.describe_change_set(ChangeSetName=made)["Changes"]
    }
    assert {name: change["Replacement"] for name, change in changes.items()} == {
        "Topic": "True",
        "Queue": "False",
        "Listens": "Conditional",
    }
    target = {"Attribute": "Properties", "Name": "DelaySeconds", "RequiresRecreation": "Never"}
    source = {"Evaluation": "Static", "ChangeSource": "ParameterReference", "CausingEntity": "Delay"}
    assert changes["Queue"]["Details"] == [{"Target": target, **source}]
    detail = changes["Listens"]["Details"][0]
    assert (detail["Evaluation"], detail["Target"]["RequiresRecreation"]) == ("Dynamic", "Conditionally")


def test_retain_except_on_create(aws: Any) -> None:
    """RetainExceptOnCreate keeps a resource when its stack is deleted, but not when its creation is rolled back.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-deletionpolicy.html
    """
    cfn, ssm = aws("cloudformation"), aws("ssm")
    kept = parameter("x", DeletionPolicy="RetainExceptOnCreate")
    create(cfn, "bad", template({"Kept": kept, "Bad": {**BAD_QUEUE, "DependsOn": "Kept"}}))
    assert ssm.describe_parameters()["Parameters"] == []
    stack = create(cfn, "shop", template({"Kept": kept}))["StackId"]
    delete(cfn, stack)
    assert ("Kept", "DELETE_SKIPPED") in events(cfn, stack)
    assert len(ssm.describe_parameters()["Parameters"]) == 1


def test_creation_with_the_same_token_is_the_same(aws: Any) -> None:
    """CreateStack with a token that was used returns the stack that was made then.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateStack.html, ClientRequestToken
    """
    cfn, body = aws("cloudformation"), template({"Note": parameter("x")})
    stack = create(cfn, "shop", body, ClientRequestToken="first")["StackId"]
    assert cfn.create_stack(StackName="shop", TemplateBody=body, ClientRequestToken="first")["StackId"] == stack
    with pytest.raises(cfn.exceptions.AlreadyExistsException):
        cfn.create_stack(StackName="shop", TemplateBody=body, ClientRequestToken="second")
