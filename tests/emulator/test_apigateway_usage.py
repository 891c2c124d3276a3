"""API keys and usage plans of REST APIs, and the throttling of stages."""

import datetime
from typing import Any

import pytest
from apis import RestApi, seen
from botocore.exceptions import ClientError

FORBIDDEN = (403, {"message": "Forbidden"})
TOO_MANY = (429, {"message": "Too Many Requests"})
EXCEEDED = (429, {"message": "Limit Exceeded"})


class Plan:
    """A usage plan for the stage ``test`` of an API whose method ``GET /`` needs a key, with one key in it."""

    def __init__(self, account: Any, methods: Any = None, **settings: Any) -> None:
        self.api = RestApi(account)
        self.client = self.api.client
        for path in ("/", "/slow"):
            self.api.mock(path, apiKeyRequired=True)
        self.api.mock("/open")
        self.api.deploy()
        stage = {"apiId": self.api.id, "stage": "test", **({"throttle": methods} if methods else {})}
        self.id = self.client.create_usage_plan(name="plan", apiStages=[stage], **settings)["id"]
        self.key = self.add_key()

    def add_key(self, **settings: Any) -> dict[str, str]:
        """Make a key and put it into the plan."""
        key = self.client.create_api_key(name="key", **{"enabled": True, **settings})
        self.client.create_usage_plan_key(usagePlanId=self.id, keyId=key["id"], keyType="API_KEY")
        return key

    def call(self, key: dict[str, str] | None = None, path: str = "/") -> tuple[int, Any]:
        """Call the API with a key, the plan's first by default."""
        return seen(self.api.call(path, headers={"x-api-key": (key or self.key)["value"]}))

    def usage(self, first: datetime.date, last: datetime.date) -> Any:
        """Return the items of GetUsage."""
        return self.client.get_usage(usagePlanId=self.id, startDate=str(first), endDate=str(last))["items"]


def today() -> datetime.date:
    return datetime.datetime.now(datetime.UTC).date()


def test_a_key_is_needed_where_the_method_says_so(aws: Any) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-setup-api-key-with-console.html"""
    plan = Plan(aws)
    assert seen(plan.api.call()) == FORBIDDEN
    assert plan.call({"value": "wrong"}) == FORBIDDEN
    assert plan.call()[0] == 200
    assert plan.api.call("/open").status_code == 200


def test_a_key_of_no_plan_of_the_stage_or_a_disabled_one_is_refused(aws: Any) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-api-usage-plans.html"""
    plan = Plan(aws)
    alone = plan.client.create_api_key(name="alone", enabled=True)
    assert plan.call(alone) == FORBIDDEN
    assert plan.call(plan.add_key(enabled=False)) == FORBIDDEN
    plan.api.deploy("other")
    assert plan.call()[0] == 200
    assert seen(plan.api.call(stage="other", headers={"x-api-key": plan.key["value"]})) == FORBIDDEN


def test_a_quota_is_counted_for_each_key(aws: Any) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-api-usage-plans.html"""
    plan = Plan(aws, quota={"limit": 2, "period": "MONTH"})
    other = plan.add_key()
    assert [plan.call()[0], plan.call()[0]] == [200, 200]
    assert plan.call() == EXCEEDED
    assert plan.call(other)[0] == 200


def test_usage_tells_used_and_remaining_requests_by_day(aws: Any) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/api/API_GetUsage.html"""
    plan = Plan(aws, quota={"limit": 5, "period": "DAY"})
    plan.call()
    plan.call()
    day = today()
    assert plan.usage(day - datetime.timedelta(days=1), day) == {plan.key["id"]: [[0, 5], [2, 3]]}


def test_a_key_can_be_granted_more_requests(aws: Any) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/api/API_UpdateUsage.html"""
    plan = Plan(aws, quota={"limit": 1, "period": "WEEK"})
    assert plan.call()[0] == 200
    assert plan.call() == EXCEEDED
    plan.client.update_usage(
        usagePlanId=plan.id,
        keyId=plan.key["id"],
        patchOperations=[{"op": "replace", "path": "/remaining", "value": "2"}],
    )
    assert [plan.call()[0] for _ in range(3)] == [200, 200, 429]


def test_a_burst_above_the_throttle_is_refused(aws: Any) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-request-throttling.html"""
    plan = Plan(aws, throttle={"rateLimit": 0.01, "burstLimit": 2})
    assert [plan.call()[0] for _ in range(2)] == [200, 200]
    assert plan.call() == TOO_MANY


def test_tokens_come_back_at_the_rate(aws: Any, eventually: Any) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-request-throttling.html"""
    plan = Plan(aws, throttle={"rateLimit": 1, "burstLimit": 1})
    assert 429 in [plan.call()[0] for _ in range(20)]
    assert eventually(lambda: plan.call()[0] == 200)


def test_throttled_requests_do_not_spend_the_quota(aws: Any) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-api-usage-plans.html"""
    plan = Plan(aws, throttle={"rateLimit": 0.01, "burstLimit": 1}, quota={"limit": 9, "period": "DAY"})
    assert [plan.call()[0] for _ in range(3)] == [200, 429, 429]
    assert plan.usage(today(), today()) == {plan.key["id"]: [[1, 8]]}


def test_a_method_has_a_throttle_of_its_own(aws: Any) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/api/API_ApiStage.html"""
    plan = Plan(aws, methods={"/slow/GET": {"rateLimit": 0.01, "burstLimit": 1}})
    assert plan.call(path="/slow")[0] == 200
    assert plan.call(path="/slow") == TOO_MANY
    assert plan.call()[0] == 200


def test_the_throttle_of_a_method_can_be_changed(aws: Any) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/api/patch-operations.html#UpdateUsagePlan-Patch"""
    plan = Plan(aws)
    place = f"/apiStages/{plan.api.id}:test/throttle/~1slow/GET"
    limits = {"rateLimit": "0.01", "burstLimit": "1"}
    operations = [{"op": "replace", "path": f"{place}/{name}", "value": value} for name, value in limits.items()]
    changed = plan.client.update_usage_plan(usagePlanId=plan.id, patchOperations=operations)
    assert changed["apiStages"][0]["throttle"] == {"/slow/GET": {"rateLimit": 0.01, "burstLimit": 1}}
    assert plan.call(path="/slow")[0] == 200
    assert plan.call(path="/slow") == TOO_MANY
    assert plan.call()[0] == 200


def test_a_stage_throttles_everybody(aws: Any) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-request-throttling.html"""
    plan = Plan(aws)
    plan.api.settings(**{"/*/*/throttling/rateLimit": "0.01", "/*/*/throttling/burstLimit": "1"})
    assert plan.api.call("/open").status_code == 200
    assert seen(plan.api.call("/open")) == TOO_MANY


def test_an_authorizer_may_give_the_key(functions: Any) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-api-key-source.html"""
    authorizer = functions.deploy("""
        def handler(event, context):
            return {"principalId": "ann", "usageIdentifierKey": event["authorizationToken"], "policyDocument": {
                "Version": "2012-10-17",
                "Statement": [{"Action": "execute-api:Invoke", "Effect": "Allow", "Resource": "*"}]}}
    """)
    api = RestApi(functions.account, apiKeySource="AUTHORIZER")
    api.mock("/", authorizationType="CUSTOM", authorizerId=api.authorizer(authorizer), apiKeyRequired=True)
    api.deploy()
    stages = [{"apiId": api.id, "stage": "test"}]
    plan = api.client.create_usage_plan(name="plan", apiStages=stages)["id"]
    key = api.client.create_api_key(name="key", enabled=True)
    api.client.create_usage_plan_key(usagePlanId=plan, keyId=key["id"], keyType="API_KEY")
    assert api.call(headers={"Authorization": key["value"]}).status_code == 200
    assert seen(api.call(headers={"Authorization": "another", "x-api-key": key["value"]})) == FORBIDDEN


def test_usage_of_an_unknown_plan_or_of_no_days_is_refused(aws: Any) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/api/API_GetUsage.html"""
    plan = Plan(aws, quota={"limit": 5, "period": "DAY"})
    with pytest.raises(ClientError) as unknown:
        plan.client.get_usage(usagePlanId="absent", startDate="2026-01-01", endDate="2026-01-02")
    assert unknown.value.response["Error"]["Code"] == "NotFoundException"
    for first, last in (("2026-01-02", "2026-01-01"), ("yesterday", "2026-01-01")):
        with pytest.raises(ClientError) as wrong:
            plan.client.get_usage(usagePlanId=plan.id, startDate=first, endDate=last)
        assert wrong.value.response["Error"]["Code"] == "BadRequestException"
