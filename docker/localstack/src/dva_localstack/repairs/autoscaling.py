"""What EC2 Auto Scaling refuses and MiniStack accepts: the bounds of a group's capacity, and a group that is in use.

https://docs.aws.amazon.com/autoscaling/ec2/userguide/asg-capacity-limits.html
"""

from collections.abc import Callable
from types import ModuleType
from typing import Any

Refusal = tuple[str, str]
"""Error code and message."""


def apply(module: ModuleType) -> None:
    """Check requests before MiniStack sees them."""
    before(module, "CreateAutoScalingGroup", refuse_group)
    before(module, "UpdateAutoScalingGroup", refuse_group)
    before(module, "SetDesiredCapacity", refuse_capacity)
    before(module, "DeleteAutoScalingGroup", refuse_deletion)


def before(module: Any, action: str, check: Callable[[Any, Any], Refusal | None]) -> None:
    """Have ``check`` called before an operation; what it returns is the answer, if anything."""
    original = module._ACTION_MAP[action]

    def operation(request: Any) -> Any:
        if refusal := check(module, request):
            return module._error(*refusal)
        return original(request)

    module._ACTION_MAP[action] = operation


def refuse_group(module: Any, request: Any) -> Refusal | None:
    """Fault: the smallest size may be above the largest, and the desired capacity outside both."""
    group = module._asgs.get(module._p(request, "AutoScalingGroupName")) or {}
    given = {name: module._p(request, name) for name in ("MinSize", "MaxSize", "DesiredCapacity")}
    low, high = (int(given[name] or group.get(name, 0)) for name in ("MinSize", "MaxSize"))
    if low > high:
        return "ValidationError", f"Max bound, {high}, must be greater than or equal to min bound, {low}"
    if given["DesiredCapacity"] and not low <= int(given["DesiredCapacity"]) <= high:
        wanted = given["DesiredCapacity"]
        return (
            "ValidationError",
            f"Desired capacity:{wanted} must be between the specified min size:{low} and max size:{high}",
        )
    if group:
        # A group whose bounds change keeps its capacity within them.
        request["DesiredCapacity"] = [
            str(min(max(int(given["DesiredCapacity"] or group["DesiredCapacity"]), low), high))
        ]
    return None


def refuse_capacity(module: Any, request: Any) -> Refusal | None:
    """Fault: any capacity is taken, whatever the group's bounds."""
    group = module._asgs.get(module._p(request, "AutoScalingGroupName"))
    wanted = module._p(request, "DesiredCapacity")
    if not group or not wanted:
        return None
    for bound, side, outside in (
        (group["MaxSize"], "above max", int(wanted) > group["MaxSize"]),
        (group["MinSize"], "below min", int(wanted) < group["MinSize"]),
    ):
        if outside:
            text = f"New SetDesiredCapacity value {wanted} is {side} value {bound} for the AutoScalingGroup."
            return "ValidationError", text
    return None


def refuse_deletion(module: Any, request: Any) -> Refusal | None:
    """Faults: a group that does not exist is deleted, and one with instances is, too, without being forced."""
    name = module._p(request, "AutoScalingGroupName")
    group = module._asgs.get(name)
    if not group:
        return "ValidationError", "AutoScalingGroup name not found - null"
    if group["Instances"] and module._p(request, "ForceDelete") != "true":
        return (
            "ResourceInUse",
            "You cannot delete an AutoScalingGroup while there are instances or pending Spot instance request(s) "
            "still in the group.",
        )
    return None
