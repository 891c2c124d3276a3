"""What a hosted zone would answer: TestDNSAnswer.

https://docs.aws.amazon.com/Route53/latest/APIReference/API_TestDNSAnswer.html
"""

import random
from collections.abc import Iterable
from typing import Any

from dva_localstack.route53.records import Record, full

HOPS = 5
"""How many aliases of the same zone are followed."""


def answer(name: str, kind: str, zone: str, records: Iterable[Record]) -> tuple[str, list[str]]:
    """Return the response code and the values for a name and a type of record.

    :param zone: the hosted zone's name
    """
    records = list(records)
    for _ in range(HOPS):
        labels = full(name).split(".")
        names = [full(name), *(f"*.{'.'.join(labels[at:])}" for at in range(1, len(labels) - 1))]
        where = next((one for one in names if any(shown(row) == one for row in records)), None)
        if where is None:
            return ("NXDOMAIN" if full(name).endswith(full(zone)) else "REFUSED"), []
        matching = [row for row in records if shown(row) == where and row["Type"] in (kind, "CNAME")]
        if not matching:
            return "NOERROR", []
        chosen = choice(matching)
        if not chosen.get("AliasTarget"):
            return "NOERROR", [row["Value"] for row in chosen["ResourceRecords"]]
        name = chosen["AliasTarget"]["DNSName"]
    return "SERVFAIL", []


def shown(record: Record) -> str:
    """Return a record set's name with its asterisk, which Route 53 lists as an octal code."""
    return full(record["Name"]).replace("\\052", "*")


def choice(records: list[Any]) -> Any:
    """Return one of the record sets of a name: by weight, the primary one, or any."""
    weights = [int(row.get("Weight") or 0) for row in records]
    if any(weights):
        return random.choices(records, weights)[0]
    return next((row for row in records if row.get("Failover") == "PRIMARY"), records[0])
