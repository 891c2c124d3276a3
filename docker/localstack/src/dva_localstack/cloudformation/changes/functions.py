"""Lambda functions and what belongs to them."""

from typing import Any

from localstack.services.cloudformation.resource_provider import ResourceRequest
from localstack.services.lambda_.resource_providers.aws_lambda_function import _get_lambda_code_param

from ..convert import call
from ..tags import retag

Properties = dict[str, Any]

DEFAULTS: Properties = {
    "DeadLetterConfig": {"TargetArn": ""},
    "Description": "",
    "Environment": {"Variables": {}},
    "EphemeralStorage": {"Size": 512},
    "Layers": [],
    "MemorySize": 128,
    "Timeout": 3,
    "TracingConfig": {"Mode": "PassThrough"},
    "VpcConfig": {"SubnetIds": [], "SecurityGroupIds": []},
}
"""What a setting becomes when it leaves the template.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-lambda-function.html
"""

CONFIGURATION = (
    *DEFAULTS,
    "Handler",
    "ImageConfig",
    "LoggingConfig",
    "Role",
    "Runtime",
    "SnapStart",
    "FileSystemConfigs",
)


def function(request: ResourceRequest[Any], before: Properties, after: Properties) -> None:
    """Change a function: its code, its configuration, its reserved concurrency, its tags."""
    client, name = request.aws_client_factory.lambda_, after["FunctionName"]
    waiter = client.get_waiter("function_updated_v2")
    pace = {"Delay": 0.05, "MaxAttempts": 1200}
    if before:
        code = ("Code", "Architectures")
        if any(after.get(item) != before.get(item) for item in code):
            client.update_function_code(FunctionName=name, **_get_lambda_code_param(after, _include_arch=True))
            waiter.wait(FunctionName=name, WaiterConfig=pace)
        changed = {
            item: after.get(item, DEFAULTS.get(item)) for item in CONFIGURATION if after.get(item) != before.get(item)
        }
        if changed:
            call(client, "update_function_configuration", {"FunctionName": name, **changed})
            waiter.wait(FunctionName=name, WaiterConfig=pace)
        retag(client, after["Arn"], before.get("Tags"), after.get("Tags"))
    elif "EphemeralStorage" in after:
        call(client, "update_function_configuration", {"FunctionName": name, **after})
        waiter.wait(FunctionName=name, WaiterConfig=pace)
    reserved = after.get("ReservedConcurrentExecutions")
    if reserved != before.get("ReservedConcurrentExecutions"):
        if reserved is None:
            client.delete_function_concurrency(FunctionName=name)
        else:
            client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=int(reserved))


def url(request: ResourceRequest[Any], before: Properties, after: Properties) -> None:
    """Change who may call a function's URL, and from which sites."""
    given = {"FunctionName": after["TargetFunctionArn"], "Cors": {}, **after}
    call(request.aws_client_factory.lambda_, "update_function_url_config", given)


def invoke_config(request: ResourceRequest[Any], before: Properties, after: Properties) -> None:
    """Put the configuration of asynchronous calls again."""
    call(request.aws_client_factory.lambda_, "put_function_event_invoke_config", after)


def mapping(request: ResourceRequest[Any], before: Properties, after: Properties) -> None:
    """Change an event source mapping; filters and partial answers that left are taken back."""
    given = {"UUID": after["Id"], **after}
    for name, nothing in (
        ("FilterCriteria", {"Filters": []}),
        ("FunctionResponseTypes", []),
        ("DestinationConfig", {}),
    ):
        if name in before and name not in after:
            given[name] = nothing
    call(request.aws_client_factory.lambda_, "update_event_source_mapping", given)
