"""A function is refused a VPC where its role may not make network interfaces, or where a security group is not there.

LocalStack 4.14.0 looks at the subnet only.

https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html#configuration-vpc-permissions
"""

from typing import Any

from botocore.exceptions import ClientError
from localstack.aws.api import RequestContext, handler
from localstack.aws.api.lambda_ import InvalidParameterValueException
from localstack.aws.connect import connect_to
from localstack.services.lambda_.provider import LambdaProvider

from dva_localstack.enforcement import switch

from .source_permissions import may

ACTIONS = ("CreateNetworkInterface", "DescribeNetworkInterfaces", "DeleteNetworkInterface")
"""What AWSLambdaVPCAccessExecutionRole allows, as far as Lambda asks for it before it attaches a function."""


class CheckedNetworks(LambdaProvider):
    """A Lambda provider that looks at the role and the security groups before it attaches a function to a VPC."""

    @handler("CreateFunction", expand=False)
    def create_function(self, context: RequestContext, request: Any) -> Any:
        """Answer ``CreateFunction``, unless its network is refused."""
        _check(context, request.get("VpcConfig"), request.get("Role"))
        return super().create_function(context, request)

    @handler("UpdateFunctionConfiguration", expand=False)
    def update_function_configuration(self, context: RequestContext, request: Any) -> Any:
        """Answer ``UpdateFunctionConfiguration``, unless its network is refused."""
        network = request.get("VpcConfig")
        if network and not request.get("Role"):
            client = connect_to(aws_access_key_id=context.account_id, region_name=context.region).lambda_
            role = client.get_function_configuration(FunctionName=request["FunctionName"])["Role"]
        else:
            role = request.get("Role")
        _check(context, network, role)
        return super().update_function_configuration(context, request)


def _check(context: RequestContext, network: Any, role: str | None) -> None:
    if not network or not network.get("SubnetIds"):
        return
    for action in ACTIONS if switch.enabled() else ():
        if role and not may(role, f"ec2:{action}", "*"):
            message = f"The provided execution role does not have permissions to call {action} on EC2"
            raise InvalidParameterValueException(message, Type="User")
    groups = network.get("SecurityGroupIds") or []
    if not groups:
        raise InvalidParameterValueException(
            "SubnetIds and SecurityIds must coexist or be both empty list.", Type="User"
        )
    try:
        connect_to(aws_access_key_id=context.account_id, region_name=context.region).ec2.describe_security_groups(
            GroupIds=groups
        )
    except ClientError as error:
        told = error.response["Error"]
        raise InvalidParameterValueException(
            f"Error occurred while DescribeSecurityGroups. EC2 Error Code: {told['Code']}. "
            f"EC2 Error Message: {told['Message']}",
            Type="User",
        ) from None
