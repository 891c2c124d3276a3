"""What the tests of CloudFormation share: templates as dictionaries, and stacks that are waited for."""

import json
import time
from typing import Any

DOCS = "https://docs.aws.amazon.com/AWSCloudFormation/latest"

PARAMETER = "AWS::SSM::Parameter"
"""The cheapest resource type: what is there can be read back at once."""


def parameter(value: Any, **more: Any) -> dict[str, Any]:
    """Return an SSM parameter as a resource."""
    return {"Type": PARAMETER, "Properties": {"Type": "String", "Value": value}, **more}


def template(resources: dict[str, Any], **sections: Any) -> str:
    """Return a template's text."""
    return json.dumps({"AWSTemplateFormatVersion": "2010-09-09", "Resources": resources, **sections})


def settle(cfn: Any, name: str, seconds: float = 40) -> dict[str, Any]:
    """Wait until a stack is in progress no more; return its description."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        stack = cfn.describe_stacks(StackName=name)["Stacks"][0]
        if not stack["StackStatus"].endswith("_IN_PROGRESS"):
            return stack
        time.sleep(0.05)
    raise AssertionError(f"{name} is still {stack['StackStatus']}")


def create(cfn: Any, name: str, body: str, **more: Any) -> dict[str, Any]:
    """Create a stack and wait for it; return its description."""
    stack = cfn.create_stack(StackName=name, TemplateBody=body, **more)["StackId"]
    return settle(cfn, stack)


def update(cfn: Any, name: str, body: str, **more: Any) -> dict[str, Any]:
    """Update a stack and wait for it; return its description."""
    cfn.update_stack(StackName=name, TemplateBody=body, **more)
    return settle(cfn, name)


def delete(cfn: Any, stack_id: str, **more: Any) -> dict[str, Any]:
    """Delete a stack and wait for it; return its description."""
    cfn.delete_stack(StackName=stack_id, **more)
    return settle(cfn, stack_id)


def events(cfn: Any, name: str) -> list[tuple[str, str]]:
    """Return a stack's events in the order of time, each as logical id and status."""
    found = cfn.describe_stack_events(StackName=name)["StackEvents"]
    return [(event["LogicalResourceId"], event["ResourceStatus"]) for event in reversed(found)]


def reasons(cfn: Any, name: str) -> str:
    """Return the reasons of all events of a stack."""
    found = cfn.describe_stack_events(StackName=name)["StackEvents"]
    return "\n".join(event.get("ResourceStatusReason", "") for event in found)


def outputs(stack: dict[str, Any]) -> dict[str, str]:
    """Return a stack's outputs, names to values."""
    return {item["OutputKey"]: item["OutputValue"] for item in stack.get("Outputs", [])}


def value_of(aws: Any, name: str) -> str:
    """Return the value of an SSM parameter."""
    return aws("ssm").get_parameter(Name=name)["Parameter"]["Value"]


def physical(cfn: Any, stack: str, logical: str) -> str:
    """Return the physical id of a stack's resource."""
    detail = cfn.describe_stack_resource(StackName=stack, LogicalResourceId=logical)["StackResourceDetail"]
    return detail["PhysicalResourceId"]
