"""What EC2 Auto Scaling refuses and MiniStack accepts: the bounds of a group's capacity, and a group that is in use.

https://docs.aws.amazon.com/autoscaling/ec2/userguide/asg-capacity-limits.html
"""

from types import ModuleType
from typing import Any

from dva_localstack.repairs.checks import Answer, Refusal, Value, before, replace


def apply(module: ModuleType) -> None:
    """Check requests before MiniStack sees them."""
    keep_capacity_within_bounds(module)
    before(module, "_create_asg", refuse_group)
    before(module, "_update_asg", refuse_group)
    before(module, "_set_desired_capacity", refuse_capacity)
    before(module, "_delete_asg", refuse_deletion)


def keep_capacity_within_bounds(module: Any) -> None:
    """Fault: a group whose bounds change keeps a capacity outside of them."""
    update = module._update_asg

    def updated(request: Any) -> Answer:
        if group := module._asgs.get(module._p(request, "AutoScalingGroupName")):
            low, high, wanted = (
                int(module._p(request, name) or group[name]) for name in ("MinSize", "MaxSize", "DesiredCapacity")
            )
            request["DesiredCapacity"] = [str(min(max(wanted, low), high))]
        answer: Answer = update(request)
        return answer

    replace(module, "_update_asg", updated)


def refuse_group(module: Any, value: Value) -> Refusal | None:
    """Fault: the smallest size may be above the largest, and the desired capacity outside both."""
    group = module._asgs.get(value("AutoScalingGroupName")) or {}
    low, high = (int(value(name) or group.get(name, 0)) for name in ("MinSize", "MaxSize"))
    if low > high:
        return "ValidationError", f"Max bound, {high}, must be greater than or equal to min bound, {low}"
    wanted = value("DesiredCapacity")
    if wanted and not low <= int(wanted) <= high:
        return (
            "ValidationError",
            f"Desired capacity:{wanted} must be between the specified min size:{low} and max size:{high}",
        )
    return None


def refuse_capacity(module: Any, value: Value) -> Refusal | None:
    """Fault: any capacity is taken, whatever the group's bounds."""
    group = module._asgs.get(value("AutoScalingGroupName"))
    wanted = value("DesiredCapacity")
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


def refuse_deletion(module: Any, value: Value) -> Refusal | None:
    """Faults: a group that does not exist is deleted, and one with instances is, too, without being forced."""
    group = module._asgs.get(value("AutoScalingGroupName"))
    if not group:
        return "ValidationError", "AutoScalingGroup name not found - null"
    if group["Instances"] and value("ForceDelete") != "true":
        return (
            "ResourceInUse",
            "You cannot delete an AutoScalingGroup while there are instances or pending Spot instance request(s) "
            "still in the group.",
        )
    return None
