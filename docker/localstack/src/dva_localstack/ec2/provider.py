"""LocalStack's EC2, which runs on moto, with moto's faults repaired."""

from typing import Any

from botocore import xform_name
from localstack.aws.api import CommonServiceException, RequestContext, handler
from localstack.services.ec2.provider import Ec2Provider, get_ec2_backend
from localstack.services.moto import MotoFallbackDispatcher, call_moto
from localstack.services.plugins import Service
from moto.ec2.models.vpcs import VPCBackend


def repair_endpoint_type() -> None:
    """Fault: an endpoint created without a type has none, and cannot be deleted. AWS makes it a Gateway.

    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateVpcEndpoint.html
    """
    original = VPCBackend.create_vpc_endpoint

    def create_vpc_endpoint(self: Any, *args: Any, endpoint_type: str | None = None, **given: Any) -> Any:
        return original(self, *args, endpoint_type=endpoint_type or "Gateway", **given)

    VPCBackend.create_vpc_endpoint = create_vpc_endpoint


class CheckedEndpoints(Ec2Provider):
    """Fault: private DNS of an interface endpoint needs nothing of its VPC.

    https://docs.aws.amazon.com/vpc/latest/privatelink/create-interface-endpoint.html
    """

    @handler("CreateVpcEndpoint", expand=False)
    def create_vpc_endpoint(self, context: RequestContext, request: Any) -> Any:
        """Answer ``CreateVpcEndpoint``, unless it asks for private DNS in a VPC without it."""
        if request.get("PrivateDnsEnabled"):
            _check_dns(context, request["VpcId"])
        return call_moto(context)

    @handler("ModifyVpcEndpoint", expand=False)
    def modify_vpc_endpoint(self, context: RequestContext, request: Any) -> Any:
        """Answer ``ModifyVpcEndpoint``, unless it asks for private DNS in a VPC without it."""
        endpoint = get_ec2_backend(context.account_id, context.region).vpc_end_points.get(request["VpcEndpointId"])
        if endpoint is not None and request.get("PrivateDnsEnabled"):
            _check_dns(context, endpoint.vpc_id)
        given = {xform_name(name): value for name, value in request.items()}
        return super().modify_vpc_endpoint(context, **given)


def _check_dns(context: RequestContext, vpc: str) -> None:
    backend = get_ec2_backend(context.account_id, context.region)
    for attribute in ("enable_dns_support", "enable_dns_hostnames"):
        if str(backend.describe_vpc_attribute(vpc, attribute)).lower() != "true":
            raise CommonServiceException(
                "InvalidParameter",
                "Enabling private DNS requires both enableDnsSupport and enableDnsHostnames VPC attributes set to true "
                f"for {vpc}",
            )


def create_service() -> Service:
    """Return EC2."""
    repair_endpoint_type()
    return Service.for_provider(CheckedEndpoints(), dispatch_table_factory=MotoFallbackDispatcher)
