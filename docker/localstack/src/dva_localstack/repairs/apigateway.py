"""Settings of HTTP and WebSocket APIs' integrations that MiniStack drops."""

import json
from types import ModuleType
from typing import Any

KEPT = ("credentialsArn", "integrationSubtype", "passthroughBehavior", "templateSelectionExpression", "tlsConfig")


def apply(apigateway: ModuleType) -> None:
    """Keep them."""
    create, update = apigateway._create_integration, apigateway._update_integration

    def keep(api: str, answer: Any, data: dict[str, Any]) -> Any:
        status, _, body = answer
        if status >= 300:
            return answer
        integration = apigateway._integrations[api][json.loads(body)["integrationId"]]
        integration.update({name: data[name] for name in KEPT if name in data})
        return apigateway._apigw_response(integration, status)

    def create_integration(api: str, data: dict[str, Any]) -> Any:
        return keep(api, create(api, data), data)

    def update_integration(api: str, integration: str, data: dict[str, Any]) -> Any:
        return keep(api, update(api, integration, data), data)

    apigateway._create_integration = create_integration  # type: ignore[attr-defined]
    apigateway._update_integration = update_integration  # type: ignore[attr-defined]
