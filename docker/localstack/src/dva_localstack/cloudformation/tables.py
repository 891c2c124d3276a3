"""DynamoDB tables that can be changed after they were made."""

from typing import Any

from localstack.services.cloudformation.resource_provider import OperationStatus, ProgressEvent, ResourceRequest
from localstack.services.dynamodb.resource_providers.aws_dynamodb_table import DynamoDBTableProvider

from .convert import to_parameters
from .tags import retag


class Table(DynamoDBTableProvider):
    """Faults: an update did nothing and said that it succeeded; protection and recovery settings were lost.

    Expiry was switched on at every look at the new table.
    """

    def create(self, request: ResourceRequest[Any]) -> ProgressEvent[Any]:
        """Create a table; settings that are calls of their own follow when it is there."""
        expiry = request.desired_state.pop("TimeToLiveSpecification", None)
        event = super().create(request)
        if expiry:
            for model in (request.desired_state, event.resource_model or {}):
                model["TimeToLiveSpecification"] = expiry
        if event.status == OperationStatus.SUCCESS:
            settings(request, {}, event.resource_model or {})
        return event

    def update(self, request: ResourceRequest[Any]) -> ProgressEvent[Any]:
        """Change capacity, stream and settings, and add or remove an index: one of them in an update, as on AWS."""
        before: dict[str, Any] = dict(request.previous_state or {})
        after: dict[str, Any] = dict(request.desired_state)
        model = {name: before[name] for name in ("Arn", "StreamArn", "TableName") if name in before} | after
        client = request.aws_client_factory.dynamodb
        changes: dict[str, Any] = {}
        for name in ("BillingMode", "ProvisionedThroughput", "DeletionProtectionEnabled", "TableClass"):
            if name in after and after[name] != before.get(name):
                changes[name] = after[name]
        stream = after.get("StreamSpecification")
        if bool(stream) != bool(before.get("StreamSpecification")):
            changes["StreamSpecification"] = {"StreamEnabled": bool(stream), **(stream or {})}
        if indexes := index_changes(
            before.get("GlobalSecondaryIndexes") or [], after.get("GlobalSecondaryIndexes") or []
        ):
            changes["AttributeDefinitions"] = after["AttributeDefinitions"]
            changes["GlobalSecondaryIndexUpdates"] = indexes
        if changes:
            shape = client.meta.service_model.operation_model("UpdateTable").input_shape
            client.update_table(**to_parameters(shape, {"TableName": model["TableName"], **changes}))
        settings(request, before, model)
        retag(client, model["Arn"], before.get("Tags"), model.get("Tags"))
        table = client.describe_table(TableName=model["TableName"])["Table"]
        if stream and table.get("LatestStreamArn"):
            model["StreamArn"] = table["LatestStreamArn"]
        return ProgressEvent(OperationStatus.SUCCESS, resource_model=model)


def settings(request: ResourceRequest[Any], before: dict[str, Any], after: dict[str, Any]) -> None:
    """Set expiry, recovery to a point in time and, for a new table, its protection."""
    client, name = request.aws_client_factory.dynamodb, after["TableName"]
    expiry = after.get("TimeToLiveSpecification")
    if expiry and (before or expiry.get("Enabled")) and expiry != before.get("TimeToLiveSpecification"):
        client.update_time_to_live(TableName=name, TimeToLiveSpecification=expiry)
    recovery = after.get("PointInTimeRecoverySpecification")
    if recovery and recovery != before.get("PointInTimeRecoverySpecification"):
        client.update_continuous_backups(TableName=name, PointInTimeRecoverySpecification=recovery)
    if not before and after.get("DeletionProtectionEnabled"):
        client.update_table(TableName=name, DeletionProtectionEnabled=True)


def index_changes(before: list[dict[str, Any]], after: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return what UpdateTable is told about global secondary indexes."""
    old, new = {item["IndexName"]: item for item in before}, {item["IndexName"]: item for item in after}
    changes: list[dict[str, Any]] = [{"Delete": {"IndexName": name}} for name in old if name not in new]
    changes += [{"Create": item} for name, item in new.items() if name not in old]
    for name, item in new.items():
        capacity = item.get("ProvisionedThroughput")
        if name in old and capacity and capacity != old[name].get("ProvisionedThroughput"):
            changes.append({"Update": {"IndexName": name, "ProvisionedThroughput": capacity}})
    return changes
