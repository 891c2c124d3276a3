"""What AWS refuses to configure for REST APIs, and LocalStack takes.

https://docs.aws.amazon.com/apigateway/latest/api/API_Operations.html
"""

import json
import re
from collections.abc import Callable
from typing import Any

from localstack.aws.api import RequestContext
from localstack.aws.api.apigateway import BadRequestException, ConflictException, NotFoundException
from localstack.services.apigateway.models import apigateway_stores
from moto.apigateway.models import apigateway_backends

from .stage_checks import check_stage, check_stage_changes

PATH_PART = re.compile(r"[a-zA-Z0-9._\-:]+|\{[a-zA-Z0-9._\-:]+\+?\}")
AUTHORIZATION_TYPES = ("NONE", "AWS_IAM", "CUSTOM", "COGNITO_USER_POOLS")
METHOD_PARAMETER = re.compile(r"method\.request\.(path|querystring|header)\.[^.\s]+")
PASSTHROUGH = ("WHEN_NO_MATCH", "WHEN_NO_TEMPLATES", "NEVER")
PERIODS = {"DAY": 0, "WEEK": 6, "MONTH": 27}
"""Periods of a quota, and the largest offset of each."""

EXPORTS = ("oas30", "swagger")

Request = dict[str, Any]
Check = Callable[[RequestContext, Request], None]


def check(context: RequestContext, request: Request) -> None:
    """Raise the error that AWS answers to a request that it refuses."""
    operation = context.operation.name if context.operation else ""
    if operation in IN_ORDER and context.is_internal_call:
        return
    if rule := RULES.get(operation):
        rule(context, request)


def api_of(context: RequestContext, request: Request) -> Any:
    """Return moto's API.

    :raises NotFoundException: there is none
    """
    api = apigateway_backends[context.account_id][context.region].apis.get(request["restApiId"])
    if api is None:
        raise NotFoundException(f"Invalid API identifier specified {context.account_id}:{request['restApiId']}")
    return api


def _method(context: RequestContext, request: Request) -> Any:
    resource = api_of(context, request).resources.get(request["resourceId"])
    return resource.resource_methods.get(request["httpMethod"]) if resource else None


def mapping_error(parameter: str) -> BadRequestException:
    """Return the refusal of a parameter mapping."""
    return BadRequestException(
        "Invalid mapping expression specified: Validation Result: warnings : [], errors : "
        f"[Invalid mapping expression parameter specified: {parameter}]"
    )


def _resource(context: RequestContext, request: Request) -> None:
    part = request["pathPart"]
    if not PATH_PART.fullmatch(part):
        raise BadRequestException(
            "Resource's path part only allow a-zA-Z0-9._-: or a valid greedy path variable and curly braces at the "
            "beginning and the end."
        )
    resources = api_of(context, request).resources.values()
    if any((other.parent_id, other.path_part) == (request["parentId"], part) for other in resources):
        raise ConflictException(f"Another resource with the same parent already has this name: {part}")


def _root_stays(context: RequestContext, request: Request) -> None:
    resource = api_of(context, request).resources.get(request["resourceId"])
    if resource and resource.parent_id is None:
        raise BadRequestException("Root resource cannot be deleted")


def _new_method(context: RequestContext, request: Request) -> None:
    if str(request["authorizationType"]).upper() not in AUTHORIZATION_TYPES:
        raise BadRequestException(
            f"Invalid Authorization Type specified. Valid options are {','.join(AUTHORIZATION_TYPES)}"
        )
    for parameter in request.get("requestParameters") or {}:
        if not METHOD_PARAMETER.fullmatch(parameter):
            raise mapping_error(parameter)
    if not context.is_internal_call and _method(context, request):
        raise ConflictException("Method already exists for this resource")


def _method_response(context: RequestContext, request: Request) -> None:
    method = _method(context, request)
    if method and request["statusCode"] in method.method_responses:
        raise ConflictException("Response already exists for this resource")


def _integration(context: RequestContext, request: Request) -> None:
    kind, uri = request.get("type") or "", request.get("uri") or ""
    if request.get("passthroughBehavior", PASSTHROUGH[0]) not in PASSTHROUGH:
        raise BadRequestException(f"Invalid passthrough behavior specified. Valid options are {','.join(PASSTHROUGH)}")
    if kind.startswith("HTTP"):
        if not request.get("integrationHttpMethod"):
            raise BadRequestException("Enumeration value for HttpMethod must be non-empty")
        if not uri.startswith(("http://", "https://", "${")):
            raise BadRequestException("Invalid HTTP endpoint specified for URI")
    if kind == "AWS" and uri.startswith("arn:") and ":lambda:path/" not in uri and not request.get("credentials"):
        raise BadRequestException("Role ARN must be specified for AWS integrations")


def _integration_response(context: RequestContext, request: Request) -> None:
    method = _method(context, request)
    if method is None:
        return
    if method.method_integration is None:
        raise NotFoundException("Invalid Integration identifier specified")
    response = method.method_responses.get(request["statusCode"])
    if response is None:
        raise NotFoundException("Invalid Response status code specified")
    for parameter in request.get("responseParameters") or {}:
        if parameter not in (response.response_parameters or {}):
            raise mapping_error(parameter)


def _deployment(context: RequestContext, request: Request) -> None:
    api = api_of(context, request)
    methods = [method for resource in api.resources.values() for method in resource.resource_methods.values()]
    if methods and any(method.method_integration is None for method in methods):
        raise BadRequestException("No integration defined for method")
    if request.get("stageName"):
        check_stage(request)


def _stage(context: RequestContext, request: Request) -> None:
    check_stage(request)
    api = api_of(context, request)
    if request["stageName"] in api.stages:
        raise ConflictException("Stage already exists")
    if request["deploymentId"] not in api.deployments:
        raise BadRequestException("Deployment id does not exist")


def _stage_changes(context: RequestContext, request: Request) -> None:
    store = apigateway_stores[context.account_id][context.region]
    stage = api_of(context, request).stages.get(request["stageName"])
    kept = (getattr(stage, "access_log_settings", None) or {}) if stage else {}
    check_stage_changes(request.get("patchOperations") or [], store.account.get("cloudwatchRoleArn"), kept)


def _model(context: RequestContext, request: Request) -> None:
    if not re.fullmatch("[a-zA-Z0-9]+", request["name"]):
        raise BadRequestException(f"Model name must be alphanumeric: {request['name']}")
    try:
        json.loads(request.get("schema") or "{}")
    except ValueError as error:
        raise BadRequestException(
            "Invalid model specified: Validation Result: warnings : [], errors : [Invalid model schema specified. "
            "Unable to parse the schema as JSON]"
        ) from error


def _authorizer_unused(context: RequestContext, request: Request) -> None:
    for resource in api_of(context, request).resources.values():
        for verb, method in resource.resource_methods.items():
            if method.authorizer_id == request["authorizerId"]:
                raise ConflictException(
                    f"Cannot delete authorizer '{request['authorizerId']}', is referenced in method {verb} of "
                    f"resource {resource.get_path()}"
                )


def _plan(context: RequestContext, request: Request) -> None:
    quota = request.get("quota") or {}
    period = str(quota.get("period"))
    if quota and period not in PERIODS:
        raise BadRequestException("Usage Plan quota period must be one of: DAY, WEEK, MONTH")
    if quota and not 0 <= int(quota.get("offset") or 0) <= PERIODS[period]:
        raise BadRequestException("Usage Plan quota offset must be within the period")
    apis = apigateway_backends[context.account_id][context.region].apis
    for used in request.get("apiStages") or []:
        api = apis.get(used.get("apiId"))
        if api is None or used.get("stage") not in api.stages:
            raise NotFoundException(f"API Stage not found: {used.get('apiId')}:{used.get('stage')}")


def _plan_unused(context: RequestContext, request: Request) -> None:
    plan = apigateway_backends[context.account_id][context.region].usage_plans.get(request["usagePlanId"])
    if plan and plan.api_stages:
        raise BadRequestException(
            f"Cannot delete Usage Plan {request['usagePlanId']} because it has associated API stages"
        )


def _plan_key(context: RequestContext, request: Request) -> None:
    if request["keyType"] != "API_KEY":
        raise BadRequestException("Invalid Key Type specified. Must be API_KEY")
    keys = apigateway_backends[context.account_id][context.region].usage_plan_keys.get(request["usagePlanId"]) or {}
    if request["keyId"] in keys:
        raise ConflictException(f"Usage Plan already contains the API key {request['keyId']}")


def _export(context: RequestContext, request: Request) -> None:
    if request["stageName"] not in api_of(context, request).stages:
        raise NotFoundException("Invalid stage identifier specified")
    if request["exportType"] not in EXPORTS:
        raise BadRequestException(f"No API exporter for type '{request['exportType']}'")


def _new_documentation(context: RequestContext, request: Request) -> None:
    container = apigateway_stores[context.account_id][context.region].rest_apis.get(request["restApiId"])
    if container and request["documentationVersion"] in container.documentation_versions:
        raise ConflictException(f"Documentation version {request['documentationVersion']} already exists")


def _mapping(context: RequestContext, request: Request) -> None:
    store = apigateway_stores[context.account_id][context.region]
    base = request.get("basePath") or "(none)"
    known = store.base_path_mappings.get(request["domainName"]) or []
    if any(entry["basePath"] == base for entry in known):
        raise ConflictException("Base path already exists for this domain name")
    apis = apigateway_backends[context.account_id][context.region].apis
    if request["restApiId"] not in apis:
        raise BadRequestException("Invalid REST API identifier specified")
    if (stage := request.get("stage")) and stage not in apis[request["restApiId"]].stages:
        raise BadRequestException("Invalid stage identifier specified")


IN_ORDER = ("PutMethodResponse", "PutIntegrationResponse", "DeleteUsagePlan", "DeleteAuthorizer")
"""Operations that CloudFormation's handlers call in another order than AWS's own."""

RULES: dict[str, Check] = {
    "CreateResource": _resource,
    "DeleteResource": _root_stays,
    "PutMethod": _new_method,
    "PutMethodResponse": _method_response,
    "PutIntegration": _integration,
    "PutIntegrationResponse": _integration_response,
    "CreateDeployment": _deployment,
    "CreateStage": _stage,
    "UpdateStage": _stage_changes,
    "CreateModel": _model,
    "DeleteAuthorizer": _authorizer_unused,
    "CreateUsagePlan": _plan,
    "DeleteUsagePlan": _plan_unused,
    "CreateUsagePlanKey": _plan_key,
    "GetExport": _export,
    "CreateDocumentationVersion": _new_documentation,
    "CreateBasePathMapping": _mapping,
}
