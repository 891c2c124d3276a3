"""Resource types of LocalStack's that can be changed in place: what its providers leave out."""

import json
from collections.abc import Callable
from typing import Any

from localstack.services.cloudformation.resource_provider import OperationStatus, ProgressEvent, ResourceRequest

from .convert import to_parameters

Properties = dict[str, Any]


def call(client: Any, operation: str, given: Properties) -> Any:
    """Call an operation with what of ``given`` its service model knows."""
    api = client.meta.method_to_api_mapping[operation]
    return getattr(client, operation)(
        **to_parameters(client.meta.service_model.operation_model(api).input_shape, given)
    )


def rest_api(request: ResourceRequest[Any], before: Properties, after: Properties) -> None:
    """Put another OpenAPI document in the place of a REST API's."""
    if after.get("Body") and after["Body"] != before.get("Body"):
        request.aws_client_factory.apigateway.put_rest_api(
            restApiId=before["RestApiId"], mode="overwrite", body=json.dumps(after["Body"]).encode()
        )


def log_group(request: ResourceRequest[Any], before: Properties, after: Properties) -> None:
    """Change how long a log group keeps its events."""
    days, name = after.get("RetentionInDays"), before["LogGroupName"]
    logs = request.aws_client_factory.logs
    if days:
        logs.put_retention_policy(logGroupName=name, retentionInDays=int(days))
    elif before.get("RetentionInDays"):
        logs.delete_retention_policy(logGroupName=name)


def alarm(request: ResourceRequest[Any], before: Properties, after: Properties) -> None:
    """Put an alarm again."""
    call(request.aws_client_factory.cloudwatch, "put_metric_alarm", {**after, "AlarmName": before["AlarmName"]})


def rule(request: ResourceRequest[Any], before: Properties, after: Properties) -> None:
    """Put an EventBridge rule again, and its targets; those that left are removed."""
    events, bus = request.aws_client_factory.events, after.get("EventBusName") or "default"
    name = before["Name"]
    call(events, "put_rule", {**after, "Name": name, "EventBusName": bus})
    kept = {target["Id"] for target in after.get("Targets") or []}
    gone = [target["Id"] for target in before.get("Targets") or [] if target["Id"] not in kept]
    if gone:
        events.remove_targets(Rule=name, EventBusName=bus, Ids=gone)
    if kept:
        call(events, "put_targets", {"Rule": name, "EventBusName": bus, "Targets": after["Targets"]})


def bucket_policy(request: ResourceRequest[Any], before: Properties, after: Properties) -> None:
    """Put a bucket's policy again."""
    request.aws_client_factory.s3.put_bucket_policy(Bucket=after["Bucket"], Policy=json.dumps(after["PolicyDocument"]))


def secret(request: ResourceRequest[Any], before: Properties, after: Properties) -> None:
    """Change a secret's description and value."""
    given = {name: after[name] for name in ("Description", "SecretString", "KmsKeyId") if name in after}
    if given:
        request.aws_client_factory.secretsmanager.update_secret(SecretId=before["Id"], **given)


UPDATES: dict[str, Callable[[ResourceRequest[Any], Properties, Properties], None]] = {
    "AWS::ApiGateway::RestApi": rest_api,
    "AWS::CloudWatch::Alarm": alarm,
    "AWS::Events::Rule": rule,
    "AWS::Logs::LogGroup": log_group,
    "AWS::S3::BucketPolicy": bucket_policy,
    "AWS::SecretsManager::Secret": secret,
}
"""Resource types to what changes their resources."""


def update(request: ResourceRequest[Any]) -> ProgressEvent[Any] | None:
    """Change a resource in place; None for a type that is not here."""
    change = UPDATES.get(request.resource_type)
    if not change:
        return None
    before: Properties = dict(request.previous_state or {})
    after: Properties = dict(request.desired_state)
    change(request, before, after)
    return ProgressEvent(OperationStatus.SUCCESS, resource_model={**before, **after})
