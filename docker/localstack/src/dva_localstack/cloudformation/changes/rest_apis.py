"""API Gateway's REST APIs, whose updates are lists of patch operations.

https://docs.aws.amazon.com/apigateway/latest/api/patch-operations.html
"""

import json
from typing import Any

from localstack.services.apigateway.resource_providers.aws_apigateway_method import ApiGatewayMethodProvider
from localstack.services.cloudformation.resource_provider import OperationStatus, ProgressEvent, ResourceRequest

from ..convert import call
from ..table import TableProvider
from ..tags import retag

Properties = dict[str, Any]

METHOD_SETTINGS = {
    "CacheDataEncrypted": "caching/dataEncrypted",
    "CacheTtlInSeconds": "caching/ttlInSeconds",
    "CachingEnabled": "caching/enabled",
    "DataTraceEnabled": "logging/dataTrace",
    "LoggingLevel": "logging/loglevel",
    "MetricsEnabled": "metrics/enabled",
    "ThrottlingBurstLimit": "throttling/burstLimit",
    "ThrottlingRateLimit": "throttling/rateLimit",
}
"""Settings of methods to the paths of UpdateStage."""


def patch_text(value: Any) -> str:
    """Return a value as patch operations have it."""
    if isinstance(value, dict | list):
        return json.dumps(value)
    return str(value).lower() if isinstance(value, bool) else str(value)


def patches(before: Any, after: Any, names: dict[str, str]) -> list[dict[str, str]]:
    """Return the patch operations for changed properties.

    :param names: properties to paths; the members of an object get paths below it
    """
    made: list[dict[str, str]] = []
    for name, path in names.items():
        old, new = before.get(name), after.get(name)
        if isinstance(old, dict) or isinstance(new, dict):
            members = {**(old or {}), **(new or {})}
            below = {key: f"{path}/{key if name == 'Variables' else key[0].lower() + key[1:]}" for key in members}
            made += patches(old or {}, new or {}, below)
        elif new is not None and new != old:
            made.append({"op": "replace", "path": path, "value": patch_text(new)})
        elif new is None and old is not None:
            made.append({"op": "remove", "path": path, "value": ""})
    return made


def same(*names: str) -> dict[str, str]:
    """Return properties with the paths that have their names."""
    return {name: f"/{name[0].lower()}{name[1:]}" for name in names}


def patched(operation: str, key: dict[str, str], names: dict[str, str]) -> Any:
    """Return what changes resources of a type by patch operations.

    :param key: parameters that name the resource, to properties and attributes
    """

    def change(request: ResourceRequest[Any], before: Properties, after: Properties) -> None:
        changes = patches(before, after, names)
        if operation == "update_api_key":
            # LocalStack's knows no removal here.
            changes = [{**step, "op": "replace"} for step in changes]
        if changes:
            named = {parameter: after[name] for parameter, name in key.items()}
            getattr(request.aws_client_factory.apigateway, operation)(**named, patchOperations=changes)

    return change


def rest_api(request: ResourceRequest[Any], before: Properties, after: Properties) -> None:
    """Change a REST API's settings, and put another OpenAPI document in the place of the old one."""
    client, api = request.aws_client_factory.apigateway, after["RestApiId"]
    names = same("Name", "Description", "ApiKeySourceType", "MinimumCompressionSize", "Policy")
    names |= same("DisableExecuteApiEndpoint") | {"ApiKeySourceType": "/apiKeySource"}
    # The name of an API whose template gives only a document comes from the document, or is generated.
    kept = {"Name": before.get("Name")}
    if changes := patches(as_policy(before), as_policy(kept | after), names):
        client.update_rest_api(restApiId=api, patchOperations=changes)
    if after.get("Body") and after["Body"] != before.get("Body"):
        client.put_rest_api(restApiId=api, mode="overwrite", body=json.dumps(after["Body"]).encode())
    retag(client, f"arn:aws:apigateway:{request.region_name}::/restapis/{api}", before.get("Tags"), after.get("Tags"))


def model(request: ResourceRequest[Any], before: Properties, after: Properties) -> None:
    """Change a model's schema and description."""
    old, new = ({**side, "Schema": patch_text(side.get("Schema", {}))} for side in (before, after))
    if changes := patches(old, new, same("Description", "Schema")):
        request.aws_client_factory.apigateway.update_model(
            restApiId=after["RestApiId"], modelName=after["Name"], patchOperations=changes
        )


def as_policy(model: Properties) -> Properties:
    """Return an API's model with its resource policy as text."""
    policy = model.get("Policy")
    return {**model, "Policy": json.dumps(policy)} if isinstance(policy, dict) else model


def method_settings(model: Properties) -> dict[str, Properties]:
    """Return a stage's settings of methods by the beginning of their paths in patch operations."""
    found = {}
    for item in model.get("MethodSettings") or []:
        resource = str(item.get("ResourcePath", "/*"))
        place = "*" if resource == "/*" else resource.replace("~", "~0").replace("/", "~1")
        found[f"/{place}/{item.get('HttpMethod', '*')}"] = item
    return found


def stage(request: ResourceRequest[Any], before: Properties, after: Properties) -> None:
    """Change a stage: its deployment, variables, logging, cache and settings of methods."""
    client = request.aws_client_factory.apigateway
    names = same("Description", "CacheClusterEnabled", "CacheClusterSize", "Variables", "TracingEnabled")
    names |= same("ClientCertificateId", "DocumentationVersion", "DeploymentId")
    names |= {"AccessLogSetting": "/accessLogSettings", "CanarySetting": "/canarySettings"}
    if not before:
        # A new stage has got these from LocalStack's provider.
        names = {name: path for name, path in names.items() if name in ("AccessLogSetting", "ClientCertificateId")}
    changes = patches(before, after, names)
    old, new = method_settings(before), method_settings(after)
    for place, item in new.items():
        below = {name: f"{place}/{path}" for name, path in METHOD_SETTINGS.items()}
        changes += [step for step in patches(old.get(place, {}), item, below) if step["op"] == "replace"]
    changes += [{"op": "remove", "path": place} for place in old if place not in new]
    if changes:
        client.update_stage(restApiId=after["RestApiId"], stageName=after["StageName"], patchOperations=changes)
    if before:
        arn = f"arn:aws:apigateway:{request.region_name}::/restapis/{after['RestApiId']}/stages/{after['StageName']}"
        retag(client, arn, before.get("Tags"), after.get("Tags"))


def usage_plan(request: ResourceRequest[Any], before: Properties, after: Properties) -> None:
    """Change a usage plan: its limits, and the stages that it is for."""
    names = {"UsagePlanName": "/name", "Description": "/description", "Quota": "/quota", "Throttle": "/throttle"}
    changes = patches(before, {"UsagePlanName": before.get("UsagePlanName"), **after}, names)
    old = {f"{item['ApiId']}:{item['Stage']}" for item in before.get("ApiStages") or []}
    new = {f"{item['ApiId']}:{item['Stage']}" for item in after.get("ApiStages") or []}
    changes += [{"op": "add", "path": "/apiStages", "value": item} for item in sorted(new - old)]
    changes += [{"op": "remove", "path": "/apiStages", "value": item} for item in sorted(old - new)]
    if changes:
        request.aws_client_factory.apigateway.update_usage_plan(usagePlanId=after["Id"], patchOperations=changes)


def gateway_response(request: ResourceRequest[Any], before: Properties, after: Properties) -> None:
    """Put a gateway response again."""
    call(request.aws_client_factory.apigateway, "put_gateway_response", after)


class Method(ApiGatewayMethodProvider):
    """Fault: an update changed the integration's head only, and a new method lost its integration's responses."""

    def create(self, request: ResourceRequest[Any]) -> ProgressEvent[Any]:
        """Make a method; LocalStack takes the integration's responses out of the properties that it is given."""
        given = dict(request.desired_state)
        if given.get("Integration"):
            request.desired_state = {**given, "Integration": dict(given["Integration"])}
        event = super().create(request)
        event.resource_model = given
        return event

    def update(self, request: ResourceRequest[Any]) -> ProgressEvent[Any]:
        """Make a method again in the place of the old one."""
        client, model = request.aws_client_factory.apigateway, request.desired_state
        client.delete_method(
            restApiId=model["RestApiId"], resourceId=model["ResourceId"], httpMethod=model["HttpMethod"]
        )
        event = self.create(request)
        return ProgressEvent(OperationStatus.SUCCESS, resource_model=event.resource_model)


class Authorizer(TableProvider):
    """AWS::ApiGateway::Authorizer."""

    def __init__(self) -> None:
        super().__init__("AWS::ApiGateway::Authorizer")

    def update(self, request: ResourceRequest[dict[str, Any]]) -> ProgressEvent[dict[str, Any]]:
        """Change an authorizer."""
        before = dict(request.previous_state or {})
        after = {**dict(request.desired_state), "AuthorizerId": before["AuthorizerId"]}
        names = same("Name", "AuthorizerUri", "AuthorizerCredentials", "IdentitySource", "AuthorizerResultTtlInSeconds")
        changes = patches(before, after, names | same("IdentityValidationExpression", "AuthType"))
        old, new = before.get("ProviderARNs") or [], after.get("ProviderARNs") or []
        changes += [{"op": "add", "path": "/providerARNs", "value": arn} for arn in new if arn not in old]
        changes += [{"op": "remove", "path": "/providerARNs", "value": arn} for arn in old if arn not in new]
        if changes:
            request.aws_client_factory.apigateway.update_authorizer(
                restApiId=after["RestApiId"], authorizerId=after["AuthorizerId"], patchOperations=changes
            )
        return ProgressEvent(OperationStatus.SUCCESS, resource_model=after)
