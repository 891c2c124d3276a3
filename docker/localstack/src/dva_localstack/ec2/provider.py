"""LocalStack's EC2, which runs on moto, with moto's faults repaired."""

from typing import Any

from localstack.services.ec2.provider import Ec2Provider
from localstack.services.moto import MotoFallbackDispatcher
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


def create_service() -> Service:
    """Return EC2."""
    repair_endpoint_type()
    return Service.for_provider(Ec2Provider(), dispatch_table_factory=MotoFallbackDispatcher)
