"""What ECS refuses and MiniStack accepts: unknown clusters and definitions, clusters in use, tasks that cannot run.

https://docs.aws.amazon.com/AmazonECS/latest/APIReference/CommonErrors.html
"""

from collections.abc import Callable
from typing import Any

from dva_localstack.repairs.checks import Refusal, before_json

Check = Callable[[Any, dict[str, Any]], Refusal | None]

IN_CLUSTERS = (
    "_create_service",
    "_delete_service",
    "_update_service",
    "_list_services",
    "_run_task",
    "_stop_task",
    "_list_tasks",
    "_describe_tasks",
)

TASKS = range(1, 11)
"""How many tasks RunTask may start: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RunTask.html"""


def apply(module: Any) -> None:
    """Check requests before MiniStack sees them: the last one first."""
    before_json(module, "_create_service", refuse_service)
    before_json(module, "_update_service", refuse_update)
    before_json(module, "_run_task", refuse_task)
    before_json(module, "_delete_cluster", refuse_cluster_deletion)
    for name in IN_CLUSTERS:
        before_json(module, name, refuse_cluster)


def refuse_cluster(module: Any, request: dict[str, Any]) -> Refusal | None:
    """Fault: a cluster that does not exist is empty, or is made."""
    if module._resolve_cluster_name(request.get("cluster", "default")) in module._clusters:
        return None
    return "ClusterNotFoundException", "Cluster not found."


def refuse_cluster_deletion(module: Any, request: dict[str, Any]) -> Refusal | None:
    """Fault: a cluster with services or tasks can be deleted.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeleteCluster.html
    """
    name = module._resolve_cluster_name(request.get("cluster", "default"))
    cluster = module._clusters.get(name)
    if cluster is None:
        return None
    if any(key.startswith(f"{name}/") and one["status"] == "ACTIVE" for key, one in module._services.items()):
        return "ClusterContainsServicesException", "The Cluster cannot be deleted while Services are active."
    arn = cluster["clusterArn"]
    if any(one["clusterArn"] == arn and one["lastStatus"] != "STOPPED" for one in module._tasks.values()):
        return "ClusterContainsTasksException", "The Cluster cannot be deleted while Tasks are active."
    return None


def refuse_service(module: Any, request: dict[str, Any]) -> Refusal | None:
    """Faults: a service may have any definition, network, placement and load balancer."""
    name = module._resolve_cluster_name(request.get("cluster", "default"))
    existing = module._services.get(f"{name}/{request.get('serviceName')}")
    if existing and existing["status"] == "ACTIVE":
        return "InvalidParameterException", "Creation of service was not idempotent."
    definition, refusal = definition_of(module, request)
    if refusal:
        return refusal
    fargate = on_fargate(request)
    if fargate and request.get("placementStrategy"):
        return "InvalidParameterException", "Placement strategies are not supported with FARGATE launch type."
    return network_problem(definition, request) or balancer_problem(definition, request)


def refuse_update(module: Any, request: dict[str, Any]) -> Refusal | None:
    """Fault: a service may be changed to a definition that does not exist."""
    return definition_of(module, request)[1] if request.get("taskDefinition") else None


def refuse_task(module: Any, request: dict[str, Any]) -> Refusal | None:
    """Faults: tasks start in any number, without the network that they need, with overrides of no container."""
    if request.get("_deploymentId"):
        return None
    definition, refusal = definition_of(module, request)
    if refusal:
        return refusal
    if request.get("count", 1) not in TASKS:
        return "InvalidParameterException", "The count must be between 1 and 10."
    names = {one["name"] for one in definition["containerDefinitions"]}
    for override in (request.get("overrides") or {}).get("containerOverrides") or ():
        if override.get("name") not in names:
            text = f"Override for container named {override.get('name')} is not a container in the TaskDefinition."
            return "InvalidParameterException", text
    return network_problem(definition, request)


def definition_of(module: Any, request: dict[str, Any]) -> tuple[dict[str, Any], Refusal | None]:
    """Return the task definition that a request names, or why it cannot be used."""
    found = module._task_defs.get(module._resolve_td_key(request.get("taskDefinition", "")))
    if found is None:
        return {}, ("ClientException", "TaskDefinition not found.")
    if found["status"] != "ACTIVE":
        return {}, ("ClientException", "TaskDefinition is inactive")
    return found, None


def on_fargate(request: dict[str, Any]) -> bool:
    """Tell whether a request names Fargate."""
    providers = {row.get("capacityProvider") for row in request.get("capacityProviderStrategy") or ()}
    return request.get("launchType") == "FARGATE" or bool(providers & {"FARGATE", "FARGATE_SPOT"})


def network_problem(definition: dict[str, Any], request: dict[str, Any]) -> Refusal | None:
    """Return why tasks get no network, None if they do."""
    given = bool((request.get("networkConfiguration") or {}).get("awsvpcConfiguration"))
    needed = definition["networkMode"] == "awsvpc"
    if needed and not given:
        text = "Network Configuration must be provided when networkMode 'awsvpc' is specified."
        return "InvalidParameterException", text
    if given and not needed:
        text = "Network Configuration is not valid for the given networkMode of this task definition."
        return "InvalidParameterException", text
    if on_fargate(request) and "FARGATE" not in (definition.get("requiresCompatibilities") or ()):
        text = "Task definition does not support launch_type FARGATE."
        return "InvalidParameterException", text
    return None


def balancer_problem(definition: dict[str, Any], request: dict[str, Any]) -> Refusal | None:
    """Return why a load balancer does not find its container, None if it does."""
    containers = {one["name"]: one for one in definition["containerDefinitions"]}
    for row in request.get("loadBalancers") or ():
        name, port = row.get("containerName"), row.get("containerPort")
        if name not in containers:
            return "InvalidParameterException", f"The container {name} does not exist in the task definition."
        ports = [one.get("containerPort") for one in containers[name].get("portMappings") or ()]
        if port not in ports:
            text = f"The container {name} did not have a container port {port} defined."
            return "InvalidParameterException", text
    return None
