"""Policies about single resources of EC2.

https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/iam-policies-for-amazon-ec2.html
"""

from typing import Any

from emulator.people import allow, deny, refused, user

MICRO = {"ImageId": "ami-12c6146b", "MinCount": 1, "MaxCount": 1, "InstanceType": "t3.micro"}
UNAUTHORIZED = "UnauthorizedOperation"


def instance(aws: Any, **tags: str) -> str:
    """Run an instance with tags; return its id."""
    given = [{"Key": key, "Value": value} for key, value in tags.items()]
    tagged = {"TagSpecifications": [{"ResourceType": "instance", "Tags": given}]} if given else {}
    return str(aws("ec2").run_instances(**MICRO, **tagged)["Instances"][0]["InstanceId"])


def test_a_policy_names_one_security_group(aws: Any) -> None:
    """https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html"""
    ec2 = aws("ec2")
    mine, other = (ec2.create_security_group(GroupName=n, Description=n)["GroupId"] for n in ("mine", "other"))
    arn = f"arn:aws:ec2:us-east-1:{aws.id}:security-group/{mine}"
    person = user(aws, allow("ec2:AuthorizeSecurityGroupIngress", arn))("ec2")
    rule = [{"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
    person.authorize_security_group_ingress(GroupId=mine, IpPermissions=rule)
    refused(lambda: person.authorize_security_group_ingress(GroupId=other, IpPermissions=rule), UNAUTHORIZED)
    refused(lambda: person.describe_security_groups(), UNAUTHORIZED)


def test_a_subnet_needs_its_vpc_and_itself(aws: Any) -> None:
    """https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html (CreateSubnet)"""
    mine, other = (aws("ec2").create_vpc(CidrBlock=block)["Vpc"]["VpcId"] for block in ("10.0.0.0/16", "10.1.0.0/16"))
    arn = f"arn:aws:ec2:us-east-1:{aws.id}:"
    person = user(aws, allow("ec2:CreateSubnet", [f"{arn}vpc/{mine}", f"{arn}subnet/*"]))("ec2")
    person.create_subnet(VpcId=mine, CidrBlock="10.0.0.0/24")
    refused(lambda: person.create_subnet(VpcId=other, CidrBlock="10.1.0.0/24"), UNAUTHORIZED)


def test_instances_by_their_tags(aws: Any) -> None:
    """https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/iam-policy-structure.html (ec2:ResourceTag)"""
    dev, prod = instance(aws, env="dev"), instance(aws, env="prod")
    condition = {"StringEquals": {"ec2:ResourceTag/env": "dev"}}
    person = user(aws, allow("ec2:StopInstances", Condition=condition))("ec2")
    person.stop_instances(InstanceIds=[dev])
    refused(lambda: person.stop_instances(InstanceIds=[dev, prod]), UNAUTHORIZED)


def test_only_small_instances(aws: Any) -> None:
    """https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ExamplePolicies_EC2.html (ec2:InstanceType)"""
    large = {"StringNotEquals": {"ec2:InstanceType": "t3.micro"}}
    person = user(
        aws,
        allow("ec2:RunInstances"),
        deny("ec2:RunInstances", "arn:aws:ec2:*:*:instance/*", Condition=large),
    )("ec2")
    person.run_instances(**MICRO)
    refused(lambda: person.run_instances(**{**MICRO, "InstanceType": "m5.large"}), UNAUTHORIZED)


def test_tags_at_creation_need_a_permission_of_their_own(aws: Any) -> None:
    """https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/supported-iam-actions-tagging.html"""
    tags = [{"ResourceType": "vpc", "Tags": [{"Key": "team", "Value": "shop"}]}]
    only_vpcs = user(aws, allow("ec2:CreateVpc"))("ec2")
    refused(lambda: only_vpcs.create_vpc(CidrBlock="10.0.0.0/16", TagSpecifications=tags), UNAUTHORIZED)
    at_creation = {"StringEquals": {"ec2:CreateAction": "CreateVpc"}}
    both = user(aws, allow("ec2:CreateVpc"), allow("ec2:CreateTags", Condition=at_creation))("ec2")
    vpc = both.create_vpc(CidrBlock="10.0.0.0/16", TagSpecifications=tags)["Vpc"]["VpcId"]
    refused(lambda: both.create_tags(Resources=[vpc], Tags=[{"Key": "a", "Value": "b"}]), UNAUTHORIZED)
