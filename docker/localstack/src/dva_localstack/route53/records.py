"""What is wrong with a change of a record set. Pure: it knows nothing of LocalStack."""

import ipaddress
from collections.abc import Iterable, Mapping
from typing import Any

Record = Mapping[str, Any]

POLICIES = (
    "Weight",
    "Region",
    "Failover",
    "GeoLocation",
    "MultiValueAnswer",
    "CidrRoutingConfig",
    "GeoProximityLocation",
)
"""Fields of a record set that choose a routing policy.

https://docs.aws.amazon.com/Route53/latest/APIReference/API_ResourceRecordSet.html
"""

ADDRESSES = {"A": ipaddress.IPv4Address, "AAAA": ipaddress.IPv6Address}


def full(name: str) -> str:
    """Return a domain name in small letters with its last dot."""
    return name.lower().rstrip(".") + "."


def key(record: Record) -> tuple[str, str, str | None]:
    """Return what tells a record set from others."""
    return full(record["Name"]), record["Type"], record.get("SetIdentifier")


def policy(record: Record) -> str | None:
    """Return the field that chooses the routing policy, None for simple routing."""
    return next((name for name in POLICIES if record.get(name) is not None), None)


def problem(action: str, record: Record, zone: str, existing: Iterable[Record]) -> str | None:
    """Return what AWS says against a change, None if nothing.

    :param action: ``CREATE``, ``UPSERT`` or ``DELETE``
    :param zone: the hosted zone's name
    :param existing: the zone's record sets
    """
    name, kind = full(record["Name"]), record["Type"]
    said = f"[name='{name}', type='{kind}']"
    if action == "DELETE":
        found = key(record) in {key(one) for one in existing}
        return None if found else f"Tried to delete resource record set {said} but it was not found"
    if kind == "CNAME" and name == full(zone):
        return f"RRSet of type CNAME with DNS name {name} is not permitted at apex in zone {full(zone)}"
    return of_values(record, said) or of_policy(record, said) or of_others(record, said, existing)


def of_values(record: Record, said: str) -> str | None:
    """Judge an alias, a TTL and values by themselves."""
    values = record.get("ResourceRecords") or []
    if record.get("AliasTarget"):
        if record.get("TTL") is not None or values:
            return f"Invalid request: an alias record set {said} takes neither TTL nor ResourceRecords"
        return None
    if record.get("TTL") is None or not values:
        return f"Invalid request: expected exactly one of [AliasTarget, all of [TTL, and ResourceRecords]] in {said}"
    if parse := ADDRESSES.get(record["Type"]):
        for row in values:
            try:
                parse(row["Value"])
            except ValueError:
                kind = "IPv4" if record["Type"] == "A" else "IPv6"
                fatal = f"FATAL problem: ARRDATAIllegal{kind}Address"
                return f"Invalid Resource Record: '{fatal}' encountered with '{row['Value']}'"
    return None


def of_policy(record: Record, said: str) -> str | None:
    """Judge routing policy and identifier: one needs the other."""
    chosen, identifier = policy(record), record.get("SetIdentifier")
    if chosen and not identifier:
        return f"Invalid request: missing field 'SetIdentifier' in resource record set {said} with {chosen}"
    if identifier and not chosen:
        return f"Invalid request: resource record set {said} with a SetIdentifier needs a routing policy"
    return None


def of_others(record: Record, said: str, existing: Iterable[Record]) -> str | None:
    """Judge a record set beside those of the same name."""
    for other in existing:
        if full(other["Name"]) != full(record["Name"]) or key(other) == key(record):
            continue
        if "CNAME" in (record["Type"], other["Type"]) and record["Type"] != other["Type"]:
            return (
                f"RRSet of type {record['Type']} with DNS name {full(record['Name'])} is not permitted because "
                f"a conflicting RRSet of type {other['Type']} with the same DNS name already exists"
            )
        if record["Type"] == other["Type"] and policy(record) != policy(other):
            return f"RRSet {said} cannot be created as others with this name and type have another routing policy"
    return None
