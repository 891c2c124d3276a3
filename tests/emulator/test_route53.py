"""Route 53: what records a hosted zone takes; nobody resolves them."""

import uuid
from typing import Any

import pytest
from botocore.exceptions import ClientError


class Zone:
    """A hosted zone for example.com."""

    def __init__(self, account: Any) -> None:
        self.api = account("route53")
        made = self.api.create_hosted_zone(Name="example.com", CallerReference=str(uuid.uuid4()))
        self.id = made["HostedZone"]["Id"]

    def change(self, action: str, **record: Any) -> None:
        """Change a record set."""
        batch = {"Changes": [{"Action": action, "ResourceRecordSet": record}]}
        self.api.change_resource_record_sets(HostedZoneId=self.id, ChangeBatch=batch)

    def refuses(self, action: str, **record: Any) -> str:
        """Make a change that must fail; return the message."""
        with pytest.raises(ClientError) as caught:
            self.change(action, **record)
        error = caught.value.response["Error"]
        assert error["Code"] == "InvalidChangeBatch"
        return str(error["Message"])

    def records(self, kind: str) -> list[dict[str, Any]]:
        """Return the record sets of a type."""
        found = self.api.list_resource_record_sets(HostedZoneId=self.id)["ResourceRecordSets"]
        return [record for record in found if record["Type"] == kind]


@pytest.fixture
def zone(aws: Any) -> Zone:
    """A hosted zone in a fresh account."""
    return Zone(aws)


def record(name: str, kind: str, *values: str, **more: Any) -> dict[str, Any]:
    """Return a record set with a TTL of a minute."""
    return {"Name": name, "Type": kind, "TTL": 60, "ResourceRecords": [{"Value": value} for value in values], **more}


def test_a_zone_begins_with_its_name_servers(zone: Zone) -> None:
    """https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/SOA-NSrecords.html"""
    assert len(zone.records("NS")[0]["ResourceRecords"]) == 4
    assert len(zone.records("SOA")) == 1


def test_upsert_makes_and_changes(zone: Zone) -> None:
    """https://docs.aws.amazon.com/Route53/latest/APIReference/API_ChangeResourceRecordSets.html"""
    for value in ("192.0.2.1", "192.0.2.2"):
        zone.change("UPSERT", **record("www.example.com", "A", value))
    assert [row["ResourceRecords"] for row in zone.records("A")] == [[{"Value": "192.0.2.2"}]]


def test_a_record_is_created_once(zone: Zone) -> None:
    """https://docs.aws.amazon.com/Route53/latest/APIReference/API_ChangeResourceRecordSets.html"""
    zone.change("CREATE", **record("www.example.com", "A", "192.0.2.1"))
    assert "already exists" in zone.refuses("CREATE", **record("www.example.com", "A", "192.0.2.1"))


def test_only_what_is_there_is_deleted(zone: Zone) -> None:
    """https://docs.aws.amazon.com/Route53/latest/APIReference/API_ChangeResourceRecordSets.html"""
    assert "not found" in zone.refuses("DELETE", **record("www.example.com", "A", "192.0.2.1"))


def test_the_apex_takes_no_cname(zone: Zone) -> None:
    """https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/ResourceRecordTypes.html#CNAMEFormat"""
    said = zone.refuses("CREATE", **record("example.com", "CNAME", "other.example.net"))
    assert "CNAME" in said
    assert "is not permitted at apex in zone example.com." in said


def test_a_cname_stands_alone(zone: Zone) -> None:
    """https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/ResourceRecordTypes.html#CNAMEFormat"""
    zone.change("CREATE", **record("www.example.com", "A", "192.0.2.1"))
    assert zone.refuses("CREATE", **record("www.example.com", "CNAME", "other.example.net"))


def test_a_record_lies_in_its_zone(zone: Zone) -> None:
    """https://docs.aws.amazon.com/Route53/latest/APIReference/API_ChangeResourceRecordSets.html"""
    said = zone.refuses("CREATE", **record("www.example.org", "A", "192.0.2.1"))
    assert "not permitted" in said


def test_an_a_record_has_addresses(zone: Zone) -> None:
    """https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/ResourceRecordTypes.html#AFormat"""
    assert zone.refuses("CREATE", **record("www.example.com", "A", "not-an-address"))


def test_an_alias_stands_at_the_apex_and_has_no_ttl(zone: Zone) -> None:
    """https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/resource-record-sets-choosing-alias-non-alias.html"""
    target = {"HostedZoneId": "Z2FDTNDATAQYW2", "DNSName": "d123.cloudfront.net", "EvaluateTargetHealth": False}
    zone.change("CREATE", Name="example.com", Type="A", AliasTarget=target)
    found = zone.records("A")[0]
    assert found["AliasTarget"]["DNSName"].rstrip(".") == "d123.cloudfront.net"
    assert "TTL" not in found
    assert zone.refuses("UPSERT", Name="example.com", Type="A", AliasTarget=target, TTL=60)


def test_weighted_records_share_a_name_by_their_identifiers(zone: Zone) -> None:
    """https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/routing-policy-weighted.html"""
    for name, weight in (("blue", 90), ("green", 10)):
        zone.change("CREATE", **record("www.example.com", "A", "192.0.2.1", SetIdentifier=name, Weight=weight))
    assert {row["SetIdentifier"]: row["Weight"] for row in zone.records("A")} == {"blue": 90, "green": 10}


@pytest.mark.parametrize("policy", [{"Weight": 10}, {"Region": "eu-west-1"}, {"Failover": "PRIMARY"}])
def test_a_routing_policy_needs_an_identifier(zone: Zone, policy: dict[str, Any]) -> None:
    """https://docs.aws.amazon.com/Route53/latest/APIReference/API_ResourceRecordSet.html"""
    assert zone.refuses("CREATE", **record("www.example.com", "A", "192.0.2.1", **policy))


def test_a_name_has_one_routing_policy(zone: Zone) -> None:
    """https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/routing-policy.html"""
    zone.change("CREATE", **record("www.example.com", "A", "192.0.2.1", SetIdentifier="one", Weight=1))
    mixed = record("www.example.com", "A", "192.0.2.2", SetIdentifier="two", Region="eu-west-1")
    assert zone.refuses("CREATE", **mixed)
    assert zone.refuses("CREATE", **record("www.example.com", "A", "192.0.2.3"))


def test_what_is_refused_is_named_as_on_aws(zone: Zone) -> None:
    """https://docs.aws.amazon.com/Route53/latest/APIReference/API_ChangeResourceRecordSets.html"""
    here = record("www.example.com", "A", "192.0.2.1")
    zone.change("CREATE", **here)
    said = "[name='www.example.com.', type='A']"
    assert zone.refuses("CREATE", **here) == f"[Tried to create resource record set {said} but it already exists]"
    outside = zone.refuses("CREATE", **record("www.example.org", "A", "192.0.2.1"))
    assert outside == "[RRSet with DNS name www.example.org. is not permitted in zone example.com.]"
    other = zone.refuses("DELETE", **record("www.example.com", "A", "192.0.2.9"))
    assert other.endswith("but the values provided do not match the current values]")
    assert "SOA" in zone.refuses("DELETE", **zone.records("SOA")[0])


@pytest.mark.parametrize(
    ("kind", "value"),
    [("TXT", "no quotes"), ("MX", "mail.example.com"), ("SRV", "1 2 x.example.com"), ("CAA", "amazon.com")],
)
def test_values_have_the_form_of_their_type(zone: Zone, kind: str, value: str) -> None:
    """https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/ResourceRecordTypes.html"""
    assert "Invalid Resource Record" in zone.refuses("CREATE", **record("x.example.com", kind, value))


@pytest.mark.parametrize(
    "policy", [{"Region": "us-east-1"}, {"Failover": "PRIMARY"}, {"GeoLocation": {"CountryCode": "US"}}]
)
def test_two_records_do_not_have_the_same_place_in_a_policy(zone: Zone, policy: dict[str, Any]) -> None:
    """https://docs.aws.amazon.com/Route53/latest/APIReference/API_ResourceRecordSet.html"""
    zone.change("CREATE", **record("www.example.com", "A", "192.0.2.1", SetIdentifier="a", **policy))
    assert zone.refuses("CREATE", **record("www.example.com", "A", "192.0.2.2", SetIdentifier="b", **policy))


def test_an_alias_in_the_zone_has_a_target(zone: Zone) -> None:
    """https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/resource-record-sets-choosing-alias-non-alias.html"""
    target = {"HostedZoneId": zone.id.rpartition("/")[2], "DNSName": "www.example.com", "EvaluateTargetHealth": False}
    alias = {"Name": "example.com", "Type": "A", "AliasTarget": target}
    assert "that target was not found" in zone.refuses("CREATE", **alias)
    zone.change("CREATE", **record("www.example.com", "A", "192.0.2.1"))
    zone.change("CREATE", **alias)
    answer = zone.api.test_dns_answer(HostedZoneId=zone.id, RecordName="example.com", RecordType="A")
    assert (answer["ResponseCode"], answer["RecordData"]) == ("NOERROR", ["192.0.2.1"])
    missing = zone.api.test_dns_answer(HostedZoneId=zone.id, RecordName="no.example.com", RecordType="A")
    assert missing["ResponseCode"] == "NXDOMAIN"


def test_a_zone_with_a_vpc_is_private_and_made_once(aws: Any) -> None:
    """https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/hosted-zones-private.html"""
    vpc = aws("ec2").create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    request = {"Name": "shop.internal", "CallerReference": "one", "VPC": {"VPCRegion": "us-east-1", "VPCId": vpc}}
    made = aws("route53").create_hosted_zone(**request)
    assert made["HostedZone"]["Config"]["PrivateZone"] is True
    assert made["ChangeInfo"]["Status"] == "PENDING"
    with pytest.raises(ClientError, match="HostedZoneAlreadyExists"):
        aws("route53").create_hosted_zone(**request)
