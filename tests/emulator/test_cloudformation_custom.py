"""CloudFormation: custom resources are done by Lambda functions that answer to a URL."""

import json
from typing import Any

import pytest
from emulator.cloudformation_tools import create, delete, outputs, reasons, template, update

RECORDER = """
    import json
    import urllib.request

    import boto3

    def handler(event, context):
        boto3.client("sqs").send_message(QueueUrl=QUEUE, MessageBody=json.dumps(event))
        properties = event["ResourceProperties"]
        answer = {key: event[key] for key in ("StackId", "RequestId", "LogicalResourceId")}
        if properties.get("Fail") == event["RequestType"]:
            answer |= {"Status": "FAILED", "Reason": "it was asked to"}
            answer |= {"PhysicalResourceId": event.get("PhysicalResourceId", "none")}
        else:
            answer |= {"Status": "SUCCESS", "PhysicalResourceId": properties["Id"]}
            answer["Data"] = {"Twice": properties["Id"] * 2}
        request = urllib.request.Request(event["ResponseURL"], json.dumps(answer).encode(), method="PUT")
        urllib.request.urlopen(request)
"""


class Recorder:
    """A function that does a custom resource's work and tells a queue what it was asked."""

    def __init__(self, aws: Any, functions: Any) -> None:
        self.sqs = aws("sqs")
        self.queue = self.sqs.create_queue(QueueName="asked")["QueueUrl"]
        name = functions.deploy(RECORDER.replace("QUEUE", repr(self.queue)))
        self.arn = aws("lambda").get_function(FunctionName=name)["Configuration"]["FunctionArn"]

    def body(self, **properties: str) -> str:
        """Return a template with the custom resource."""
        resource = {
            "Type": "Custom::Thing",
            "Properties": {"ServiceToken": self.arn, "ServiceTimeout": 20, **properties},
        }
        return template({"Thing": resource}, Outputs={"Twice": {"Value": {"Fn::GetAtt": ["Thing", "Twice"]}}})

    def asked(self) -> list[dict[str, Any]]:
        """Return the requests that came in since the last look."""
        found = []
        while messages := self.sqs.receive_message(QueueUrl=self.queue, MaxNumberOfMessages=1).get("Messages"):
            found.append(json.loads(messages[0]["Body"]))
            self.sqs.delete_message(QueueUrl=self.queue, ReceiptHandle=messages[0]["ReceiptHandle"])
        return found


@pytest.fixture
def recorder(aws: Any, functions: Any) -> Recorder:
    """A custom resource's function of a fresh account."""
    return Recorder(aws, functions)


def test_life_of_a_custom_resource(aws: Any, recorder: Recorder) -> None:
    """Create, Update and Delete requests come with properties; a new physical id has the old one deleted.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-requesttypes.html
    """
    cfn = aws("cloudformation")
    stack = create(cfn, "custom", recorder.body(Id="one"))
    assert outputs(stack) == {"Twice": "oneone"}
    [made] = recorder.asked()
    assert made["RequestType"] == "Create"
    assert made["ResourceType"] == "Custom::Thing"
    assert made["ResourceProperties"] == {"ServiceToken": recorder.arn, "ServiceTimeout": "20", "Id": "one"}
    assert outputs(update(cfn, "custom", recorder.body(Id="two"))) == {"Twice": "twotwo"}
    changed, replaced = recorder.asked()
    assert (changed["RequestType"], changed["PhysicalResourceId"]) == ("Update", "one")
    assert changed["OldResourceProperties"]["Id"] == "one"
    assert (replaced["RequestType"], replaced["PhysicalResourceId"]) == ("Delete", "one")
    delete(cfn, stack["StackId"])
    [gone] = recorder.asked()
    assert (gone["RequestType"], gone["PhysicalResourceId"]) == ("Delete", "two")


def test_failed_custom_resource_rolls_back(aws: Any, recorder: Recorder) -> None:
    """A FAILED answer fails the resource with its reason, and the stack is rolled back.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-responses.html
    """
    cfn = aws("cloudformation")
    assert create(cfn, "custom", recorder.body(Id="one", Fail="Create"))["StackStatus"] == "ROLLBACK_COMPLETE"
    expected = "Received response status [FAILED] from custom resource. Message returned: it was asked to"
    assert expected in reasons(cfn, "custom")


def test_failed_update_of_a_custom_resource_asks_again(aws: Any, recorder: Recorder) -> None:
    """When its update fails, a custom resource is asked to go back to its old properties.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-requesttypes-update.html
    """
    cfn = aws("cloudformation")
    create(cfn, "custom", recorder.body(Id="one"))
    stack = update(cfn, "custom", recorder.body(Id="one", Size="large", Fail="Update"))
    assert stack["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    kinds = [(event["RequestType"], event["ResourceProperties"].get("Size")) for event in recorder.asked()]
    assert kinds == [("Create", None), ("Update", "large"), ("Update", None)]


def test_inline_function_answers_with_cfnresponse(aws: Any) -> None:
    """Inline code finds the module cfnresponse, and a function of the same stack can do the work.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cfn-lambda-function-code-cfnresponsemodule.html
    """
    code = (
        "import cfnresponse\n"
        "def handler(event, context):\n"
        "    word = event['ResourceProperties']['Word']\n"
        "    cfnresponse.send(event, context, cfnresponse.SUCCESS, {'Loud': word.upper()}, 'shout')\n"
    )
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
    resources = {
        "Role": {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": trust}},
        "Function": {
            "Type": "AWS::Lambda::Function",
            "Properties": {
                "Runtime": "python3.13",
                "Handler": "index.handler",
                "Role": {"Fn::GetAtt": ["Role", "Arn"]},
                "Code": {"ZipFile": code},
            },
        },
        "Shout": {
            "Type": "AWS::CloudFormation::CustomResource",
            "Properties": {"ServiceToken": {"Fn::GetAtt": ["Function", "Arn"]}, "ServiceTimeout": 30, "Word": "hey"},
        },
    }
    body = template(resources, Outputs={"Loud": {"Value": {"Fn::GetAtt": ["Shout", "Loud"]}}})
    cfn = aws("cloudformation")
    stack = create(cfn, "inline", body, Capabilities=["CAPABILITY_IAM"])
    assert outputs(stack) == {"Loud": "HEY"}
    assert delete(cfn, stack["StackId"])["StackStatus"] == "DELETE_COMPLETE"
