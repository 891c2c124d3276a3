"""Functions in a VPC: what Lambda looks at before it attaches one."""

import pytest

NOTHING = "def handler(event, context):\n    return 1\n"
INTERFACES = ("CreateNetworkInterface", "DescribeNetworkInterfaces", "DeleteNetworkInterface")
LOGS = {"Effect": "Allow", "Action": "logs:*", "Resource": "*"}


@pytest.fixture
def network(functions):
    """A subnet and a security group of a new VPC, as Lambda wants them."""
    ec2 = functions.account("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.1.0/24")["Subnet"]["SubnetId"]
    group = ec2.create_security_group(GroupName="app", Description="app", VpcId=vpc)["GroupId"]
    return {"SubnetIds": [subnet], "SecurityGroupIds": [group]}


def refusal(functions, **settings):
    """Attach a new function to a network; return the code and the message of the refusal."""
    name = functions.deploy(NOTHING, Role=settings.pop("Role", functions.role))
    with pytest.raises(functions.client.exceptions.ClientError) as refused:
        functions.client.update_function_configuration(FunctionName=name, **settings)
    assert "VpcConfig" not in functions.client.get_function_configuration(FunctionName=name)
    error = refused.value.response["Error"]
    return error["Code"], error["Message"]


@pytest.mark.parametrize("missing", INTERFACES)
def test_a_role_that_may_not_make_interfaces_is_refused(functions, network, missing):
    """https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html#configuration-vpc-permissions"""
    actions = [f"ec2:{action}" for action in INTERFACES if action != missing]
    role = functions.role_for("no-network", LOGS, {"Effect": "Allow", "Action": actions, "Resource": "*"})
    assert refusal(functions, Role=role, VpcConfig=network) == (
        "InvalidParameterValueException",
        f"The provided execution role does not have permissions to call {missing} on EC2",
    )


def test_a_new_function_is_refused_likewise(functions, network):
    """https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html#configuration-vpc-permissions"""
    with pytest.raises(functions.client.exceptions.InvalidParameterValueException, match="CreateNetworkInterface"):
        functions.deploy(NOTHING, Role=functions.role_for("logs-only", LOGS), VpcConfig=network)


def test_the_managed_policy_is_enough_and_the_network_can_be_left(functions, network):
    """https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AWSLambdaVPCAccessExecutionRole.html"""
    role = functions.role_for("network")
    functions.account("iam").attach_role_policy(
        RoleName="network", PolicyArn="arn:aws:iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole"
    )
    name = functions.deploy(NOTHING, Role=role, VpcConfig=network)
    attached = functions.client.get_function_configuration(FunctionName=name)["VpcConfig"]
    assert {key: attached[key] for key in network} == network
    assert attached["VpcId"].startswith("vpc-")
    functions.client.update_function_configuration(
        FunctionName=name, VpcConfig={"SubnetIds": [], "SecurityGroupIds": []}
    )
    functions.settle(name)
    assert not functions.client.get_function_configuration(FunctionName=name)["VpcConfig"]["SubnetIds"]


def test_an_unknown_security_group_is_refused(functions, network):
    """https://docs.aws.amazon.com/lambda/latest/api/API_VpcConfig.html"""
    code, message = refusal(functions, VpcConfig={**network, "SecurityGroupIds": ["sg-0123456789abcdef0"]})
    assert code == "InvalidParameterValueException"
    assert "InvalidGroup.NotFound" in message


def test_subnets_need_security_groups(functions, network):
    """https://docs.aws.amazon.com/lambda/latest/api/API_VpcConfig.html"""
    code, message = refusal(functions, VpcConfig={"SubnetIds": network["SubnetIds"], "SecurityGroupIds": []})
    assert code == "InvalidParameterValueException"
    assert message == "SubnetIds and SecurityIds must coexist or be both empty list."
