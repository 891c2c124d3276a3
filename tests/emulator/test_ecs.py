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


def fargate(aws: Any, **settings: Any) -> dict[str, Any]:
    """Make a cluster "shop" and a task definition for Fargate; return what runs it."""
    ecs = aws("ecs")
    ecs.create_cluster(clusterName="shop")
    container = {"name": "web", "image": "nginx", "portMappings": [{"containerPort": 80}]}
    sizes = {"cpu": "256", "memory": "512", "networkMode": "awsvpc", "requiresCompatibilities": ["FARGATE"]}
    ecs.register_task_definition(family="web", containerDefinitions=[container], **(sizes | settings))
    network = {"awsvpcConfiguration": {"subnets": ["subnet-0123456789abcdef0"]}}
    return {"cluster": "shop", "taskDefinition": "web", "launchType": "FARGATE", "networkConfiguration": network}


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


def test_a_service_keeps_its_number_of_tasks(aws: Any) -> None:
    """https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_services.html"""
    run, ecs = fargate(aws), aws("ecs")
    ecs.create_service(serviceName="web", desiredCount=2, **run)
    first = ecs.list_tasks(cluster="shop", serviceName="web")["taskArns"][0]
    ecs.stop_task(cluster="shop", task=first)
    now = ecs.list_tasks(cluster="shop", serviceName="web")["taskArns"]
    assert len(now) == 2
    assert first not in now
    ecs.update_service(cluster="shop", service="web", desiredCount=1)
    service = ecs.describe_services(cluster="shop", services=["web"])["services"][0]
    assert (service["runningCount"], service["deployments"][0]["rolloutState"]) == (1, "COMPLETED")
    assert service["events"][0]["message"] == "(service web) has reached a steady state."
    stopped = ecs.list_tasks(cluster="shop", desiredStatus="STOPPED")["taskArns"]
    codes = {row["taskArn"]: row["stopCode"] for row in ecs.describe_tasks(cluster="shop", tasks=stopped)["tasks"]}
    assert codes.pop(first) == "UserInitiated"
    assert set(codes.values()) == {"ServiceSchedulerInitiated"}


def test_an_update_replaces_the_tasks(aws: Any) -> None:
    """https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-type-ecs.html"""
    run, ecs = fargate(aws), aws("ecs")
    ecs.create_service(serviceName="web", desiredCount=2, **run)
    fargate(aws, memory="1024")
    assert (
        ecs.update_service(cluster="shop", service="web", taskDefinition="web")["service"]["taskDefinition"][-2:]
        == ":2"
    )
    tasks = ecs.describe_tasks(cluster="shop", tasks=ecs.list_tasks(cluster="shop")["taskArns"])["tasks"]
    assert [(row["lastStatus"], row["taskDefinitionArn"][-2:]) for row in tasks] == [("RUNNING", ":2")] * 2


def test_what_is_in_use_is_not_deleted(aws: Any) -> None:
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeleteCluster.html"""
    run, ecs = fargate(aws), aws("ecs")
    ecs.create_service(serviceName="web", desiredCount=1, **run)
    assert refused(ecs.delete_cluster, cluster="shop")[0] == "ClusterContainsServicesException"
    assert refused(ecs.delete_service, cluster="shop", service="web")[0] == "InvalidParameterException"
    assert ecs.delete_service(cluster="shop", service="web", force=True)["service"]["status"] == "DRAINING"
    ecs.run_task(**run)
    assert refused(ecs.delete_cluster, cluster="shop")[0] == "ClusterContainsTasksException"


def test_fargate_has_sizes(aws: Any) -> None:
    """https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html#fargate-tasks-size"""
    ecs = aws("ecs")
    for settings in ({"memory": "4096"}, {"cpu": "300"}, {"networkMode": "bridge"}, {"cpu": ""}):
        with pytest.raises(ClientError, match="ClientException"):
            fargate(aws, **settings)
    fargate(aws, cpu="1 vCPU", memory="2 GB")
    made = ecs.describe_task_definition(taskDefinition="web")["taskDefinition"]
    assert (made["cpu"], made["memory"]) == ("1024", "2048")


def test_a_container_needs_memory_and_one_is_essential(aws: Any) -> None:
    """https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_definition_parameters.html"""
    register = aws("ecs").register_task_definition
    for container in ({"name": "web", "image": "nginx"}, {**CONTAINER, "essential": False}):
        assert refused(register, family="web", containerDefinitions=[container])[0] == "ClientException"
    assert refused(register, family="a web", containerDefinitions=[CONTAINER])[0] == "ClientException"
    assert refused(register, family="web", containerDefinitions=[CONTAINER, CONTAINER])[0] == "ClientException"


def test_a_task_needs_what_it_names(aws: Any) -> None:
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RunTask.html"""
    run, ecs = fargate(aws), aws("ecs")
    assert refused(ecs.run_task, **{**run, "cluster": "none"})[0] == "ClusterNotFoundException"
    assert refused(ecs.run_task, **{**run, "taskDefinition": "none"}) == (
        "ClientException",
        "TaskDefinition not found.",
    )
    without = {key: value for key, value in run.items() if key != "networkConfiguration"}
    assert refused(ecs.run_task, **without)[0] == "InvalidParameterException"
    assert refused(ecs.run_task, **run, count=11)[0] == "InvalidParameterException"
    overrides = {"containerOverrides": [{"name": "other"}]}
    assert refused(ecs.run_task, **run, overrides=overrides)[0] == "InvalidParameterException"


def test_a_service_needs_what_it_names(aws: Any) -> None:
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateService.html"""
    run, ecs = fargate(aws), aws("ecs")
    run |= {"serviceName": "web", "desiredCount": 0}
    assert refused(ecs.create_service, **{**run, "cluster": "none"})[0] == "ClusterNotFoundException"
    assert refused(ecs.create_service, **{**run, "taskDefinition": "none"})[0] == "ClientException"
    spread = [{"type": "spread", "field": "attribute:ecs.availability-zone"}]
    assert refused(ecs.create_service, **run, placementStrategy=spread)[0] == "InvalidParameterException"
    group = f"arn:aws:elasticloadbalancing:us-east-1:{aws.id}:targetgroup/web/0123456789abcdef"
    balancer = {"targetGroupArn": group, "containerName": "web", "containerPort": 81}
    assert refused(ecs.create_service, **run, loadBalancers=[balancer])[0] == "InvalidParameterException"
    ecs.create_service(**run)
    assert refused(ecs.create_service, **run)[0] == "InvalidParameterException"


def test_an_active_revision_is_not_deleted_and_a_family_means_the_last_active_one(aws: Any) -> None:
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeleteTaskDefinitions.html"""
    ecs = aws("ecs")
    register(ecs)
    register(ecs)
    answer = ecs.delete_task_definitions(taskDefinitions=["web:2"])
    assert (answer["taskDefinitions"], len(answer["failures"])) == ([], 1)
    ecs.deregister_task_definition(taskDefinition="web:2")
    assert ecs.describe_task_definition(taskDefinition="web")["taskDefinition"]["revision"] == 1
    deleted = ecs.delete_task_definitions(taskDefinitions=["web:2"])["taskDefinitions"]
    assert deleted[0]["status"] == "DELETE_IN_PROGRESS"
