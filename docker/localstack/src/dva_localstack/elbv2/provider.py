"""Elastic Load Balancing answered by moto, after what AWS refuses and moto accepts was refused."""

from collections.abc import Callable
from typing import Any

from localstack.aws.api import RequestContext, ServiceRequest
from localstack.aws.spec import load_service
from localstack.services.moto import _proxy_moto, call_moto_with_request
from localstack.services.plugins import Service, ServiceLifecycleHook
from localstack.state import StateVisitor

from dva_localstack.elbv2 import serving
from dva_localstack.elbv2.refusals import CHECKS, Check, client, refuse

HTTP_HEALTH = {"HealthCheckTimeoutSeconds": 5, "HealthCheckPath": "/"}
"""https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html"""


class LoadBalancing(ServiceLifecycleHook):
    """Has moto answer every operation."""

    service = "elbv2"

    def on_before_start(self) -> None:
        """Serve load balancers on the gateway."""
        serving.install()

    def accept_state_visitor(self, visitor: StateVisitor) -> None:
        """Moto's data is not saved."""


def checked(check: Check) -> Callable[[RequestContext, ServiceRequest], Any]:
    """Return an operation that moto answers if ``check`` raises nothing."""

    def operation(context: RequestContext, request: ServiceRequest) -> Any:
        check(context, request)
        return _proxy_moto(context, request)

    return operation


def create_balancer(context: RequestContext, request: Any) -> Any:
    """Faults: a load balancer without scheme or type has none, and no idle timeout; its name can be used twice."""
    from moto.elbv2.models import elbv2_backends

    CHECKS["CreateLoadBalancer"](context, request)
    request = {"Scheme": "internet-facing", "Type": "application", **request}
    for one in client(context, "elbv2").describe_load_balancers()["LoadBalancers"]:
        if one["LoadBalancerName"] == request["Name"]:
            if (one["Scheme"], one["Type"]) == (request["Scheme"], request["Type"]):
                return {"LoadBalancers": [one]}
            text = "A load balancer with the same name exists, but with different settings"
            refuse("DuplicateLoadBalancerName", text)
    answer = call_moto_with_request(context, request)
    if request["Type"] == "application":
        arn = answer["LoadBalancers"][0]["LoadBalancerArn"]
        attributes = elbv2_backends[context.account_id][context.region].load_balancers[arn].attrs
        attributes |= {"idle_timeout.timeout_seconds": "60", "routing.http2.enabled": "true"}
    return answer


def create_group(context: RequestContext, request: Any) -> Any:
    """Faults: health checks over HTTP wait 10 seconds for ``None``; a group of functions has health checks."""
    from moto.elbv2.models import elbv2_backends

    CHECKS["CreateTargetGroup"](context, request)
    functions = request.get("TargetType") == "lambda"
    if request.get("Protocol") in ("HTTP", "HTTPS"):
        request = {**HTTP_HEALTH, **request}
    if functions:
        request = {
            "HealthCheckEnabled": False,
            "HealthCheckIntervalSeconds": 35,
            "HealthCheckTimeoutSeconds": 30,
            **request,
        }
    answer = call_moto_with_request(context, request)
    if functions:
        arn = answer["TargetGroups"][0]["TargetGroupArn"]
        group = elbv2_backends[context.account_id][context.region].target_groups[arn]
        group.attributes = {"lambda.multi_value_headers.enabled": "false"}
    return answer


def create_service() -> Service:
    """Return the service."""
    table = dict.fromkeys(load_service("elbv2").operation_names, _proxy_moto)
    table |= {name: checked(check) for name, check in CHECKS.items()}
    table |= {"CreateLoadBalancer": create_balancer, "CreateTargetGroup": create_group}
    return Service.for_provider(LoadBalancing(), dispatch_table_factory=lambda _: table)
