"""Elastic Load Balancing answered by moto, after what AWS refuses and moto accepts was refused."""

from collections.abc import Callable
from typing import Any

from localstack.aws.api import CommonServiceException, RequestContext, ServiceRequest
from localstack.aws.connect import connect_to
from localstack.aws.spec import load_service
from localstack.services.moto import _proxy_moto
from localstack.services.plugins import Service, ServiceLifecycleHook
from localstack.state import StateVisitor

PRIORITIES = range(1, 50001)
"""https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateRule.html"""

ZONES_OF_APPLICATION_BALANCERS = 2
"""https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateLoadBalancer.html"""

Check = Callable[[RequestContext, Any], None]


class LoadBalancing(ServiceLifecycleHook):
    """Has moto answer every operation."""

    service = "elbv2"

    def accept_state_visitor(self, visitor: StateVisitor) -> None:
        """Moto's data is not saved."""


def refuse(code: str, message: str) -> None:
    """Raise an error of the caller's."""
    raise CommonServiceException(code, message, status_code=400, sender_fault=True)


def own(context: RequestContext) -> Any:
    """Return a client of the service in the caller's account."""
    return connect_to(aws_access_key_id=context.account_id, region_name=context.region).elbv2


def check_rule(context: RequestContext, request: Any) -> None:
    """Fault: a priority may be any number."""
    if int(request.get("Priority") or 0) not in PRIORITIES:
        refuse("ValidationError", "Priority must be between 1 and 50000")


def check_listener(context: RequestContext, request: Any) -> None:
    """Fault: a load balancer may have several listeners on a port."""
    arn = request["LoadBalancerArn"]
    listeners = own(context).describe_listeners(LoadBalancerArn=arn)["Listeners"]
    if request.get("Port") in [listener.get("Port") for listener in listeners]:
        refuse("DuplicateListener", "A listener already exists on this port for this load balancer")


def check_rule_deletion(context: RequestContext, request: Any) -> None:
    """Fault: deleting a default rule is an internal error."""
    arn = request["RuleArn"]
    listener = arn.replace(":listener-rule/", ":listener/").rpartition("/")[0]
    for rule in own(context).describe_rules(ListenerArn=listener)["Rules"]:
        if rule["RuleArn"] == arn and rule["IsDefault"]:
            refuse("OperationNotPermitted", f"Default rule '{arn}' cannot be deleted")


def check_balancer(context: RequestContext, request: Any) -> None:
    """Fault: an application load balancer may be in one Availability Zone."""
    subnets = request.get("Subnets") or [row.get("SubnetId") for row in request.get("SubnetMappings") or []]
    if (request.get("Type") or "application") == "application" and len(subnets) < ZONES_OF_APPLICATION_BALANCERS:
        refuse("ValidationError", "At least two subnets in two different Availability Zones must be specified")


CHECKS: dict[str, Check] = {
    "CreateRule": check_rule,
    "CreateListener": check_listener,
    "DeleteRule": check_rule_deletion,
    "CreateLoadBalancer": check_balancer,
}


def checked(check: Check) -> Callable[[RequestContext, ServiceRequest], Any]:
    """Return an operation that moto answers if ``check`` raises nothing."""

    def operation(context: RequestContext, request: ServiceRequest) -> Any:
        check(context, request)
        return _proxy_moto(context, request)

    return operation


def create_service() -> Service:
    """Return the service."""
    table = dict.fromkeys(load_service("elbv2").operation_names, _proxy_moto)
    table |= {name: checked(check) for name, check in CHECKS.items()}
    return Service.for_provider(LoadBalancing(), dispatch_table_factory=lambda _: table)
