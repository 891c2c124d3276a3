"""Aliases of Lambda functions that can be moved to another version."""

from typing import Any

from localstack.services.cloudformation.resource_provider import OperationStatus, ProgressEvent, ResourceRequest
from localstack.services.lambda_.resource_providers.lambda_alias import LambdaAliasProvider


class Alias(LambdaAliasProvider):
    """Faults: an alias stayed where it was, and weights in the form of templates were refused."""

    def create(self, request: ResourceRequest[Any]) -> ProgressEvent[Any]:
        """Create an alias, with weights."""
        if not request.custom_context.get("repeated_invocation"):
            request.desired_state = {**request.desired_state, **routing(request.desired_state)}
        return super().create(request)

    def update(self, request: ResourceRequest[Any]) -> ProgressEvent[Any]:
        """Move an alias."""
        wanted: dict[str, Any] = dict(request.desired_state)
        previous: dict[str, Any] = dict(request.previous_state or {})
        request.aws_client_factory.lambda_.update_alias(
            FunctionName=wanted["FunctionName"],
            Name=wanted["Name"],
            FunctionVersion=wanted["FunctionVersion"],
            Description=wanted.get("Description", ""),
            **(routing(wanted) or {"RoutingConfig": {"AdditionalVersionWeights": {}}}),
        )
        model: Any = {**wanted, "Id": previous["Id"]}
        return ProgressEvent(OperationStatus.SUCCESS, resource_model=model)


def routing(properties: Any) -> dict[str, Any]:
    """Return an alias's weights as the API wants them, or nothing."""
    weights = (properties.get("RoutingConfig") or {}).get("AdditionalVersionWeights")
    if not isinstance(weights, list):
        return {}
    by_version = {str(item["FunctionVersion"]): float(item["FunctionWeight"]) for item in weights}
    return {"RoutingConfig": {"AdditionalVersionWeights": by_version}}
