"""Elastic Load Balancing: rules, priorities and target groups; fixed responses, redirects and functions answer."""

from collections.abc import Callable
from typing import Any

import pytest
import requests
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

    @property
    def url(self) -> str:
        """Where the listener on port 80 is."""
        return f"{self.api.meta.endpoint_url}/_aws/elb/{self.arn.rpartition('/')[2]}/80"

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


def test_rules_answer_by_priority(balancer: Balancer) -> None:
    """https://docs.aws.amazon.com/elasticloadbalancing/latest/application/listener-rules.html"""
    fixed = {"StatusCode": "404", "ContentType": "text/plain", "MessageBody": "no such thing"}
    balancer.rule(20, "/api/*", Actions=[{"Type": "fixed-response", "FixedResponseConfig": fixed}])
    away = {"Protocol": "HTTPS", "Host": "new.example.com", "Port": "443", "StatusCode": "HTTP_301"}
    balancer.rule(10, "/api/old/*", Actions=[{"Type": "redirect", "RedirectConfig": away}])
    answer = requests.get(f"{balancer.url}/api/orders", timeout=10)
    assert (answer.status_code, answer.text) == (404, "no such thing")
    moved = requests.get(f"{balancer.url}/api/old/orders?page=2", timeout=10, allow_redirects=False)
    assert (moved.status_code, moved.headers["Location"]) == (
        301,
        "https://new.example.com:443/api/old/orders?page=2",
    )
    assert requests.get(f"{balancer.url}/", timeout=10).status_code == 503


ECHO = """
import json

def handler(event, context):
    if event["path"] == "/broken":
        return "no answer"
    name = "multiValueHeaders" if "multiValueHeaders" in event else "headers"
    value = ["application/json"] if name == "multiValueHeaders" else "application/json"
    return {"statusCode": 201, name: {"Content-Type": value}, "body": json.dumps(event)}
"""


def test_a_function_is_a_target(functions: Any) -> None:
    """https://docs.aws.amazon.com/elasticloadbalancing/latest/application/lambda-functions.html"""
    balancer = Balancer(functions.account)
    name = functions.deploy(ECHO)
    arn = functions.client.get_function(FunctionName=name)["Configuration"]["FunctionArn"]
    group = balancer.api.create_target_group(Name="code", TargetType="lambda")["TargetGroups"][0]["TargetGroupArn"]
    target = {"TargetGroupArn": group, "Targets": [{"Id": arn}]}
    assert refused(balancer.api.register_targets, **target) == "AccessDenied"
    functions.client.add_permission(
        FunctionName=name,
        StatementId="elb",
        Action="lambda:InvokeFunction",
        Principal="elasticloadbalancing.amazonaws.com",
        SourceArn=group,
    )
    balancer.api.register_targets(**target)
    balancer.rule(10, "/*", Actions=[balancer.forward(group)])
    answer = requests.post(f"{balancer.url}/orders?id=1&id=2%20a", data=b"\x00", headers={"X-Shop": "a"}, timeout=10)
    event = answer.json()
    assert answer.status_code == 201
    assert event["requestContext"] == {"elb": {"targetGroupArn": group}}
    assert (event["httpMethod"], event["path"], event["headers"]["x-shop"]) == ("POST", "/orders", "a")
    assert event["queryStringParameters"] == {"id": "2%20a"}
    assert (event["body"], event["isBase64Encoded"]) == ("AA==", True)
    assert requests.get(f"{balancer.url}/broken", timeout=10).status_code == 502
    multiple = [{"Key": "lambda.multi_value_headers.enabled", "Value": "true"}]
    balancer.api.modify_target_group_attributes(TargetGroupArn=group, Attributes=multiple)
    event = requests.get(f"{balancer.url}/orders?id=1&id=2", timeout=10).json()
    assert event["multiValueQueryStringParameters"] == {"id": ["1", "2"]}
    assert "headers" not in event


def test_what_a_load_balancer_is_made_of_exists(balancer: Balancer, aws: Any) -> None:
    """https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateLoadBalancer.html"""
    create = balancer.api.create_load_balancer
    missing = ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"]
    assert refused(create, Name="other", Subnets=missing) == "SubnetNotFound"
    groups = ["sg-0123456789abcdef0"]
    assert refused(create, Name="other", Subnets=balancer.subnets, SecurityGroups=groups) == "InvalidSecurityGroup"
    again = {"Name": "shop", "Subnets": balancer.subnets}
    assert create(**again)["LoadBalancers"][0]["LoadBalancerArn"] == balancer.arn
    assert refused(create, **again, Scheme="internal") == "DuplicateLoadBalancerName"
    near = aws("ec2").create_subnet(VpcId=balancer.vpc, CidrBlock="10.0.9.0/24", AvailabilityZone="us-east-1a")
    same_zone = [balancer.subnets[0], near["Subnet"]["SubnetId"]]
    assert refused(create, Name="other", Subnets=same_zone) == "InvalidConfigurationRequest"


def test_listeners_rules_and_attributes_have_limits(balancer: Balancer) -> None:
    """https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-limits.html"""
    assert refused(balancer.rule, 10, Conditions=[]) == "ValidationError"
    many = [{"Field": "path-pattern", "PathPatternConfig": {"Values": [f"/{n}" for n in range(6)]}}]
    assert refused(balancer.rule, 10, Conditions=many) == "ValidationError"
    secure = {"LoadBalancerArn": balancer.arn, "Port": 443, "DefaultActions": [balancer.forward(balancer.blue)]}
    assert refused(balancer.api.create_listener, **secure, Protocol="HTTPS") == "ValidationError"
    assert refused(balancer.api.create_listener, **secure, Protocol="TCP") == "ValidationError"
    idle = [{"Key": "idle_timeout.timeout_seconds", "Value": "4001"}]
    code = refused(balancer.api.modify_load_balancer_attributes, LoadBalancerArn=balancer.arn, Attributes=idle)
    assert code == "ValidationError"
    protect = [{"Key": "deletion_protection.enabled", "Value": "true"}]
    balancer.api.modify_load_balancer_attributes(LoadBalancerArn=balancer.arn, Attributes=protect)
    assert refused(balancer.api.delete_load_balancer, LoadBalancerArn=balancer.arn) == "OperationNotPermitted"
