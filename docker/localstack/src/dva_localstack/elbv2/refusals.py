"""What Elastic Load Balancing refuses and moto accepts."""

import ipaddress
import re
from collections.abc import Callable
from typing import Any, NoReturn

from botocore.exceptions import ClientError
from localstack.aws.api import CommonServiceException, RequestContext
from localstack.aws.connect import connect_to

from dva_localstack.elbv2 import functions

PRIORITIES = range(1, 50001)
"""https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateRule.html"""

ZONES_OF_APPLICATION_BALANCERS = 2
"""https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateLoadBalancer.html"""

CONDITION_VALUES = 5
"""Values that the conditions of a rule may have together.

https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-limits.html
"""

PROTOCOLS = {"application": ("HTTP", "HTTPS"), "network": ("TCP", "TLS", "UDP", "TCP_UDP", "QUIC", "TCP_QUIC")}
"""https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateListener.html"""

NUMBERS = {
    "client_keep_alive.seconds": range(60, 604801),
    "deregistration_delay.timeout_seconds": range(3601),
    "idle_timeout.timeout_seconds": range(1, 4001),
    "slow_start.duration_seconds": (0, *range(30, 901)),
    "stickiness.lb_cookie.duration_seconds": range(1, 604801),
}
"""Attributes that are numbers.

https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetGroupAttribute.html
"""

Check = Callable[[RequestContext, Any], None]


def refuse(code: str, message: str) -> NoReturn:
    """Raise an error of the caller's."""
    raise CommonServiceException(code, message, status_code=400, sender_fault=True)


def client(context: RequestContext, service: str) -> Any:
    """Return a client of a service in the caller's account."""
    return getattr(connect_to(aws_access_key_id=context.account_id, region_name=context.region), service)


def check_rule(context: RequestContext, request: Any) -> None:
    """Faults: a priority may be any number, and a rule may have no conditions, or any."""
    if int(request.get("Priority") or 0) not in PRIORITIES:
        refuse("ValidationError", "Priority must be between 1 and 50000")
    check_redirects(request)
    check_conditions(context, request)


def check_redirects(request: Any) -> None:
    """Fault: a redirect may have any status code, and lead to itself."""
    for action in [*(request.get("Actions") or ()), *(request.get("DefaultActions") or ())]:
        settings = action.get("RedirectConfig")
        if not settings:
            continue
        if settings.get("StatusCode") not in ("HTTP_301", "HTTP_302"):
            refuse("ValidationError", "The status code of a redirect must be HTTP_301 or HTTP_302")
        if not any(settings.get(part) for part in ("Protocol", "Host", "Port", "Path", "Query")):
            text = "The redirect configuration is not valid because it creates a loop."
            refuse("InvalidLoadBalancerAction", text)


def check_deletion(context: RequestContext, request: Any) -> None:
    """Fault: a load balancer that is protected can be deleted."""
    arn = request["LoadBalancerArn"]
    try:
        rows = client(context, "elbv2").describe_load_balancer_attributes(LoadBalancerArn=arn)["Attributes"]
    except ClientError:
        return
    if {"Key": "deletion_protection.enabled", "Value": "true"} in rows:
        text = f"Load balancer '{arn}' cannot be deleted because deletion protection is enabled"
        refuse("OperationNotPermitted", text)


def check_conditions(context: RequestContext, request: Any) -> None:
    """Faults: a rule may have no conditions, too many values, methods in small letters and addresses that are none."""
    conditions = request.get("Conditions")
    if conditions is None and "Priority" not in request:
        return
    if not conditions:
        refuse("ValidationError", "A condition must be specified")
    values = [value for one in conditions for value in values_of(one)]
    if len(values) > CONDITION_VALUES:
        refuse("ValidationError", f"A rule can only have '{CONDITION_VALUES}' condition values")
    for one in conditions:
        for value in values_of(one):
            if one["Field"] == "http-request-method" and not re.fullmatch(r"[A-Z_-]{1,40}", value):
                refuse("ValidationError", f"The value '{value}' is not a valid HTTP method")
            if one["Field"] == "source-ip" and not is_network(value):
                refuse("ValidationError", f"The value '{value}' is not a valid CIDR block")


def values_of(condition: Any) -> list[Any]:
    """Return the values of a rule's condition."""
    for name, found in condition.items():
        if name.endswith("Config"):
            return list(found.get("Values") or ())
    return list(condition.get("Values") or ())


def is_network(text: str) -> bool:
    """Tell whether a text is a block of addresses."""
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        return False
    return "/" in text


def check_listener(context: RequestContext, request: Any) -> None:
    """Faults: a load balancer may have several listeners on a port, any protocol, and HTTPS without a certificate."""
    check_redirects(request)
    arn, protocol = request["LoadBalancerArn"], request.get("Protocol")
    own = client(context, "elbv2")
    kind = own.describe_load_balancers(LoadBalancerArns=[arn])["LoadBalancers"][0]["Type"]
    if protocol not in PROTOCOLS.get(kind, (protocol,)):
        refuse(
            "ValidationError", f"Listener protocol '{protocol}' is not supported for a load balancer of type '{kind}'"
        )
    if protocol in ("HTTPS", "TLS") and not request.get("Certificates"):
        refuse("ValidationError", f"A certificate must be specified for {protocol} listeners")
    listeners = own.describe_listeners(LoadBalancerArn=arn)["Listeners"]
    if request.get("Port") in [listener.get("Port") for listener in listeners]:
        refuse("DuplicateListener", "A listener already exists on this port for this load balancer")


def check_rule_deletion(context: RequestContext, request: Any) -> None:
    """Fault: deleting a default rule is an internal error."""
    arn = request["RuleArn"]
    listener = arn.replace(":listener-rule/", ":listener/").rpartition("/")[0]
    for rule in client(context, "elbv2").describe_rules(ListenerArn=listener)["Rules"]:
        if rule["RuleArn"] == arn and rule["IsDefault"]:
            refuse("OperationNotPermitted", f"Default rule '{arn}' cannot be deleted")


def check_balancer(context: RequestContext, request: Any) -> None:
    """Faults: an application load balancer may be in one zone; unknown subnets and groups have EC2's codes, or none."""
    subnets = request.get("Subnets") or [row.get("SubnetId") for row in request.get("SubnetMappings") or []]
    if (request.get("Type") or "application") == "application" and len(subnets) < ZONES_OF_APPLICATION_BALANCERS:
        refuse("ValidationError", "At least two subnets in two different Availability Zones must be specified")
    ec2 = client(context, "ec2")
    try:
        zones = [row["AvailabilityZone"] for row in ec2.describe_subnets(SubnetIds=subnets)["Subnets"]]
    except ClientError:
        refuse("SubnetNotFound", "One or more of the specified subnets does not exist")
    if len(set(zones)) < len(zones):
        text = "A load balancer cannot be attached to multiple subnets in the same Availability Zone"
        refuse("InvalidConfigurationRequest", text)
    if request.get("SecurityGroups"):
        try:
            ec2.describe_security_groups(GroupIds=request["SecurityGroups"])
        except ClientError:
            refuse("InvalidSecurityGroup", "One or more security groups are invalid")


def check_group(context: RequestContext, request: Any) -> None:
    """Faults: a target group may lack its VPC, and one of functions may have a port."""
    if request.get("TargetType") == "lambda":
        if request.get("Protocol") or request.get("Port") or request.get("VpcId"):
            refuse("ValidationError", "Protocol, port and VPC cannot be specified for target groups of type 'lambda'")
        return
    if not request.get("VpcId"):
        refuse("ValidationError", "A VPC ID must be specified")
    check_health(context, request)


def check_health(context: RequestContext, request: Any) -> None:
    """Fault: a health check may take longer than it is apart from the next."""
    interval, timeout = request.get("HealthCheckIntervalSeconds"), request.get("HealthCheckTimeoutSeconds")
    if interval and timeout and int(timeout) >= int(interval):
        refuse("ValidationError", "Health check timeout must be smaller than the interval")


def check_attributes(context: RequestContext, request: Any) -> None:
    """Fault: attributes that are numbers may be any."""
    for row in request.get("Attributes") or ():
        allowed, value = NUMBERS.get(row["Key"]), row.get("Value") or ""
        if allowed and not (value.isdigit() and int(value) in allowed):
            refuse("ValidationError", f"'{row['Key']}' must be between {min(allowed)} and {max(allowed)}")


def check_targets(context: RequestContext, request: Any) -> None:
    """Faults: any text is a target; a function need not let the load balancer invoke it."""
    arn = request["TargetGroupArn"]
    groups = client(context, "elbv2").describe_target_groups(TargetGroupArns=[arn])["TargetGroups"]
    for target in request.get("Targets") or ():
        name = target["Id"]
        if groups[0]["TargetType"] == "lambda" and not functions.may_invoke(name, arn):
            text = f"elasticloadbalancing principal does not have permission to invoke {name} from target group {arn}"
            refuse("AccessDenied", text)
        if groups[0]["TargetType"] == "ip" and not is_network(f"{name}/32") and not is_network(f"{name}/128"):
            refuse("ValidationError", f"The IP address '{name}' is not a valid IPv4 or IPv6 address")


CHECKS: dict[str, Check] = {
    "CreateListener": check_listener,
    "CreateLoadBalancer": check_balancer,
    "CreateRule": check_rule,
    "CreateTargetGroup": check_group,
    "DeleteLoadBalancer": check_deletion,
    "DeleteRule": check_rule_deletion,
    "ModifyLoadBalancerAttributes": check_attributes,
    "ModifyRule": check_conditions,
    "ModifyTargetGroup": check_health,
    "ModifyTargetGroupAttributes": check_attributes,
    "RegisterTargets": check_targets,
}
