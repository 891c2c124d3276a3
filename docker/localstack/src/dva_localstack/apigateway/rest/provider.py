"""LocalStack's provider of REST APIs, mended."""

import datetime
from typing import Any

from localstack.aws.api import RequestContext, handler
from localstack.aws.api.apigateway import BadRequestException, NotFoundException
from localstack.services.apigateway.next_gen.execute_api import handlers
from localstack.services.apigateway.next_gen.execute_api.integrations import aws as aws_integrations
from localstack.services.apigateway.next_gen.execute_api.moto_helpers import get_usage_plan_keys
from localstack.services.apigateway.next_gen.provider import ApigatewayNextGenProvider
from localstack.services.moto import MotoFallbackDispatcher
from localstack.services.plugins import Service
from localstack.utils.patch import patch
from moto.apigateway.models import apigateway_backends

from .. import endpoint
from . import authorization, binary, gateway_responses, stage_cache, stage_limits, usage
from .lambda_authorizer import VERDICTS

AUTHORIZER_TYPES = ("TOKEN", "REQUEST", "COGNITO_USER_POOLS")
MAXIMUM_TTL = 3600
"""Seconds for which an authorizer's answer may be kept."""


class CourseRestApiProvider(ApigatewayNextGenProvider):
    """LocalStack's provider, whose APIs ask who calls and how often."""

    def on_after_init(self) -> None:
        """Add our handlers to LocalStack's invocation chain, and put ours in the place of some of its own."""
        super().on_after_init()
        endpoint.install()
        for added in (stage_limits.check_size, authorization.authorize, stage_limits.throttle):
            handlers.preprocess_request.append(added)
        patch(type(handlers.api_key_validation_handler).__call__)(
            lambda fn, self, chain, context, response: usage.check_key(chain, context, response)
        )
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
    return Service.for_provider(CourseRestApiProvider(), dispatch_table_factory=MotoFallbackDispatcher)
