"""LocalStack's EC2, which runs on moto, with moto's faults repaired and what AWS refuses refused."""

from collections.abc import Callable
from typing import Any

from botocore import xform_name
from localstack.aws.api import CommonServiceException, RequestContext, ServiceRequest, handler
from localstack.services.ec2.provider import Ec2Provider, get_ec2_backend
from localstack.services.moto import MotoFallbackDispatcher, call_moto_with_request
from localstack.services.plugins import Service

from dva_localstack.ec2 import dependencies, endpoints, refusals, repairs, tables

Check = Callable[[Any, Any], None]
"""Takes moto's EC2 of an account and region, and a request; raises the refusal."""

CHECKS: dict[str, tuple[Check, ...]] = {
    "AuthorizeSecurityGroupEgress": (refusals.check_rules,),
    "AuthorizeSecurityGroupIngress": (refusals.check_rules,),
    "CreateRoute": (refusals.check_route,),
    "CreateSubnet": (refusals.check_subnet,),
    "CreateTags": (refusals.check_tags,),
    "CreateVolume": (refusals.check_zone,),
    "CreateVpcEndpoint": (endpoints.check_new,),
    "DeleteRoute": (refusals.keep_local_route,),
    "DeleteRouteTable": (dependencies.keep_main_table,),
    "DeleteSecurityGroup": (dependencies.keep_group,),
    "DeleteSubnet": (dependencies.keep_subnet,),
    "DeleteVpc": (dependencies.keep_vpc,),
    "DescribeInstances": (refusals.check_instances,),
    "ModifyVpcEndpoint": (endpoints.check_change,),
    "ReleaseAddress": (dependencies.keep_address,),
    "RunInstances": (refusals.check_launch, refusals.check_tags),
    "StartInstances": (refusals.check_instances, refusals.check_life),
    "StopInstances": (refusals.check_instances, refusals.check_life),
    "TerminateInstances": (refusals.check_instances,),
}

DELETED = {
    "DeleteInternetGateway": "InternetGatewayId",
    "DeleteNetworkAcl": "NetworkAclId",
    "DeleteNetworkInterface": "NetworkInterfaceId",
    "DeleteRouteTable": "RouteTableId",
    "DeleteSecurityGroup": "GroupId",
    "DeleteSubnet": "SubnetId",
    "DeleteVolume": "VolumeId",
    "DeleteVpc": "VpcId",
    "ReleaseAddress": "AllocationId",
}
"""Operations that delete at once, and the parameters that tell what."""


class Networks(Ec2Provider):
    """Operations whose requests are changed on their way."""

    @handler("CreateVpcEndpoint", expand=False)
    def create_vpc_endpoint(self, context: RequestContext, request: Any) -> Any:
        """Answer ``CreateVpcEndpoint`` with what :func:`endpoints.check_new` made of the request."""
        return call_moto_with_request(context, request)

    @handler("ModifyVpcEndpoint", expand=False)
    def modify_vpc_endpoint(self, context: RequestContext, request: Any) -> Any:
        """Answer ``ModifyVpcEndpoint``."""
        return super().modify_vpc_endpoint(context, **{xform_name(name): value for name, value in request.items()})


def checked(name: str, answer: Callable[[RequestContext, ServiceRequest], Any]) -> Any:
    """Return an operation that is answered after its checks.

    Faults: a dry run is a real one, and tags of what was deleted are still described.
    """

    def operation(context: RequestContext, request: Any) -> Any:
        backend = get_ec2_backend(context.account_id, context.region)
        if request.get("DryRun"):
            raise CommonServiceException(
                "DryRunOperation", "Request would have succeeded, but DryRun flag is set.", 412, True
            )
        for check in CHECKS.get(name, ()):
            check(backend, request)
        answered = answer(context, request)
        if name in DELETED:
            backend.tags.pop(request.get(DELETED[name]), None)
        return answered

    return operation


def create_service() -> Service:
    """Return EC2."""
    repairs.apply()
    tables.read_when_asked()
    provider = Networks()
    table = {name: checked(name, answer) for name, answer in MotoFallbackDispatcher(provider).items()}
    return Service.for_provider(provider, dispatch_table_factory=lambda _: table)
