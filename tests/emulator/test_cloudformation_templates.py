"""CloudFormation: what AWS checks before and while it deploys a template, functions, and change sets."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError
from emulator.cloudformation_tools import (
    create,
    delete,
    outputs,
    parameter,
    physical,
    reasons,
    settle,
    template,
    update,
    value_of,
)

ROLE = {
    "AssumeRolePolicyDocument": {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
}


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"Resources": {"A": {"Type": "AWS::S3::Bukket"}}}, "Unrecognized resource types: [AWS::S3::Bukket]"),
        ({"Resources": {}}, "At least one Resources member must be defined"),
        ({"Resources": {"A": {"Properties": {}}}}, "Every Resources object must contain a Type member"),
        ({"Resources": {"A": parameter("x")}, "Recources": {}}, "Invalid template property or properties [Recources]"),
        ({"Resources": {"A": parameter({"Ref": "Nobody"})}}, "Unresolved resource dependencies [Nobody]"),
        ({"Resources": {"A": parameter({"Fn::Sub": "${Gone.Arn}"})}}, "Unresolved resource dependencies [Gone]"),
        ({"Resources": {"A": parameter("x", DependsOn="Ghost")}}, "Unresolved resource dependencies [Ghost]"),
        (
            {"Resources": {"A": parameter({"Ref": "B"}), "B": parameter({"Fn::Sub": "${A}"})}},
            "Circular dependency between resources: [A, B]",
        ),
        (
            {"Resources": {"A": parameter("x")}, "Outputs": {"O": {"Description": "no value"}}},
            "Every Outputs member must contain a Value object",
        ),
        ({"Resources": {f"R{index}": parameter("x") for index in range(501)}}, "greater than maximum allowed, 500"),
        ({"Resources": {"A": parameter("x", Retain=True)}}, "Invalid template resource property 'Retain'"),
        ({"Resources": {"A-1": parameter("x")}}, "Resource name A-1 is non alphanumeric"),
        ({"Resources": {"A": parameter("x", DeletionPolicy="Keep")}}, "DeletionPolicy Keep is not supported"),
        (
            {"Resources": {"A": parameter("x", DeletionPolicy="Snapshot")}},
            "resource type AWS::SSM::Parameter does not support deletion policy Snapshot",
        ),
        ({"Resources": {"A": parameter("x", Condition="No")}}, "Unresolved condition dependency No"),
        (
            {"Resources": {"A": parameter("x"), "B": parameter({"Fn::GetAtt": ["A", "Color"]})}},
            "resource A does not support attribute type Color in Fn::GetAtt",
        ),
        (
            {"Resources": {"A": parameter({"Fn::FindInMap": ["M", "b", "c"]})}, "Mappings": {"M": {"a": {"c": "d"}}}},
            "Unable to get mapping for M::b::c",
        ),
        (
            {"Resources": {"A": parameter("x")}, "Parameters": {"P": {"Type": "Text"}}},
            "Unrecognized parameter type: Text",
        ),
        ({"Resources": {"A": parameter("x")}, "AWSTemplateFormatVersion": "2011"}, "2011 is not a supported value"),
        ({"Resources": {"A": parameter("{{resolve:ssm-secure:/key}}")}}, "SSM Secure reference is not supported in"),
    ],
)
def test_broken_templates_are_refused(aws: Any, body: dict[str, Any], message: str) -> None:
    """What is wrong in a template is told before a stack exists, by creation and by validation.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-anatomy.html
    """
    cfn = aws("cloudformation")
    for call in (
        lambda: cfn.validate_template(TemplateBody=json.dumps(body)),
        lambda: create(cfn, "x", json.dumps(body)),
    ):
        with pytest.raises(ClientError) as error:
            call()
        assert error.value.response["Error"]["Code"] == "ValidationError"
        assert message in error.value.response["Error"]["Message"]
    assert cfn.list_stacks()["StackSummaries"] == []


def test_text_that_is_no_template(aws: Any) -> None:
    """Broken YAML and bodies over 51,200 bytes are refused; a template of S3 may be longer.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
    """
    cfn, s3 = aws("cloudformation"), aws("s3")
    long = template({"A": parameter("x", Metadata={"filler": "x" * 52_000})})
    for body, message in (("Resources: [", "Template format error"), (long, "less than or equal to 51200")):
        with pytest.raises(ClientError, match=message) as error:
            cfn.create_stack(StackName="long", TemplateBody=body)
        assert error.value.response["Error"]["Code"] == "ValidationError"
    bucket = f"long-{aws.id}"
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="t.json", Body=long)
    cfn.create_stack(StackName="long", TemplateURL=f"https://{bucket}.s3.amazonaws.com/t.json")
    assert settle(cfn, "long")["StackStatus"] == "CREATE_COMPLETE"


@pytest.mark.parametrize(
    ("properties", "message"),
    [
        ({"Type": "String", "Value": "x", "Vlaue": "y"}, "#: extraneous key [Vlaue] is not permitted"),
        ({"Type": "String"}, "#: required key [Value] not found"),
        ({"Type": "Number", "Value": "x"}, "#/Type: Number is not a valid enum value"),
    ],
)
def test_properties_are_checked(aws: Any, properties: dict[str, Any], message: str) -> None:
    """Unknown, missing and impossible properties fail their resource.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ssm-parameter.html
    """
    cfn = aws("cloudformation")
    stack = create(cfn, "wrong", template({"A": {"Type": "AWS::SSM::Parameter", "Properties": properties}}))
    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    assert f"Properties validation failed for resource A with message:\n{message}" in reasons(cfn, "wrong")


@pytest.mark.parametrize(
    ("declared", "given", "message"),
    [
        ({"Type": "String", "AllowedValues": ["dev", "prod"]}, "test", "Parameter 'P' must be one of AllowedValues"),
        ({"Type": "String", "AllowedPattern": "[a-z]+"}, "A1", "Parameter 'P' must match pattern [a-z]+"),
        ({"Type": "String", "MinLength": 3}, "ab", "Parameter 'P' must contain at least 3 characters"),
        ({"Type": "Number", "MaxValue": 5}, "6", "Parameter 'P' must be a number not greater than 5"),
        (
            {"Type": "String", "AllowedPattern": "[a-z]+", "ConstraintDescription": "small letters"},
            "A1",
            "Parameter 'P' failed to satisfy constraint: small letters",
        ),
        ({"Type": "String"}, None, "Parameters: [P] must have values"),
    ],
)
def test_parameters_are_checked(aws: Any, declared: dict[str, Any], given: str | None, message: str) -> None:
    """A parameter's value must satisfy its declaration.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/parameters-section-structure.html
    """
    body = template({"A": parameter({"Ref": "P"})}, Parameters={"P": declared})
    values = [{"ParameterKey": "P", "ParameterValue": given}] if given else []
    with pytest.raises(ClientError) as error:
        aws("cloudformation").create_stack(StackName="p", TemplateBody=body, Parameters=values)
    assert error.value.response["Error"] == {"Type": "Sender", "Code": "ValidationError", "Message": message}


def test_unknown_parameter_is_refused(aws: Any) -> None:
    """A value for a parameter that the template does not declare is refused.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_Parameter.html
    """
    with pytest.raises(ClientError) as error:
        aws("cloudformation").create_stack(
            StackName="p",
            TemplateBody=template({"A": parameter("x")}),
            Parameters=[{"ParameterKey": "Q", "ParameterValue": "y"}],
        )
    assert error.value.response["Error"]["Message"] == "Parameters: [Q] do not exist in the template"


def test_noecho_ssm_and_previous_values(aws: Any) -> None:
    """NoEcho values are masked, SSM parameter types read the store, and an update can keep a value.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-supplied-parameter-types.html
    """
    cfn = aws("cloudformation")
    aws("ssm").put_parameter(Name="/app/color", Type="String", Value="green")

    def body(suffix: str) -> str:
        joined = {"Fn::Join": ["-", [{"Ref": "Color"}, {"Ref": "Secret"}, suffix]]}
        declared = {
            "Color": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/app/color"},
            "Secret": {"Type": "String", "NoEcho": True},
        }
        return template({"A": parameter(joined)}, Parameters=declared)

    stack = create(cfn, "p", body("1"), Parameters=[{"ParameterKey": "Secret", "ParameterValue": "hush"}])
    described = {item["ParameterKey"]: item for item in stack["Parameters"]}
    assert described["Secret"]["ParameterValue"] == "****"
    assert described["Color"]["ResolvedValue"] == "green"
    name = physical(cfn, "p", "A")
    assert value_of(aws, name) == "green-hush-1"
    update(cfn, "p", body("2"), Parameters=[{"ParameterKey": "Secret", "UsePreviousValue": True}])
    assert value_of(aws, name) == "green-hush-2"


def test_functions(aws: Any) -> None:
    """Join, Select, Split, FindInMap, If, Sub with a map, GetAtt and Base64 give what they say.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html
    """
    cfn = aws("cloudformation")
    values: dict[str, Any] = {
        "Join": {"Fn::Join": ["/", ["a", "b"]]},
        "Select": {"Fn::Select": [1, {"Fn::Split": [",", "x,y,z"]}]},
        "Map": {"Fn::FindInMap": ["Sizes", {"Ref": "AWS::Region"}, "Small"]},
        "If": {"Fn::If": ["IsProd", "big", "small"]},
        "Sub": {"Fn::Sub": ["${Who}@${AWS::AccountId}:${!Raw}", {"Who": "me"}]},
        "Base64": {"Fn::Base64": "hello"},
        "Arn": {"Fn::GetAtt": ["Queue", "Arn"]},
        "Get": {"Fn::GetAtt": "Queue.QueueName"},
        "Version": {"Fn::Sub": "1.10"},
        "Blocks": {"Fn::Join": [" ", {"Fn::Cidr": ["10.0.0.0/16", 2, 8]}]},
    }
    body = template(
        {"Queue": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "jobs"}}},
        Mappings={"Sizes": {"us-east-1": {"Small": "t3.micro"}}},
        Conditions={"IsProd": {"Fn::Not": [{"Fn::Equals": [{"Ref": "AWS::Region"}, "us-east-1"]}]}},
        Outputs={name: {"Value": value} for name, value in values.items()},
    )
    assert outputs(create(cfn, "functions", body)) == {
        "Join": "a/b",
        "Select": "y",
        "Map": "t3.micro",
        "If": "small",
        "Sub": f"me@{aws.id}:${{Raw}}",
        "Version": "1.10",
        "Blocks": "10.0.0.0/24 10.0.1.0/24",
        "Base64": "aGVsbG8=",
        "Arn": f"arn:aws:sqs:us-east-1:{aws.id}:jobs",
        "Get": "jobs",
    }


@pytest.mark.parametrize(
    ("properties", "given", "wanted"),
    [
        (ROLE, [], "CAPABILITY_IAM"),
        ({**ROLE, "RoleName": "named"}, ["CAPABILITY_IAM"], "CAPABILITY_NAMED_IAM"),
    ],
)
def test_iam_needs_capabilities(aws: Any, properties: dict[str, Any], given: list[str], wanted: str) -> None:
    """IAM resources must be acknowledged, those with a name of their own by CAPABILITY_NAMED_IAM.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-iam-template.html
    """
    cfn = aws("cloudformation")
    body = template({"Role": {"Type": "AWS::IAM::Role", "Properties": properties}})
    assert cfn.validate_template(TemplateBody=body)["Capabilities"] == [wanted]
    with pytest.raises(ClientError) as error:
        cfn.create_stack(StackName="role", TemplateBody=body, Capabilities=given)
    assert error.value.response["Error"]["Code"] == "InsufficientCapabilitiesException"
    assert error.value.response["Error"]["Message"] == f"Requires capabilities : [{wanted}]"
    assert create(cfn, "role", body, Capabilities=[wanted])["StackStatus"] == "CREATE_COMPLETE"


def change_set(cfn: Any, name: str, body: str, **more: Any) -> dict[str, Any]:
    """Make a change set of a stack; return its description."""
    made = cfn.create_change_set(StackName=name, ChangeSetName="next", TemplateBody=body, **more)["Id"]
    return cfn.describe_change_set(ChangeSetName=made)


def test_change_set_creates_a_stack(aws: Any) -> None:
    """A change set of type CREATE makes a stack in REVIEW_IN_PROGRESS, and nothing until it is executed.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-updating-stacks-changesets.html
    """
    cfn = aws("cloudformation")
    made = change_set(cfn, "new", template({"A": parameter("x")}), ChangeSetType="CREATE")
    assert [change["ResourceChange"]["Action"] for change in made["Changes"]] == ["Add"]
    assert cfn.describe_stacks(StackName="new")["Stacks"][0]["StackStatus"] == "REVIEW_IN_PROGRESS"
    assert not aws("ssm").describe_parameters()["Parameters"]
    cfn.execute_change_set(ChangeSetName=made["ChangeSetId"])
    assert settle(cfn, "new")["StackStatus"] == "CREATE_COMPLETE"
    with pytest.raises(ClientError) as error:
        cfn.execute_change_set(ChangeSetName=made["ChangeSetId"])
    assert error.value.response["Error"]["Code"] == "InvalidChangeSetStatus"


def test_change_set_tells_what_changes(aws: Any) -> None:
    """A change set names what is added, removed, changed in place and replaced.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ResourceChange.html
    """
    cfn = aws("cloudformation")
    queue = {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "first"}}
    other = {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "second"}}
    stack = create(cfn, "site", template({"Edit": parameter("a"), "Swap": queue, "Drop": parameter("b")}))
    made = change_set(cfn, "site", template({"Edit": parameter("z"), "Swap": other, "More": parameter("c")}))
    found = {
        item["ResourceChange"]["LogicalResourceId"]: (
            item["ResourceChange"]["Action"],
            item["ResourceChange"].get("Replacement"),
        )
        for item in made["Changes"]
    }
    assert found == {
        "Edit": ("Modify", "False"),
        "Swap": ("Modify", "True"),
        "Drop": ("Remove", None),
        "More": ("Add", None),
    }
    assert cfn.describe_stacks(StackName="site")["Stacks"][0]["StackStatus"] == "CREATE_COMPLETE"
    cfn.execute_change_set(ChangeSetName=made["ChangeSetId"])
    assert settle(cfn, "site")["StackStatus"] == "UPDATE_COMPLETE"
    assert aws("sqs").list_queues()["QueueUrls"][0].endswith("/second")
    assert delete(cfn, stack["StackId"])["StackStatus"] == "DELETE_COMPLETE"
    assert not aws("ssm").describe_parameters()["Parameters"]


def test_change_set_without_changes_fails(aws: Any) -> None:
    """A change set that changes nothing fails and leaves its stack as it was.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-updating-stacks-changesets-view.html
    """
    cfn = aws("cloudformation")
    body = template({"A": parameter("x")})
    create(cfn, "same", body)
    made = change_set(cfn, "same", body)
    assert (made["Status"], made["ExecutionStatus"]) == ("FAILED", "UNAVAILABLE")
    assert made["StatusReason"].startswith("The submitted information didn't contain changes.")
    assert cfn.describe_stacks(StackName="same")["Stacks"][0]["StackStatus"] == "CREATE_COMPLETE"
    with pytest.raises(ClientError) as error:
        cfn.execute_change_set(ChangeSetName=made["ChangeSetId"])
    assert error.value.response["Error"]["Code"] == "InvalidChangeSetStatus"


def test_rules_judge_parameters(aws: Any) -> None:
    """Parameters that break a rule of the template are refused with the assertion's description.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/rules-section-structure.html
    """
    assertion = {"Assert": {"Fn::Contains": [["a1", "b2"], {"Ref": "Size"}]}, "AssertDescription": "prod is small"}
    body = template(
        {"Note": parameter({"Ref": "Size"})},
        Parameters={"Size": {"Type": "String"}, "Stage": {"Type": "String", "Default": "prod"}},
        Rules={"Small": {"RuleCondition": {"Fn::Equals": [{"Ref": "Stage"}, "prod"]}, "Assertions": [assertion]}},
    )
    cfn, large = aws("cloudformation"), {"ParameterKey": "Size", "ParameterValue": "x9"}
    with pytest.raises(ClientError, match="prod is small"):
        cfn.create_stack(StackName="ruled", TemplateBody=body, Parameters=[large])
    stage = {"ParameterKey": "Stage", "ParameterValue": "test"}
    assert create(cfn, "ruled", body, Parameters=[large, stage])["StackStatus"] == "CREATE_COMPLETE"


@pytest.mark.parametrize(
    ("name", "message"),
    [("1st", "Member must satisfy regular expression pattern"), ("a" * 129, "length less than or equal to 128")],
)
def test_names_of_stacks(aws: Any, name: str, message: str) -> None:
    """A stack's name begins with a letter, has letters, digits and hyphens, and at most 128 of them.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateStack.html, StackName
    """
    with pytest.raises(ClientError, match=message):
        aws("cloudformation").create_stack(StackName=name, TemplateBody=template({"Note": parameter("x")}))
