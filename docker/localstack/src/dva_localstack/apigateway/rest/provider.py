"""LocalStack's provider of REST APIs, mended."""

import copy
import datetime
from typing import Any

from localstack.aws.api import RequestContext, ServiceRequest, handler
from localstack.aws.api.apigateway import BadRequestException, NotFoundException
from localstack.aws.api.core import ServiceRequestHandler
from localstack.aws.skeleton import DispatchTable
from localstack.services.apigateway.models import ApiGatewayStore, apigateway_stores
from localstack.services.apigateway.next_gen.execute_api import handlers
from localstack.services.apigateway.next_gen.execute_api.gateway import RestApiGateway
from localstack.services.apigateway.next_gen.execute_api.integrations import aws as aws_integrations
from localstack.services.apigateway.next_gen.execute_api.moto_helpers import get_usage_plan_keys
from localstack.services.apigateway.next_gen.provider import ApigatewayNextGenProvider
from localstack.services.moto import MotoFallbackDispatcher
from localstack.services.plugins import Service
from localstack.utils.collections import PaginatedList
from localstack.utils.patch import patch
from moto.apigateway.models import apigateway_backends

from .. import domains, endpoint
from . import (
    account,
    authorization,
    authorizer_test,
    binary,
    checks,
    execution_log,
    gateway_responses,
    monitoring,
    openapi,
    service_calls,
    stage_cache,
    stage_limits,
    usage,
)
from .lambda_authorizer import VERDICTS

AUTHORIZER_TYPES = ("TOKEN", "REQUEST", "COGNITO_USER_POOLS")
MAXIMUM_TTL = 3600
"""Seconds for which an authorizer's answer may be kept."""


CHANGED_BY_DEPLOYMENT = ("deployment_id", "canary_settings", "description")
"""What a deployment changes of its stage, besides what its request names."""


class CourseRestApiProvider(ApigatewayNextGenProvider):
    """LocalStack's provider, whose APIs ask who calls and how often."""

    def on_after_init(self) -> None:
        """Add our handlers to LocalStack's invocation chain, and put ours in the place of some of its own."""
        super().on_after_init()
        endpoint.install()
        for added in (
            authorization.check_endpoint,
            stage_limits.check_size,
            authorization.authorize,
            stage_limits.throttle,
        ):
            handlers.preprocess_request.append(added)
        patch(type(handlers.api_key_validation_handler).__call__)(
            lambda fn, self, chain, context, response: usage.check_key(chain, context, response)
        )
        aws_integrations.get_internal_mocked_headers = service_calls.headers
        patch(aws_integrations.RestApiAwsProxyIntegration._is_lambda_response_valid)(service_calls.is_proxy_answer)
        patch(aws_integrations.RestApiAwsProxyIntegration.parse_lambda_response)(execution_log.explained)
        patch(RestApiGateway.process_with_context)(monitoring.monitored)
        ApiGatewayStore.account = property(account.settings)  # type: ignore[method-assign,assignment]
        aws_integrations.mime_type_matches_binary_media_types = binary.is_binary
        patch(aws_integrations.RestApiAwsProxyIntegration.create_lambda_input_event)(binary.event_with_body)
        patch(type(handlers.integration_request_handler).__call__)(stage_cache.answer_from_cache)
        patch(type(handlers.integration_handler).__call__)(stage_limits.with_timeout)
        patch(type(handlers.method_response_handler).__call__)(stage_cache.keep_answer)
        patch(type(handlers.gateway_exception_handler).create_exception_response)(gateway_responses.customized)

    @handler("CreateAuthorizer", expand=False)
    def create_authorizer(self, context: RequestContext, request: Any) -> Any:
        """Create an authorizer that can work; LocalStack takes any."""
        kind, seconds = request.get("type"), request.get("authorizerResultTtlInSeconds", 300)
        if kind not in ("TOKEN", "REQUEST", "COGNITO_USER_POOLS"):
            raise BadRequestException(
                "Invalid authorizer type specified. Must be one of: TOKEN, REQUEST, COGNITO_USER_POOLS"
            )
        if not 0 <= int(seconds) <= MAXIMUM_TTL:
            raise BadRequestException(f"Authorizer result TTL must be between 0 and {MAXIMUM_TTL}")
        if kind == "COGNITO_USER_POOLS":
            if not request.get("providerARNs"):
                raise BadRequestException("Provider ARNs must be specified for COGNITO_USER_POOLS authorizers")
        elif "/functions/" not in (request.get("authorizerUri") or ""):
            raise BadRequestException("Invalid Authorizer URI: it must name a Lambda function")
        if not request.get("identitySource") and (kind == "TOKEN" or (kind == "REQUEST" and int(seconds))):
            raise BadRequestException("Identity source must be specified")
        return super().create_authorizer(context, request)

    @handler("PutIntegration", expand=False)
    def put_integration(self, context: RequestContext, request: Any, **_: Any) -> Any:
        """Refuse timeouts that AWS refuses."""
        if (
            not 50
            <= int(request.get("timeoutInMillis") or stage_limits.DEFAULT_TIMEOUT)
            <= stage_limits.DEFAULT_TIMEOUT
        ):
            raise BadRequestException(f"Timeout should be between 50 ms and {stage_limits.DEFAULT_TIMEOUT} ms")
        return super().put_integration(context, request)

    @handler("UpdateAccount")
    def update_account(self, context: RequestContext, patch_operations: Any = None, **_: Any) -> Any:
        """Set the role for logs, which has to trust API Gateway."""
        for operation in patch_operations or []:
            if operation.get("path") == "/cloudwatchRoleArn":
                account.check_role(operation.get("value"))
        return super().update_account(context, patch_operations)

    @handler("GetRestApis")
    def get_rest_apis(
        self, context: RequestContext, position: str | None = None, limit: int | None = None, **_: Any
    ) -> Any:
        """Return a page of APIs."""
        every = super().get_rest_apis(context)["items"]
        page, following = PaginatedList(every).get_page(lambda item: item["id"], position, limit or 25)
        return {"items": page} | ({"position": following} if following else {})

    @handler("ImportRestApi")
    def import_rest_api(self, context: RequestContext, body: Any, **given: Any) -> Any:
        """Refuse what is no OpenAPI document."""
        return super().import_rest_api(context, openapi.checked(body), **given)

    @handler("PutRestApi", expand=False)
    def put_rest_api(self, context: RequestContext, request: Any) -> Any:
        """Import an OpenAPI document, in the place of the API or, which is the default, into it."""
        request["body"] = openapi.checked(request["body"])
        document = openapi.parsed(request["body"].getvalue())
        api = checks.api_of(context, request)
        before = {resource.get_path(): resource for resource in api.resources.values()}
        # CloudFormation, which calls internally, replaces the resources unless told to merge them.
        merges = request.get("mode", "overwrite" if context.is_internal_call else "merge") == "merge"
        answer = super().put_rest_api(context, request)
        if merges:
            openapi.merge(api, before)
        container = apigateway_stores[context.account_id][context.region].rest_apis[request["restApiId"]]
        container.gateway_responses |= openapi.gateway_responses(document)
        return answer

    @handler("GetExport")
    def get_export(self, context: RequestContext, *arguments: Any, **given: Any) -> Any:
        """Return a stage's document."""
        openapi.with_extensions(context.request)
        return super().get_export(context, *arguments, **given)

    @handler("CreateRestApi", expand=False)
    def create_rest_api(self, context: RequestContext, request: Any) -> Any:
        """Create an API, whose tags are those of its ARN too."""
        made = super().create_rest_api(context, request)
        if request.get("tags"):
            arn = f"arn:{context.partition}:apigateway:{context.region}::/restapis/{made['id']}"
            self.tag_resource(context, arn, dict(request["tags"]))
        return made

    @handler("CreateDomainName")
    def create_domain_name(self, context: RequestContext, domain_name: str, **given: Any) -> Any:
        """Create a domain name, under which what is mapped to it is served."""
        made = super().create_domain_name(context, domain_name, **given)
        domains.serve(domain_name, context.account_id, context.region)
        return made

    @handler("TestInvokeAuthorizer", expand=False)
    def test_invoke_authorizer(self, context: RequestContext, request: Any) -> Any:
        """Ask an authorizer without calling a method."""
        return authorizer_test.run(context, checks.api_of(context, request), request)

    @handler("CreateDeployment")
    def create_deployment(
        self, context: RequestContext, rest_api_id: str, stage_name: str | None = None, **given: Any
    ) -> Any:
        """Deploy, and leave a stage that is there its settings; moto makes it anew.

        https://docs.aws.amazon.com/apigateway/latest/developerguide/how-to-deploy-api.html
        """
        stages = checks.api_of(context, {"restApiId": rest_api_id}).stages
        before = copy.copy(vars(stages[stage_name])) if stage_name in stages else {}
        made = super().create_deployment(context, rest_api_id, stage_name, **given)
        if before and not given.get("canary_settings"):
            kept = {name: value for name, value in before.items() if name not in CHANGED_BY_DEPLOYMENT}
            vars(stages[stage_name]).update({name: value for name, value in kept.items() if given.get(name) is None})
        return made

    @handler("FlushStageAuthorizersCache")
    def flush_stage_authorizers_cache(
        self, context: RequestContext, rest_api_id: str, stage_name: str, **_: Any
    ) -> None:
        """Forget what authorizers answered for a stage."""
        VERDICTS.forget(rest_api_id.lower(), stage_name)

    @handler("FlushStageCache")
    def flush_stage_cache(self, context: RequestContext, rest_api_id: str, stage_name: str, **_: Any) -> None:
        """Empty the cache of a stage."""
        stage_cache.CACHE.forget(rest_api_id.lower(), stage_name)

    @handler("GetUsage", expand=False)
    def get_usage(self, context: RequestContext, request: Any) -> Any:
        """Return used and remaining requests, by key and day."""
        plan = _plan(context, request["usagePlanId"])
        first, last = (_day(request[name]) for name in ("startDate", "endDate"))
        if last < first:
            raise BadRequestException("Invalid date range specified: the end date is before the start date")
        known = get_usage_plan_keys(usage_plan_id=plan["id"], account_id=context.account_id, region_name=context.region)
        wanted = [key["id"] for key in known if request.get("keyId") in (None, key["id"])]
        items = usage.report(plan, wanted, first, last)
        return {
            "usagePlanId": plan["id"],
            "startDate": request["startDate"],
            "endDate": request["endDate"],
            "items": items,
        }

    @handler("UpdateUsagePlan")
    def update_usage_plan(
        self, context: RequestContext, usage_plan_id: str, patch_operations: Any = None, **_: Any
    ) -> Any:
        """Set also the throttles of single methods, which moto ignores."""
        _plan(context, usage_plan_id)
        plan = apigateway_backends[context.account_id][context.region].usage_plans[usage_plan_id]
        for operation in patch_operations or []:
            usage.patch_method_throttle(plan.api_stages, operation)
        return super().update_usage_plan(context, usage_plan_id, patch_operations or [])

    @handler("UpdateUsage", expand=False)
    def update_usage(self, context: RequestContext, request: Any) -> Any:
        """Set how many requests a key has left in the period of today."""
        plan, today = _plan(context, request["usagePlanId"]), usage.today()
        quota = plan.get("quota")
        for operation in request.get("patchOperations") or []:
            if (operation.get("op"), operation.get("path")) != ("replace", "/remaining") or not quota:
                raise BadRequestException("Invalid patch path: only replace of /remaining of a plan with a quota")
            entry = usage.LEDGER.of(plan["id"], request["keyId"])
            missing = int(operation["value"]) - entry.remaining(quota, today)
            entry.granted[usage.period_start(quota["period"], today)] += missing
        items = usage.report(plan, [request["keyId"]], today, today)
        return {"usagePlanId": plan["id"], "startDate": str(today), "endDate": str(today), "items": items}


def _plan(context: RequestContext, plan_id: str) -> Any:
    plans = apigateway_backends[context.account_id][context.region].usage_plans
    if plan_id not in plans:
        raise NotFoundException("Invalid Usage Plan ID specified")
    return plans[plan_id].to_json()


def _day(text: str) -> datetime.date:
    try:
        return datetime.date.fromisoformat(text)
    except ValueError as error:
        raise BadRequestException(f"Invalid date specified: {text}") from error


def create_service() -> Service:
    """Return the API Gateway service for REST APIs."""
    return Service.for_provider(CourseRestApiProvider(), dispatch_table_factory=_checked)


def _checked(provider: object) -> DispatchTable:
    """Return LocalStack's table of operations, each of which refuses first what AWS refuses."""

    def after_check(serve: ServiceRequestHandler) -> ServiceRequestHandler:
        def operation(context: RequestContext, request: ServiceRequest) -> Any:
            checks.check(context, dict(request))
            return serve(context, request)

        return operation

    return {name: after_check(serve) for name, serve in MotoFallbackDispatcher(provider).items()}
