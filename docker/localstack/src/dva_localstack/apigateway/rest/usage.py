"""API keys with usage plans: who may call, how often, and how many times; LocalStack only looks for the key.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-api-usage-plans.html
"""

import datetime
import re
import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from localstack.services.apigateway.next_gen.execute_api.context import RestApiInvocationContext
from localstack.services.apigateway.next_gen.execute_api.gateway_response import (
    InvalidAPIKeyError,
    QuotaExceededError,
    ThrottledError,
)
from localstack.services.apigateway.next_gen.execute_api.handlers import api_key_validation_handler
from localstack.services.apigateway.next_gen.execute_api.moto_helpers import (
    get_api_key,
    get_usage_plan_keys,
    get_usage_plans,
)

from ..throttle import Buckets

BUCKETS = Buckets()

METHOD_THROTTLE = re.compile(
    r"/apiStages/(?P<stage>[^/]+)/throttle/(?P<resource>.+)/(?P<method>[A-Z*]+)/(?P<limit>rateLimit|burstLimit)"
)
"""The patch path of a method's throttle in a usage plan."""


@dataclass
class Usage:
    """Requests of one key under one plan."""

    by_day: Counter[datetime.date] = field(default_factory=Counter)
    granted: Counter[datetime.date] = field(default_factory=Counter)
    """Further requests given by ``UpdateUsage``, by the first day of the period for which they hold."""

    def used(self, first: datetime.date, last: datetime.date) -> int:
        """Return the number of requests on the days from ``first`` to ``last``."""
        return sum(count for day, count in self.by_day.items() if first <= day <= last)

    def remaining(self, quota: Mapping[str, Any], day: datetime.date) -> int:
        """Return how many requests the period of ``day`` has left at the end of that day."""
        first = period_start(quota["period"], day)
        return max(0, int(quota["limit"]) + self.granted[first] - self.used(first, day))


class Ledger:
    """The usage of all keys under all plans."""

    def __init__(self) -> None:
        self._usage: dict[tuple[str, str], Usage] = {}
        self._lock = threading.Lock()

    def of(self, plan_id: str, key_id: str) -> Usage:
        """Return the usage of one key under one plan."""
        with self._lock:
            return self._usage.setdefault((plan_id, key_id), Usage())

    def spend(self, plan: Mapping[str, Any], key_id: str) -> bool:
        """Count a request; return False, and count nothing, when the plan's quota is used up."""
        usage, day = self.of(plan["id"], key_id), today()
        with self._lock:
            if (quota := plan.get("quota")) and usage.remaining(quota, day) < 1:
                return False
            usage.by_day[day] += 1
            return True


LEDGER = Ledger()


def today() -> datetime.date:
    """Return the day in UTC, at whose midnight quotas start anew."""
    return datetime.datetime.now(datetime.UTC).date()


def period_start(period: str, day: datetime.date) -> datetime.date:
    """Return the first day of the quota period that ``day`` is in.

    :param period: ``DAY``, ``WEEK`` (from Sunday) or ``MONTH``
    """
    if period == "WEEK":
        return day - datetime.timedelta(days=day.isoweekday() % 7)
    return day.replace(day=1) if period == "MONTH" else day


def check_key(chain: Any, context: RestApiInvocationContext, response: Any) -> None:
    """A handler of the chain, in place of LocalStack's check of API keys.

    :raises InvalidAPIKeyError: 403, no key, an unknown or disabled one, or one of no plan of this stage
    :raises ThrottledError: 429, more requests a second than the plan allows
    :raises QuotaExceededError: 429, the plan's quota is used up
    """
    if not context.resource_method.get("apiKeyRequired"):
        return
    identity = context.context_variables["identity"]
    rest_api = context.deployment.rest_api.rest_api
    value = api_key_validation_handler.get_request_api_key(rest_api, context.invocation_request, identity)
    found = _plan_and_key(context, value) if value else None
    if not found:
        raise InvalidAPIKeyError("Forbidden")
    plan, key = found
    identity["apiKey"], identity["apiKeyId"] = key["value"], key["id"]
    _throttle(context, plan, key["id"])
    if not LEDGER.spend(plan, key["id"]):
        raise QuotaExceededError("Limit Exceeded")


def _plan_and_key(context: RestApiInvocationContext, value: str) -> tuple[Any, Any] | None:
    place = {"account_id": context.account_id or "", "region_name": context.region or ""}
    for plan in get_usage_plans(**place):
        if not any(_is_stage(item, context) for item in plan.get("apiStages") or []):
            continue
        for listed in get_usage_plan_keys(usage_plan_id=plan["id"], **place):
            if listed["value"] == value:
                key = get_api_key(api_key_id=listed["id"], **place)
                return (plan, key) if key["enabled"] else None
    return None


def _is_stage(item: Mapping[str, Any], context: RestApiInvocationContext) -> bool:
    return (item.get("apiId"), item.get("stage")) == (context.api_id, context.stage)


def _throttle(context: RestApiInvocationContext, plan: Mapping[str, Any], key_id: str) -> None:
    """Take a token for the method, where the plan limits it, and one for the plan as a whole."""
    stage = next(item for item in plan["apiStages"] if _is_stage(item, context))
    name = f"{context.resource['path']}/{context.resource_method['httpMethod']}"
    limits = [(name, (stage.get("throttle") or {}).get(name)), ("", plan.get("throttle"))]
    for scope, limit in limits:
        key = (plan["id"], key_id, context.api_id if scope else "", context.stage if scope else "", scope)
        if limit and not BUCKETS.take(key, _number(limit, "rateLimit"), _number(limit, "burstLimit")):
            raise ThrottledError("Too Many Requests")


def _number(limit: Mapping[str, Any], name: str) -> float | None:
    return None if limit.get(name) is None else float(limit[name])


def patch_method_throttle(stages: list[dict[str, Any]], operation: Mapping[str, str]) -> None:
    """Carry out a patch of ``/apiStages/API:STAGE/throttle/RESOURCE/METHOD/rateLimit`` (or ``burstLimit``), or of none.

    https://docs.aws.amazon.com/apigateway/latest/api/patch-operations.html#UpdateUsagePlan-Patch

    :param stages: the plan's; a resource's path has ``~1`` for ``/`` in the operation
    """
    match = METHOD_THROTTLE.fullmatch(operation.get("path") or "")
    if not match or operation.get("op") not in ("add", "replace"):
        return
    for stage in stages:
        if f"{stage['apiId']}:{stage['stage']}" == match["stage"]:
            method = f"{match['resource'].replace('~1', '/')}/{match['method']}"
            limits = stage.setdefault("throttle", {}).setdefault(method, {})
            limits[match["limit"]] = float(operation["value"])


def report(plan: Mapping[str, Any], key_ids: list[str], first: datetime.date, last: datetime.date) -> dict[str, Any]:
    """Return the ``items`` of ``GetUsage``: for each key a pair of used and remaining requests for each day."""
    days = [first + datetime.timedelta(days=count) for count in range((last - first).days + 1)]
    quota = plan.get("quota")
    if not quota:
        return {}
    usages = {key_id: LEDGER.of(plan["id"], key_id) for key_id in key_ids}
    return {
        key_id: [[usage.by_day[day], usage.remaining(quota, day)] for day in days] for key_id, usage in usages.items()
    }
