"""What EC2 offers: instance types by place, and images."""

from typing import Any

import pytest
from botocore.exceptions import ClientError


@pytest.mark.parametrize(
    ("location_type", "places"), [("region", {"us-east-1"}), ("availability-zone", {"us-east-1a"})]
)
def test_offerings_are_of_the_caller_s_region(aws: Any, location_type: str, places: set[str]) -> None:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeInstanceTypeOfferings.html"""
    wanted = [{"Name": "instance-type", "Values": ["t3.micro"]}]
    found = aws("ec2").describe_instance_type_offerings(LocationType=location_type, Filters=wanted)
    locations = {offering["Location"] for offering in found["InstanceTypeOfferings"]}
    assert locations >= places
    assert all(location.startswith("us-east-1") for location in locations)


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"InstanceType": "t3.tiny"}, "InvalidParameterValue"),
        ({"ImageId": "ami-0123456789abcdef0"}, "InvalidAMIID.NotFound"),
        ({"KeyName": "nobody"}, "InvalidKeyPair.NotFound"),
    ],
)
def test_what_is_not_there_cannot_be_run(aws: Any, given: dict[str, str], code: str) -> None:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html"""
    wanted = {"ImageId": "ami-12c6146b", "InstanceType": "t3.micro", **given}
    with pytest.raises(ClientError) as refused:
        aws("ec2").run_instances(**wanted, MinCount=1, MaxCount=1)
    assert refused.value.response["Error"]["Code"] == code


def test_images_are_amazon_s_and_one_s_own(aws: Any) -> None:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeImages.html"""
    ec2 = aws("ec2")
    image = ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
    run = ec2.run_instances(ImageId=image, InstanceType="t3.micro", MinCount=1, MaxCount=1)
    own = ec2.create_image(InstanceId=run["Instances"][0]["InstanceId"], Name="golden")["ImageId"]
    assert [found["ImageId"] for found in ec2.describe_images(Owners=["self"])["Images"]] == [own]
    ec2.deregister_image(ImageId=own)
    assert ec2.describe_images(Owners=["self"])["Images"] == []
