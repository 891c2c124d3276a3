"""Task definitions: what must stand in them, and which revision a family's name means.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_definition_parameters.html
"""

import json
import re
from typing import Any

from dva_localstack.repairs.checks import Refusal, before_json, replace

FAMILY = re.compile(r"[a-zA-Z0-9_-]{1,255}")
GIB = 1024

FARGATE = {
    256: [512, GIB, 2 * GIB],
    512: [each * GIB for each in range(1, 5)],
    1024: [each * GIB for each in range(2, 9)],
    2048: [each * GIB for each in range(4, 17)],
    4096: [each * GIB for each in range(8, 31)],
    8192: [each * GIB for each in range(16, 61, 4)],
    16384: [each * GIB for each in range(32, 121, 8)],
}
"""CPU units, and the memory in MiB that tasks on Fargate may have with them.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html#fargate-tasks-size
"""


def apply(module: Any) -> None:
    """Check registrations; have a family's name mean its latest active revision."""
    before_json(module, "_register_task_definition", refuse_definition)
    name_active_revision(module)
    keep_active_revisions(module)


def refuse_definition(module: Any, request: dict[str, Any]) -> Refusal | None:
    """Faults: sizes of Fargate tasks, networks, names and memory of containers may be anything."""
    problem = definition_problem(request)
    return ("ClientException", problem) if problem else None


def definition_problem(request: dict[str, Any]) -> str | None:
    """Return what is wrong with a task definition, None if nothing; write its sizes in units and MiB."""
    containers = request.get("containerDefinitions") or []
    names = [one.get("name") for one in containers]
    if not FAMILY.fullmatch(request.get("family") or ""):
        return "Family contains invalid characters."
    for kind, unit, factor in (("cpu", "VCPU", 1024), ("memory", "GB", GIB)):
        if request.get(kind):
            request[kind] = size(str(request[kind]), unit, factor)
    if len(set(names)) < len(names):
        return "Container names must be unique within a task definition."
    if containers and not any(one.get("essential", True) for one in containers):
        return "At least one container of a task definition must be essential."
    if "FARGATE" in (request.get("requiresCompatibilities") or ()):
        return fargate_problem(request)
    for one in containers:
        if not (request.get("memory") or one.get("memory") or one.get("memoryReservation")):
            return (
                f"Invalid setting for container '{one.get('name')}'. At least one of 'memory' or 'memoryReservation' "
                "must be specified."
            )
    return None


def fargate_problem(request: dict[str, Any]) -> str | None:
    """Return why a task definition does not suit Fargate, None if it does."""
    if request.get("networkMode") != "awsvpc":
        return "Fargate only supports network mode 'awsvpc'."
    for kind in ("cpu", "memory"):
        if not request.get(kind):
            return f"Fargate requires that '{kind}' be defined at the task level."
    cpu, memory = request["cpu"], request["memory"]
    if not (cpu.isdigit() and memory.isdigit() and int(memory) in FARGATE.get(int(cpu), ())):
        return (
            f"No Fargate configuration exists for given values: {cpu} CPU, {memory} memory. "
            "See the Amazon ECS documentation for the valid values."
        )
    return None


def size(text: str, unit: str, factor: int) -> str:
    """Return a size as ECS keeps it: ``1 vCPU`` is 1024, ``2 GB`` is 2048."""
    found = re.fullmatch(rf"([\d.]+)\s*{unit}", text.strip().upper())
    return str(int(float(found[1]) * factor)) if found else text


def name_active_revision(module: Any) -> None:
    """Fault: a family's name means its last revision, even one that was deregistered."""
    resolve = module._resolve_td_key

    def resolved(reference: str) -> Any:
        key = resolve(reference)
        family, _, revision = (key or "").rpartition(":")
        if ":" in (reference or "").rpartition("/")[2] or not family:
            return key
        for number in range(int(revision), 0, -1):
            found = module._task_defs.get(f"{family}:{number}")
            if found and found["status"] == "ACTIVE":
                return f"{family}:{number}"
        return None

    module._resolve_td_key = resolved


def keep_active_revisions(module: Any) -> None:
    """Fault: a revision that is active can be deleted.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeleteTaskDefinitions.html
    """
    delete = module._delete_task_definitions
    reason = "The specified task definition is still in ACTIVE status. Please deregister the target and try again."

    def deleted(request: dict[str, Any]) -> Any:
        kept = []
        for reference in request.get("taskDefinitions") or []:
            found = module._task_defs.get(module._resolve_td_delete_key(reference))
            if found and found["status"] == "ACTIVE":
                kept.append({"arn": found["taskDefinitionArn"], "reason": reason})
        active = {one["arn"] for one in kept}
        others = [
            one
            for one in request.get("taskDefinitions") or []
            if (module._task_defs.get(module._resolve_td_delete_key(one)) or {}).get("taskDefinitionArn") not in active
        ]
        answer = json.loads(delete({**request, "taskDefinitions": others})[2])
        answer["failures"] += kept
        return module.json_response(answer)

    replace(module, "_delete_task_definitions", deleted)
