"""CloudFormation: stacks that fail are taken back, exports in use stay, and policies protect resources."""

import json
from collections.abc import Callable
from typing import Any

import pytest
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

# A lifetime below SQS's minimum: the queue is refused when it is made.
BROKEN = {"Type": "AWS::SQS::Queue", "Properties": {"MessageRetentionPeriod": 1}}


def refused(call: Callable[[], Any], code: str = "ValidationError") -> str:
    """Return the message of a call that must be refused."""
    with pytest.raises(ClientError) as error:
        call()
    assert error.value.response["Error"]["Code"] == code
    return error.value.response["Error"]["Message"]


def test_outputs_and_events(aws: Any) -> None:
    """A stack's events tell its life in order, and its outputs what it made.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/view-stack-events.html
    """
    cfn = aws("cloudformation")
    body = template(
        {"First": parameter("one"), "Second": parameter({"Fn::Sub": "of-${First}"})},
        Outputs={"Name": {"Value": {"Ref": "First"}, "Description": "of the first"}},
    )
    stack = create(cfn, "told", body)
    assert stack["StackStatus"] == "CREATE_COMPLETE"
    assert stack["Outputs"][0]["Description"] == "of the first"
    assert value_of(aws, outputs(stack)["Name"]) == "one"
    assert "Resource creation Initiated" in reasons(cfn, "told")
    assert events(cfn, "told") == [
        ("told", "CREATE_IN_PROGRESS"),
        ("First", "CREATE_IN_PROGRESS"),
        ("First", "CREATE_IN_PROGRESS"),
        ("First", "CREATE_COMPLETE"),
        ("Second", "CREATE_IN_PROGRESS"),
        ("Second", "CREATE_IN_PROGRESS"),
        ("Second", "CREATE_COMPLETE"),
        ("told", "CREATE_COMPLETE"),
    ]


def test_failed_creation_is_rolled_back(aws: Any) -> None:
    """When a resource cannot be created, those that were created before are deleted.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/stack-failure-options.html
    """
    cfn = aws("cloudformation")
    resources = {"Kept": parameter("x"), "Bad": {**BROKEN, "DependsOn": "Kept"}}
    resources["Kept"]["Properties"]["Name"] = "rolled"
    stack = create(cfn, "fails", template(resources))
    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    assert refused(lambda: value_of(aws, "rolled"), "ParameterNotFound")
    told = events(cfn, "fails")
    assert told.index(("Bad", "CREATE_FAILED")) < told.index(("fails", "ROLLBACK_IN_PROGRESS"))
    assert told.index(("fails", "ROLLBACK_IN_PROGRESS")) < told.index(("Kept", "DELETE_COMPLETE"))
    assert "The following resource(s) failed to create: [Bad]. Rollback requested by user." in reasons(cfn, "fails")


def test_stack_that_rolled_back_can_only_be_deleted(aws: Any) -> None:
    """A stack in ROLLBACK_COMPLETE cannot be updated; deleting frees its name.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/troubleshooting.html
    """
    cfn = aws("cloudformation")
    stack = create(cfn, "again", template({"Bad": BROKEN}))["StackId"]
    message = refused(lambda: cfn.update_stack(StackName="again", TemplateBody=template({"A": parameter("x")})))
    assert message == f"Stack:{stack} is in ROLLBACK_COMPLETE state and can not be updated."
    assert delete(cfn, stack)["StackStatus"] == "DELETE_COMPLETE"
    assert create(cfn, "again", template({"A": parameter("x")}))["StackStatus"] == "CREATE_COMPLETE"


@pytest.mark.parametrize(
    ("failure", "status", "left"), [("DO_NOTHING", "CREATE_FAILED", True), ("DELETE", "DELETE_COMPLETE", False)]
)
def test_on_failure(aws: Any, failure: str, status: str, left: bool) -> None:
    """OnFailure says what happens to a stack that fails: keep what succeeded, or delete it all.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateStack.html
    """
    cfn = aws("cloudformation")
    resources = {"Made": parameter("x"), "Bad": {**BROKEN, "DependsOn": "Made"}}
    resources["Made"]["Properties"]["Name"] = "made"
    stack = create(cfn, "fails", template(resources), OnFailure=failure)
    assert stack["StackStatus"] == status
    assert len(aws("ssm").describe_parameters()["Parameters"]) == int(left)
    assert delete(cfn, stack["StackId"])["StackStatus"] == "DELETE_COMPLETE"
    assert not aws("ssm").describe_parameters()["Parameters"]


def test_failed_update_is_rolled_back(aws: Any) -> None:
    """When an update fails, changed resources get their old values back and new ones are deleted.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-updating-stacks-continueupdaterollback.html
    """
    cfn = aws("cloudformation")
    create(cfn, "site", template({"Value": parameter("old"), "Gone": parameter("kept")}))
    name, gone = physical(cfn, "site", "Value"), physical(cfn, "site", "Gone")
    resources = {"Value": parameter("new"), "New": parameter("x"), "Bad": {**BROKEN, "DependsOn": ["Value", "New"]}}
    stack = update(cfn, "site", template(resources))
    assert stack["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert value_of(aws, name) == "old"
    assert value_of(aws, gone) == "kept"
    assert len(aws("ssm").describe_parameters()["Parameters"]) == 2
    told = [event for event in events(cfn, "site") if event[0] == "site"]
    assert [status for _, status in told[2:]] == [
        "UPDATE_IN_PROGRESS",
        "UPDATE_ROLLBACK_IN_PROGRESS",
        "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS",
        "UPDATE_ROLLBACK_COMPLETE",
    ]
    again = update(cfn, "site", template({"Value": parameter("newest")}))
    assert again["StackStatus"] == "UPDATE_COMPLETE"
    assert value_of(aws, name) == "newest"


def test_update_replaces_removes_and_adds(aws: Any) -> None:
    """An update changes in place where it can, replaces where a property demands it, and deletes what left.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-updating-stacks-update-behaviors.html
    """
    cfn, sqs = aws("cloudformation"), aws("sqs")
    queue = {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "first", "DelaySeconds": 1}}
    create(cfn, "shop", template({"Queue": queue, "Gone": parameter("x")}))
    gone = physical(cfn, "shop", "Gone")
    changed = {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "second", "DelaySeconds": 1}}
    stack = update(cfn, "shop", template({"Queue": changed, "New": parameter("y")}))
    assert stack["StackStatus"] == "UPDATE_COMPLETE"
    assert [url.rsplit("/", 1)[1] for url in sqs.list_queues()["QueueUrls"]] == ["second"]
    assert refused(lambda: value_of(aws, gone), "ParameterNotFound")
    listed = cfn.describe_stack_resources(StackName="shop")["StackResources"]
    assert sorted(item["LogicalResourceId"] for item in listed) == ["New", "Queue"]


def test_no_updates(aws: Any) -> None:
    """An update that changes nothing is refused.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/troubleshooting.html
    """
    cfn = aws("cloudformation")
    body = template({"A": parameter("x")})
    create(cfn, "same", body)
    message = refused(lambda: cfn.update_stack(StackName="same", TemplateBody=body))
    assert message == "No updates are to be performed."


def test_stack_names_are_taken_and_must_exist(aws: Any) -> None:
    """A name is used once; what is not there cannot be updated or described, but deleting it is no error.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateStack.html
    """
    cfn = aws("cloudformation")
    body = template({"A": parameter("x")})
    create(cfn, "mine", body)
    assert "already exists" in refused(lambda: create(cfn, "mine", body), "AlreadyExistsException")
    assert "does not exist" in refused(lambda: cfn.update_stack(StackName="none", TemplateBody=body))
    assert "does not exist" in refused(lambda: cfn.describe_stacks(StackName="none"))
    cfn.delete_stack(StackName="none")


def test_deletion_policy_retain(aws: Any) -> None:
    """A resource with DeletionPolicy Retain outlives its stack.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-attribute-deletionpolicy.html
    """
    cfn = aws("cloudformation")
    stack = create(cfn, "kept", template({"A": parameter("stays", DeletionPolicy="Retain"), "B": parameter("goes")}))
    kept, gone = physical(cfn, "kept", "A"), physical(cfn, "kept", "B")
    assert delete(cfn, stack["StackId"])["StackStatus"] == "DELETE_COMPLETE"
    assert value_of(aws, kept) == "stays"
    assert refused(lambda: value_of(aws, gone), "ParameterNotFound")
    assert ("A", "DELETE_SKIPPED") in events(cfn, stack["StackId"])


def test_termination_protection(aws: Any) -> None:
    """A protected stack cannot be deleted until the protection is taken away.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-protect-stacks.html
    """
    cfn = aws("cloudformation")
    stack = create(cfn, "safe", template({"A": parameter("x")}), EnableTerminationProtection=True)
    message = refused(lambda: cfn.delete_stack(StackName="safe"))
    assert message == "Stack [safe] cannot be deleted while TerminationProtection is enabled"
    cfn.update_termination_protection(StackName="safe", EnableTerminationProtection=False)
    assert delete(cfn, stack["StackId"])["StackStatus"] == "DELETE_COMPLETE"


def test_stack_policy_denies_updates(aws: Any) -> None:
    """A stack policy keeps an update from touching a resource, and the update is rolled back.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/protect-stack-resources.html
    """
    cfn = aws("cloudformation")
    policy = {
        "Statement": [
            {"Effect": "Allow", "Action": "Update:*", "Principal": "*", "Resource": "*"},
            {"Effect": "Deny", "Action": "Update:*", "Principal": "*", "Resource": "LogicalResourceId/Held"},
        ]
    }
    body = template({"Held": parameter("old"), "Free": parameter("old")})
    create(cfn, "guarded", body, StackPolicyBody=json.dumps(policy))
    held, free = physical(cfn, "guarded", "Held"), physical(cfn, "guarded", "Free")
    stack = update(cfn, "guarded", template({"Held": parameter("new"), "Free": parameter("old")}))
    assert stack["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert "Action denied by stack policy" in reasons(cfn, "guarded")
    assert value_of(aws, held) == "old"
    update(cfn, "guarded", template({"Held": parameter("old"), "Free": parameter("new")}))
    assert value_of(aws, free) == "new"
    assert refused(lambda: cfn.set_stack_policy(StackName="guarded", StackPolicyBody="{}"))


def exporting(value: str = "one", name: str = "shared") -> str:
    """Return a template with an export."""
    output = {"Out": {"Value": value, "Export": {"Name": name}}}
    return template({"A": parameter("x")}, Outputs=output)


def test_export_in_use_guards_its_stack(aws: Any) -> None:
    """An export that another stack imports can be neither changed nor removed, nor its stack deleted.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-stack-exports.html
    """
    cfn = aws("cloudformation")
    maker = create(cfn, "maker", exporting())["StackId"]
    user = create(cfn, "user", template({"B": parameter({"Fn::ImportValue": "shared"})}))["StackId"]
    assert value_of(aws, physical(cfn, "user", "B")) == "one"
    assert cfn.list_imports(ExportName="shared")["Imports"] == ["user"]
    assert update(cfn, "maker", exporting("two"))["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert "Export shared cannot be updated as it is in use by user" in reasons(cfn, "maker")
    update(cfn, "maker", template({"A": parameter("y")}))
    assert "Export shared cannot be deleted as it is in use by user" in reasons(cfn, "maker")
    assert delete(cfn, "maker")["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert "Cannot delete export shared as it is in use by user" in reasons(cfn, "maker")
    assert delete(cfn, user)["StackStatus"] == "DELETE_COMPLETE"
    assert delete(cfn, maker)["StackStatus"] == "DELETE_COMPLETE"
    assert cfn.list_exports()["Exports"] == []


def test_export_names_are_unique_in_a_region(aws: Any, another_account: Callable[[], Any]) -> None:
    """A second stack cannot export a name that is taken; another account can.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/outputs-section-structure.html
    """
    cfn = aws("cloudformation")
    create(cfn, "first", exporting())
    assert create(cfn, "second", exporting())["StackStatus"] == "ROLLBACK_COMPLETE"
    assert "Export with name shared is already exported by stack first" in reasons(cfn, "second")
    assert create(another_account()("cloudformation"), "other", exporting())["StackStatus"] == "CREATE_COMPLETE"


def test_import_of_nothing_fails(aws: Any) -> None:
    """Importing what nobody exports fails the stack.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference-importvalue.html
    """
    cfn = aws("cloudformation")
    stack = create(cfn, "lonely", template({"B": parameter({"Fn::ImportValue": "nowhere"})}))
    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    assert "No export named nowhere found" in reasons(cfn, "lonely")


def test_condition_that_turns_false_removes(aws: Any) -> None:
    """A resource whose condition is no longer true is deleted by the update.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/conditions-section-structure.html
    """
    cfn = aws("cloudformation")
    body = template(
        {"Always": parameter("x"), "Sometimes": parameter("y", Condition="Wanted")},
        Parameters={"Extra": {"Type": "String", "Default": "no", "AllowedValues": ["yes", "no"]}},
        Conditions={"Wanted": {"Fn::Equals": [{"Ref": "Extra"}, "yes"]}},
    )
    yes = [{"ParameterKey": "Extra", "ParameterValue": "yes"}]
    create(cfn, "choice", body, Parameters=yes)
    assert len(aws("ssm").describe_parameters()["Parameters"]) == 2
    assert update(cfn, "choice", body, Parameters=[])["StackStatus"] == "UPDATE_COMPLETE"
    assert len(aws("ssm").describe_parameters()["Parameters"]) == 1


def test_nested_stack(aws: Any) -> None:
    """A stack can be a resource: its outputs are attributes, and it comes and goes with its parent.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-nested-stacks.html
    """
    cfn, s3 = aws("cloudformation"), aws("s3")
    bucket = f"templates-{aws.id}"
    s3.create_bucket(Bucket=bucket)
    child = template(
        {"A": parameter({"Ref": "Value"})},
        Parameters={"Value": {"Type": "String"}},
        Outputs={"Name": {"Value": {"Ref": "A"}}},
    )
    s3.put_object(Bucket=bucket, Key="child.json", Body=child)

    def parent(value: str) -> str:
        nested = {
            "Type": "AWS::CloudFormation::Stack",
            "Properties": {
                "TemplateURL": f"https://{bucket}.s3.amazonaws.com/child.json",
                "Parameters": {"Value": value},
            },
        }
        return template({"Child": nested}, Outputs={"Name": {"Value": {"Fn::GetAtt": ["Child", "Outputs.Name"]}}})

    stack = create(cfn, "parent", parent("one"))
    name = outputs(stack)["Name"]
    assert value_of(aws, name) == "one"
    assert update(cfn, "parent", parent("two"))["StackStatus"] == "UPDATE_COMPLETE"
    assert value_of(aws, name) == "two"
    nested = physical(cfn, "parent", "Child")
    assert delete(cfn, stack["StackId"])["StackStatus"] == "DELETE_COMPLETE"
    assert settle(cfn, nested)["StackStatus"] == "DELETE_COMPLETE"
