"""ECS as a control plane: revisions, states and services as AWS documents them; no container runs."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

CONTAINER = {"name": "web", "image": "public.ecr.aws/docker/library/nginx:1", "memory": 128, "essential": True}


def refused(call: Callable[..., Any], **request: Any) -> tuple[str, str]:
    """Make a call that must fail; return code and message."""
    with pytest.raises(ClientError) as caught:
        call(**request)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def register(ecs: Any, **settings: Any) -> dict[str, Any]:
    """Register a revision of the task definition "web"."""
    return ecs.register_task_definition(family="web", containerDefinitions=[CONTAINER], **settings)["taskDefinition"]


def test_each_registration_is_a_revision(aws: Any) -> None:
    """https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_definitions.html"""
    ecs = aws("ecs")
    assert [register(ecs)["revision"] for _ in range(3)] == [1, 2, 3]
    assert ecs.describe_task_definition(taskDefinition="web")["taskDefinition"]["revision"] == 3
    assert ecs.describe_task_definition(taskDefinition="web:2")["taskDefinition"]["revision"] == 2
    assert ecs.list_task_definition_families()["families"] == ["web"]


def test_a_deregistered_revision_is_inactive_and_its_number_is_not_used_again(aws: Any) -> None:
    """https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deregister-task-definition-v2.html"""
    ecs = aws("ecs")
    register(ecs)
    assert ecs.deregister_task_definition(taskDefinition="web:1")["taskDefinition"]["status"] == "INACTIVE"
    assert ecs.describe_task_definition(taskDefinition="web:1")["taskDefinition"]["status"] == "INACTIVE"
    assert ecs.list_task_definitions(familyPrefix="web")["taskDefinitionArns"] == []
    assert register(ecs)["revision"] == 2


def test_a_service_keeps_what_it_is_told(aws: Any) -> None:
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_UpdateService.html"""
    ecs = aws("ecs")
    ecs.create_cluster(clusterName="shop")
    first = register(ecs)["taskDefinitionArn"]
    service = ecs.create_service(
        cluster="shop",
        serviceName="web",
        taskDefinition="web",
        desiredCount=2,
        deploymentConfiguration={
            "minimumHealthyPercent": 50,
            "maximumPercent": 150,
            "deploymentCircuitBreaker": {"enable": True, "rollback": True},
        },
    )["service"]
    assert service["taskDefinition"] == first
    assert service["deploymentConfiguration"]["deploymentCircuitBreaker"] == {"enable": True, "rollback": True}
    second = register(ecs)["taskDefinitionArn"]
    ecs.update_service(cluster="shop", service="web", taskDefinition="web:2", desiredCount=3)
    service = ecs.describe_services(cluster="shop", services=["web"])["services"][0]
    assert (service["taskDefinition"], service["desiredCount"]) == (second, 3)
    assert [row["status"] for row in service["deployments"]].count("PRIMARY") == 1


def test_missing_things_have_their_errors(aws: Any) -> None:
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeTaskDefinition.html"""
    ecs = aws("ecs")
    register(ecs)
    ecs.create_cluster(clusterName="shop")
    assert refused(ecs.describe_task_definition, taskDefinition="web:9")[0] == "ClientException"
    assert refused(ecs.update_service, cluster="shop", service="none")[0] == "ServiceNotFoundException"


def test_a_service_may_have_a_capacity_provider_strategy_or_a_launch_type(aws: Any) -> None:
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateService.html"""
    ecs = aws("ecs")
    cluster = ecs.create_cluster(
        clusterName="shop",
        capacityProviders=["FARGATE", "FARGATE_SPOT"],
        defaultCapacityProviderStrategy=[{"capacityProvider": "FARGATE_SPOT", "weight": 1}],
    )["cluster"]
    assert cluster["capacityProviders"] == ["FARGATE", "FARGATE_SPOT"]
    register(ecs)
    code, _ = refused(
        ecs.create_service,
        cluster="shop",
        serviceName="web",
        taskDefinition="web",
        launchType="FARGATE",
        capacityProviderStrategy=[{"capacityProvider": "FARGATE", "weight": 1}],
    )
    assert code == "InvalidParameterException"
