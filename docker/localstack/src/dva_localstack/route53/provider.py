"""LocalStack's Route 53 with checked changes."""

from typing import Any

from localstack.aws.api import CommonServiceException, RequestContext, ServiceRequest
from localstack.aws.connect import connect_to
from localstack.services.moto import MotoFallbackDispatcher
from localstack.services.plugins import Service
from localstack.services.route53.provider import Route53Provider

from dva_localstack.route53.records import key, problem


def check(context: RequestContext, request: Any) -> None:
    """Fault: CNAME at the apex, routing policies without identifier, and more, are accepted.

    :raises CommonServiceException: ``InvalidChangeBatch`` with every problem of the batch
    """
    own = connect_to(aws_access_key_id=context.account_id, region_name=context.region).route53
    zone = own.get_hosted_zone(Id=request["HostedZoneId"])["HostedZone"]["Name"]
    pages = own.get_paginator("list_resource_record_sets").paginate(HostedZoneId=request["HostedZoneId"])
    existing = {key(record): record for page in pages for record in page["ResourceRecordSets"]}
    found = []
    for change in request["ChangeBatch"]["Changes"]:
        action, record = change["Action"], change["ResourceRecordSet"]
        if said := problem(action, record, zone, existing.values()):
            found.append(said)
        elif action == "DELETE":
            existing.pop(key(record), None)
        else:
            existing.setdefault(key(record), record)
    if found:
        raise CommonServiceException("InvalidChangeBatch", f"[{', '.join(found)}]", status_code=400, sender_fault=True)


def create_service() -> Service:
    """Return the service."""
    provider = Route53Provider()
    table = MotoFallbackDispatcher(provider)
    change = table["ChangeResourceRecordSets"]

    def checked(context: RequestContext, request: ServiceRequest) -> Any:
        check(context, request)
        return change(context, request)

    table["ChangeResourceRecordSets"] = checked
    return Service.for_provider(provider, dispatch_table_factory=lambda _: table)
