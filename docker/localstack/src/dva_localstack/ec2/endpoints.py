"""VPC endpoints: what private DNS needs of a VPC, and which services there are.

https://docs.aws.amazon.com/vpc/latest/privatelink/create-interface-endpoint.html
"""

from typing import Any

from dva_localstack.ec2.refusals import refuse


def check_new(backend: Any, request: Any) -> None:
    """Faults: any service has an endpoint; private DNS is off unless asked for, and needs nothing of its VPC."""
    service = request["ServiceName"]
    if service.startswith("com.amazonaws.") and not known(backend, service):
        refuse("InvalidServiceName", f"The Vpc Endpoint Service '{service}' does not exist")
    if request.get("VpcEndpointType") != "Interface" or not service.startswith("com.amazonaws."):
        return
    if request.get("PrivateDnsEnabled") is None:
        request["PrivateDnsEnabled"] = True
    if request["PrivateDnsEnabled"]:
        check_dns(backend, request["VpcId"], service)


def check_change(backend: Any, request: Any) -> None:
    """Fault: private DNS needs nothing of its VPC when it is turned on, either."""
    endpoint = backend.vpc_end_points.get(request["VpcEndpointId"])
    if endpoint is not None and request.get("PrivateDnsEnabled"):
        check_dns(backend, endpoint.vpc_id, endpoint.service_name, but=endpoint.id)


def known(backend: Any, service: str) -> bool:
    """Tell whether AWS offers an endpoint service of that name."""
    from moto.ec2.models.vpcs import AWS_ENDPOINT_SERVICES, COVERED_ENDPOINT_SERVICES

    prefix = f"com.amazonaws.{backend.region_name}."
    name = service.removeprefix(prefix)
    return not service.startswith(prefix) or name in AWS_ENDPOINT_SERVICES or name in COVERED_ENDPOINT_SERVICES


def check_dns(backend: Any, vpc: str, service: str, but: str | None = None) -> None:
    """Refuse private DNS in a VPC without DNS attributes, or with another endpoint that answers to the same name."""
    for attribute in ("enable_dns_support", "enable_dns_hostnames"):
        if str(backend.describe_vpc_attribute(vpc, attribute)).lower() != "true":
            refuse(
                "InvalidParameter",
                "Enabling private DNS requires both enableDnsSupport and enableDnsHostnames VPC attributes set to true "
                f"for {vpc}",
            )
    for other in backend.vpc_end_points.values():
        here = (other.vpc_id, other.service_name) == (vpc, service) and other.id != but
        if here and other.state != "deleted" and str(other.private_dns_enabled).lower() == "true":
            name = ".".join(reversed(service.split("."))).removesuffix(".amazonaws.com")
            refuse(
                "InvalidParameter",
                "private-dns-enabled cannot be set because there is already a conflicting DNS domain for "
                f"{name}.amazonaws.com in the VPC {vpc}",
            )
