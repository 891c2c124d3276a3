"""What is wrong with a change of a record set. Pure: it knows nothing of LocalStack."""

import ipaddress
import re
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


FIELDS = {"MX": 2, "SRV": 4, "CAA": 3}
"""How many parts a value of these types has.

https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/ResourceRecordTypes.html
"""

ONCE = ("Region", "Failover", "GeoLocation")
"""Routing policies of which record sets of one name and type must not have the same value."""

TTL_SECONDS = range(2**31)


def full(name: str) -> str:
    """Return a domain name in small letters with its last dot."""
    return name.lower().rstrip(".") + "."


def key(record: Record) -> tuple[str, str, str | None]:
    """Return what tells a record set from others."""
    return full(record["Name"]), record["Type"], record.get("SetIdentifier")


def policy(record: Record) -> str | None:
    """Return the field that chooses the routing policy, None for simple routing."""
    return next((name for name in POLICIES if record.get(name) is not None), None)


def called(record: Record) -> str:
    """Return how messages call a record set."""
    identifier = record.get("SetIdentifier")
    more = f", set-identifier='{identifier}'" if identifier else ""
    return f"[name='{full(record['Name'])}', type='{record['Type']}'{more}]"


def problem(action: str, record: Record, zone: str, existing: Iterable[Record]) -> str | None:
    """Return what AWS says against a change, None if nothing.

    :param action: ``CREATE``, ``UPSERT`` or ``DELETE``
    :param zone: the hosted zone's name
    :param existing: the zone's record sets
    """
    name, kind, apex = full(record["Name"]), record["Type"], full(zone)
    said = called(record)
    current = next((one for one in existing if key(one) == key(record)), None)
    if action == "DELETE":
        return of_deletion(record, current, apex)
    if action == "CREATE" and current is not None:
        return f"Tried to create resource record set {said} but it already exists"
    if name != apex and not name.endswith(f".{apex}"):
        return f"RRSet with DNS name {name} is not permitted in zone {apex}"
    if kind == "CNAME" and name == apex:
        return f"RRSet of type CNAME with DNS name {name} is not permitted at apex in zone {apex}"
    return of_values(record, said) or of_policy(record, said) or of_others(record, said, existing)


def of_deletion(record: Record, current: Record | None, apex: str) -> str | None:
    """Judge a deletion: of what is there, with its values, and not of what a zone needs."""
    said = called(record)
    if current is None:
        return f"Tried to delete resource record set {said} but it was not found"
    if full(record["Name"]) == apex and record["Type"] == "SOA":
        return "A HostedZone must contain exactly one SOA record."
    if full(record["Name"]) == apex and record["Type"] == "NS":
        return "A HostedZone must contain at least one NS record for the zone itself."
    if contents(record) != contents(current):
        return f"Tried to delete resource record set {said} but the values provided do not match the current values"
    return None


def contents(record: Record) -> tuple[object, ...]:
    """Return what a record set answers with."""
    target = record.get("AliasTarget") or {}
    values = sorted(row["Value"] for row in record.get("ResourceRecords") or ())
    return record.get("TTL"), values, full(target["DNSName"]) if target else None


def of_values(record: Record, said: str) -> str | None:
    """Judge an alias, a TTL and values by themselves."""
    values = record.get("ResourceRecords") or []
    if record.get("AliasTarget"):
        if record.get("TTL") is not None or values:
            return f"Invalid request: an alias record set {said} takes neither TTL nor ResourceRecords"
        return None
    if record.get("TTL") is None or not values:
        return f"Invalid request: expected exactly one of [AliasTarget, all of [TTL, and ResourceRecords]] in {said}"
    if int(record["TTL"]) not in TTL_SECONDS:
        return f"Invalid request: the TTL of {said} must be between 0 and {TTL_SECONDS.stop - 1} seconds"
    for row in values:
        if found := of_text(record["Type"], row["Value"]):
            return f"Invalid Resource Record: 'FATAL problem: {found}' encountered with '{row['Value']}'"
    if record["Type"] == "CNAME" and len(values) > 1:
        return f"Invalid Resource Record: 'FATAL problem: CNAMERRSetTooManyRecords' in {said}"
    if parse := ADDRESSES.get(record["Type"]):
        for row in values:
            try:
                parse(row["Value"])
            except ValueError:
                kind = "IPv4" if record["Type"] == "A" else "IPv6"
                fatal = f"FATAL problem: ARRDATAIllegal{kind}Address"
                return f"Invalid Resource Record: '{fatal}' encountered with '{row['Value']}'"
    return None


def of_text(kind: str, value: str) -> str | None:
    """Judge one value of a record set that is no address."""
    if kind in ("TXT", "SPF") and not re.fullmatch(r'\s*("(?:[^"\\]|\\.)*"\s*)+', value):
        return "InvalidCharacterString (Value should be enclosed in quotation marks)"
    wanted = FIELDS.get(kind)
    parts = re.findall(r'"[^"]*"|\S+', value)
    if wanted and (len(parts) != wanted or not parts[0].isdigit()):
        return f"{kind}RRDATANot{wanted}Fields"
    return None


def of_policy(record: Record, said: str) -> str | None:
    """Judge routing policy and identifier: one needs the other."""
    chosen, identifier = policy(record), record.get("SetIdentifier")
    if len([name for name in POLICIES if record.get(name) is not None]) > 1:
        return f"Invalid request: expected exactly one routing policy in {said}"
    if record.get("Weight") is not None and int(record["Weight"]) not in range(256):
        return f"Invalid request: the weight of {said} must be between 0 and 255"
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
        chosen = policy(record)
        if record["Type"] == other["Type"] and chosen in ONCE and record[chosen] == other[chosen]:
            return f"RRSet {said} has the same {chosen} as another with this name and type"
    return None
