"""Elastic Load Balancing as a control plane: rules, priorities and target groups; no packet is forwarded."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError


class Balancer:
    """A load balancer with a listener and two target groups."""

    def __init__(self, account: Any) -> None:
        ec2 = account("ec2")
        self.vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        self.subnets = [
            ec2.create_subnet(VpcId=self.vpc, CidrBlock=f"10.0.{number}.0/24", AvailabilityZone=f"us-east-1{zone}")[
                "Subnet"
            ]["SubnetId"]
            for number, zone in enumerate("ab")
        ]
        self.api = account("elbv2")
        self.arn = self.api.create_load_balancer(Name="shop", Subnets=self.subnets)["LoadBalancers"][0][
            "LoadBalancerArn"
        ]
        self.blue, self.green = (self.group(name) for name in ("blue", "green"))
        self.listener = self.api.create_listener(
            LoadBalancerArn=self.arn, Protocol="HTTP", Port=80, DefaultActions=[self.forward(self.blue)]
        )["Listeners"][0]["ListenerArn"]

    def group(self, name: str, **settings: Any) -> str:
        """Create a target group; return its ARN."""
        request = {"Protocol": "HTTP", "Port": 80, "VpcId": self.vpc, "TargetType": "ip", **settings}
        return self.api.create_target_group(Name=name, **request)["TargetGroups"][0]["TargetGroupArn"]

    @staticmethod
    def forward(group: str) -> dict[str, Any]:
        """Return an action."""
        return {"Type": "forward", "TargetGroupArn": group}

    def rule(self, priority: int, path: str = "/api/*", **request: Any) -> dict[str, Any]:
        """Create a rule of the listener."""
        conditions = [{"Field": "path-pattern", "PathPatternConfig": {"Values": [path]}}]
        settings = {"Conditions": conditions, "Actions": [self.forward(self.green)], **request}
        return self.api.create_rule(ListenerArn=self.listener, Priority=priority, **settings)["Rules"][0]


@pytest.fixture
def balancer(aws: Any) -> Balancer:
    """A load balancer in a fresh account."""
    return Balancer(aws)


def refused(call: Callable[..., Any], *arguments: Any, **request: Any) -> str:
    """Make a call that must fail; return the code."""
    with pytest.raises(ClientError) as caught:
        call(*arguments, **request)
    return str(caught.value.response["Error"]["Code"])


def test_a_listener_has_rules_by_priority_and_a_default(balancer: Balancer) -> None:
    """https://docs.aws.amazon.com/elasticloadbalancing/latest/application/listener-rules.html"""
    balancer.rule(20)
    balancer.rule(10, "/img/*")
    rules = balancer.api.describe_rules(ListenerArn=balancer.listener)["Rules"]
    assert {rule["Priority"]: rule["IsDefault"] for rule in rules} == {"10": False, "20": False, "default": True}


def test_a_priority_is_used_once(balancer: Balancer) -> None:
    """https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateRule.html"""
    balancer.rule(10)
    assert refused(balancer.rule, 10, "/img/*") == "PriorityInUse"
    other = balancer.rule(20, "/img/*")["RuleArn"]
    swap = [{"RuleArn": other, "Priority": 10}]
    assert refused(balancer.api.set_rule_priorities, RulePriorities=swap) == "PriorityInUse"


def test_priorities_have_a_range(balancer: Balancer) -> None:
    """https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateRule.html"""
    assert refused(balancer.rule, 50001) == "ValidationError"


def test_a_weighted_forward_splits_between_groups(balancer: Balancer) -> None:
    """https://docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-action-types.html"""
    groups = [
        {"TargetGroupArn": balancer.blue, "Weight": 90},
        {"TargetGroupArn": balancer.green, "Weight": 10},
    ]
    balancer.rule(10, Actions=[{"Type": "forward", "ForwardConfig": {"TargetGroups": groups}}])
    rules = balancer.api.describe_rules(ListenerArn=balancer.listener)["Rules"]
    found = rules[0]["Actions"][0]["ForwardConfig"]["TargetGroups"]
    assert {row["TargetGroupArn"]: row["Weight"] for row in found} == {balancer.blue: 90, balancer.green: 10}


def test_the_default_rule_stays(balancer: Balancer) -> None:
    """https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_DeleteRule.html"""
    rules = balancer.api.describe_rules(ListenerArn=balancer.listener)["Rules"]
    assert refused(balancer.api.delete_rule, RuleArn=rules[-1]["RuleArn"]) == "OperationNotPermitted"


def test_a_target_group_in_use_is_not_deleted(balancer: Balancer) -> None:
    """https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_DeleteTargetGroup.html"""
    assert refused(balancer.api.delete_target_group, TargetGroupArn=balancer.blue) == "ResourceInUse"
    balancer.api.delete_target_group(TargetGroupArn=balancer.green)


def test_what_is_not_there_is_not_found(balancer: Balancer) -> None:
    """https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateRule.html"""
    missing = balancer.blue.replace("/blue/", "/none/")
    assert refused(balancer.rule, 10, Actions=[balancer.forward(missing)]) == "TargetGroupNotFound"
    listener = balancer.listener[:-1] + "x"
    assert refused(balancer.api.describe_rules, ListenerArn=listener) == "ListenerNotFound"


def test_a_port_has_one_listener(balancer: Balancer) -> None:
    """https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateListener.html"""
    code = refused(
        balancer.api.create_listener,
        LoadBalancerArn=balancer.arn,
        Protocol="HTTP",
        Port=80,
        DefaultActions=[balancer.forward(balancer.green)],
    )
    assert code == "DuplicateListener"


def test_names_are_used_once_and_have_a_form(balancer: Balancer) -> None:
    """https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateTargetGroup.html"""
    assert refused(balancer.group, "blue", Port=81) == "DuplicateTargetGroupName"
    assert refused(balancer.group, "under_score") == "ValidationError"
    assert refused(balancer.group, "x" * 33) == "ValidationError"


def test_an_application_load_balancer_needs_two_zones(aws: Any, balancer: Balancer) -> None:
    """https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateLoadBalancer.html"""
    request = {"Name": "narrow", "Subnets": balancer.subnets[:1]}
    assert refused(balancer.api.create_load_balancer, **request) == "ValidationError"
