"""What services keep, tell and do: placement, events, reasons why tasks stopped, tasks in the place of stopped ones.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_services.html
"""

import json
from typing import Any

from dva_localstack.repairs.checks import replace

KEPT = ("placementConstraints", "placementStrategy", "availabilityZoneRebalancing")
"""What CreateService and UpdateService say of a service and MiniStack forgets."""

BY_SCHEDULER = ("Service scaling down", "Service deleted", "Deployment completed")
"""MiniStack's reasons of stops that a service makes."""

PERCENTS = {"maximumPercent": 200, "minimumHealthyPercent": 100}
"""https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentConfiguration.html"""


def apply(module: Any) -> None:
    """Repair services and what stops tasks."""
    keep_settings(module)
    tell_deletion(module)
    write_events(module)
    give_reasons(module)
    replace_stopped(module)


def keep_settings(module: Any) -> None:
    """Faults: placement is forgotten, and a deployment configuration has no defaults."""
    for name in ("_create_service", "_update_service"):
        original = getattr(module, name)

        def kept(request: dict[str, Any], original: Any = original) -> Any:
            if "deploymentConfiguration" in request:
                request["deploymentConfiguration"] = PERCENTS | request["deploymentConfiguration"]
            status, headers, body = original(request)
            if status != 200:
                return status, headers, body
            answer = json.loads(body)
            arn = answer["service"]["serviceArn"]
            service = next(one for one in module._services.values() if one["serviceArn"] == arn)
            for key in KEPT:
                if key in request:
                    service[key] = request[key]
            return module.json_response({"service": module._sanitize(service)})

        replace(module, name, kept)


def tell_deletion(module: Any) -> None:
    """Fault: the answer to DeleteService says INACTIVE; there, a service is still DRAINING."""
    delete = module._delete_service

    def deleted(request: dict[str, Any]) -> Any:
        status, headers, body = delete(request)
        if status != 200:
            return status, headers, body
        answer = json.loads(body)
        answer["service"]["status"] = "DRAINING"
        return module.json_response(answer)

    replace(module, "_delete_service", deleted)


def write_events(module: Any) -> None:
    """Fault: a service says nothing of the tasks that it starts and stops, nor that it is steady."""
    reconcile = module._reconcile_service_tasks

    def running(service: dict[str, Any]) -> set[str]:
        group = f"service:{service['serviceName']}"
        return {
            arn.rpartition("/")[2]
            for arn, task in module._tasks.items()
            if (task["group"], task["clusterArn"]) == (group, service["clusterArn"]) and task["lastStatus"] == "RUNNING"
        }

    def tell(service: dict[str, Any], text: str) -> None:
        name = service["serviceName"]
        event = {"id": module.new_uuid(), "createdAt": module._iso(), "message": f"(service {name}) {text}"}
        service["events"].insert(0, event)

    def reconciled(cluster: str, key: str) -> None:
        service = module._services.get(key)
        before = running(service) if service else set()
        reconcile(cluster, key)
        if not service:
            return
        after = running(service)
        for verb, tasks in (("has started", after - before), ("has stopped", before - after)):
            if tasks:
                tell(service, f"{verb} {len(tasks)} tasks: {', '.join(f'(task {one})' for one in sorted(tasks))}.")
        if after != before and len(after) == service["desiredCount"]:
            tell(service, "has reached a steady state.")

    module._reconcile_service_tasks = reconciled


def give_reasons(module: Any) -> None:
    """Fault: tasks that a service stops are stopped by the user.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html
    """
    mark = module._mark_task_stopped

    def marked(arn: str, task: dict[str, Any], reason: str, code: str, exit_code: int | None = None) -> Any:
        if reason in BY_SCHEDULER:
            reason = f"Scaling activity initiated by (deployment {task.get('_deployment_id')})"
            code = "ServiceSchedulerInitiated"
        return mark(arn, task, reason, code, exit_code)

    module._mark_task_stopped = marked


def replace_stopped(module: Any) -> None:
    """Fault: a service does not start a task in the place of one that was stopped by StopTask."""
    stop = module._stop_task

    def stopped(request: dict[str, Any]) -> Any:
        answer = stop(request)
        if answer[0] != 200 or request.get("reason") in BY_SCHEDULER:
            return answer
        task = json.loads(answer[2])["task"]
        kind, _, service = (task.get("group") or "").partition(":")
        if kind == "service":
            cluster = task["clusterArn"].rpartition("/")[2]
            module._reconcile_service_tasks(cluster, f"{cluster}/{service}")
        return answer

    replace(module, "_stop_task", stopped)
