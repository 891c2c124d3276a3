"""EC2 Auto Scaling as a control plane: groups keep their capacity within their bounds."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError


class Group:
    """A group of one to three instances."""

    def __init__(self, account: Any) -> None:
        self.client = account("autoscaling")
        self.client.create_launch_configuration(
            LaunchConfigurationName="web", ImageId="ami-12345678", InstanceType="t3.micro"
        )
        self.create(MinSize=1, MaxSize=3)

    def create(self, name: str = "web", **sizes: int) -> None:
        self.client.create_auto_scaling_group(
            AutoScalingGroupName=name,
            LaunchConfigurationName="web",
            AvailabilityZones=["us-east-1a"],
            **sizes,
        )

    def desire(self, capacity: int) -> None:
        self.client.set_desired_capacity(AutoScalingGroupName="web", DesiredCapacity=capacity)

    def update(self, **sizes: int) -> None:
        self.client.update_auto_scaling_group(AutoScalingGroupName="web", **sizes)

    @property
    def capacity(self) -> int:
        (found,) = self.client.describe_auto_scaling_groups(AutoScalingGroupNames=["web"])["AutoScalingGroups"]
        assert len(found["Instances"]) == found["DesiredCapacity"]
        return int(found["DesiredCapacity"])


@pytest.fixture
def group(aws: Any) -> Group:
    return Group(aws)


def refused(call: Callable[[], Any]) -> tuple[str, str]:
    """Make a call that must fail; return code and message."""
    with pytest.raises(ClientError) as caught:
        call()
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def test_the_capacity_begins_at_the_minimum(group: Group) -> None:
    """https://docs.aws.amazon.com/autoscaling/ec2/userguide/asg-capacity-limits.html"""
    assert group.capacity == 1


def test_the_minimum_is_not_above_the_maximum(group: Group) -> None:
    """https://docs.aws.amazon.com/autoscaling/ec2/userguide/asg-capacity-limits.html"""
    text = ("ValidationError", "Max bound, 3, must be greater than or equal to min bound, 5")
    assert refused(lambda: group.create("other", MinSize=5, MaxSize=3)) == text
    assert refused(lambda: group.update(MinSize=5)) == text


@pytest.mark.parametrize("capacity", [0, 4])
def test_the_desired_capacity_is_within_the_bounds(group: Group, capacity: int) -> None:
    """https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_SetDesiredCapacity.html"""
    assert refused(lambda: group.desire(capacity))[0] == "ValidationError"
    assert refused(lambda: group.update(DesiredCapacity=capacity))[0] == "ValidationError"
    assert (
        refused(lambda: group.create("other", MinSize=1, MaxSize=3, DesiredCapacity=capacity))[0] == "ValidationError"
    )
    assert group.capacity == 1
    group.desire(3)
    assert group.capacity == 3


def test_new_bounds_move_the_capacity(group: Group) -> None:
    """https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_UpdateAutoScalingGroup.html"""
    group.desire(3)
    group.update(MaxSize=2)
    assert group.capacity == 2
    group.update(MinSize=4, MaxSize=6)
    assert group.capacity == 4


def test_a_group_with_instances_is_deleted_by_force_only(group: Group) -> None:
    """https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_DeleteAutoScalingGroup.html"""
    delete = group.client.delete_auto_scaling_group
    assert refused(lambda: delete(AutoScalingGroupName="web"))[0] == "ResourceInUse"
    assert refused(lambda: delete(AutoScalingGroupName="none"))[0] == "ValidationError"
    delete(AutoScalingGroupName="web", ForceDelete=True)
    assert group.client.describe_auto_scaling_groups()["AutoScalingGroups"] == []
