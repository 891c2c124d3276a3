"""LocalStack's Route 53 with checked changes."""

from typing import Any

from localstack.aws.api import CommonServiceException, RequestContext, ServiceRequest
from localstack.aws.connect import connect_to
from localstack.services.moto import MotoFallbackDispatcher, call_moto_with_request
from localstack.services.plugins import Service
from localstack.services.route53.provider import Route53Provider

from dva_localstack.route53.answers import answer
from dva_localstack.route53.records import full, key, problem

PENDING = ("ChangeResourceRecordSets", "CreateHostedZone", "DeleteHostedZone")
"""Operations whose change is not on all name servers when they answer."""


def client(context: RequestContext) -> Any:
    """Return a client of the service in the caller's account."""
    return connect_to(aws_access_key_id=context.account_id, region_name=context.region).route53


def contents(own: Any, zone: str) -> tuple[str, list[Any]]:
    """Return the name of a hosted zone and its record sets."""
    name = own.get_hosted_zone(Id=zone)["HostedZone"]["Name"]
    pages = own.get_paginator("list_resource_record_sets").paginate(HostedZoneId=zone)
    return name, [record for page in pages for record in page["ResourceRecordSets"]]


def of_target(action: str, record: Any, here: str, existing: dict[Any, Any]) -> str | None:
    """Fault: an alias may have a target in the same zone that does not exist."""
    target = record.get("AliasTarget")
    if action == "DELETE" or not target or target["HostedZoneId"] != here:
        return None
    name, kind = full(target["DNSName"]), record["Type"]
    if any((name, kind) == found[:2] for found in existing):
        return None
    return f"Tried to create an alias that targets {name}, type {kind} in zone {here}, but that target was not found"


def test_answer(context: RequestContext, request: Any) -> Any:
    """Fault: TestDNSAnswer is missing."""
    name, kind = request["RecordName"], request["RecordType"]
    zone, records = contents(client(context), request["HostedZoneId"])
    code, data = answer(name, kind, zone, records)
    said = {"RecordName": full(name), "RecordType": kind, "RecordData": data, "ResponseCode": code}
    return {"Nameserver": "ns-1.awsdns-01.org", "Protocol": "UDP"} | said


def create_zone(context: RequestContext, request: Any) -> Any:
    """Fault: a zone with a VPC is public unless its configuration says otherwise."""
    request["HostedZoneConfig"] = {"Comment": "", **(request.get("HostedZoneConfig") or {}), "PrivateZone": True}
    return call_moto_with_request(context, request)


def check_reference(context: RequestContext, request: Any) -> None:
    """Fault: the same request makes a second zone.

    https://docs.aws.amazon.com/Route53/latest/APIReference/API_CreateHostedZone.html
    """
    pages = client(context).get_paginator("list_hosted_zones").paginate()
    if request["CallerReference"] in [zone.get("CallerReference") for page in pages for zone in page["HostedZones"]]:
        text = (
            f"A hosted zone has already been created with the specified caller reference: {request['CallerReference']}"
        )
        raise CommonServiceException("HostedZoneAlreadyExists", text, status_code=409, sender_fault=True)


def check(context: RequestContext, request: Any) -> None:
    """Fault: CNAME at the apex, routing policies without identifier, and more, are accepted.

    :raises CommonServiceException: ``InvalidChangeBatch`` with every problem of the batch
    """
    own = client(context)
    zone, records = contents(own, request["HostedZoneId"])
    existing = {key(record): record for record in records}
    here = request["HostedZoneId"].rpartition("/")[2]
    found = []
    for change in request["ChangeBatch"]["Changes"]:
        action, record = change["Action"], change["ResourceRecordSet"]
        if said := problem(action, record, zone, existing.values()) or of_target(action, record, here, existing):
            found.append(said)
        elif action == "DELETE":
            existing.pop(key(record), None)
        else:
            existing[key(record)] = record
    if found:
        raise CommonServiceException("InvalidChangeBatch", f"[{', '.join(found)}]", status_code=400, sender_fault=True)


def pending(operation: Any) -> Any:
    """Fault: a change is in sync before anybody could ask; on AWS, GetChange says so later."""

    def answered(context: RequestContext, request: ServiceRequest) -> Any:
        found = operation(context, request)
        found["ChangeInfo"]["Status"] = "PENDING"
        return found

    return answered


def create_service() -> Service:
    """Return the service."""
    provider = Route53Provider()
    table = MotoFallbackDispatcher(provider)
    change, create = table["ChangeResourceRecordSets"], table["CreateHostedZone"]

    def checked(context: RequestContext, request: ServiceRequest) -> Any:
        check(context, request)
        return change(context, request)

    def created(context: RequestContext, request: Any) -> Any:
        check_reference(context, request)
        return (create_zone if request.get("VPC") else create)(context, request)

    table |= {"ChangeResourceRecordSets": checked, "CreateHostedZone": created, "TestDNSAnswer": test_answer}
    table |= {name: pending(table[name]) for name in PENDING}
    return Service.for_provider(provider, dispatch_table_factory=lambda _: table)
