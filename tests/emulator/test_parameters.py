"""Parameter Store: tiers, policies, selectors, settings and events."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError


def refused(call: Any, code: str, **arguments: Any) -> str:
    """Assert that a call fails with ``code``; return the message."""
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    assert caught.value.response["Error"]["Code"] == code, caught.value.response
    return caught.value.response["Error"]["Message"]


@pytest.fixture
def ssm(aws: Any) -> Any:
    return aws("ssm", parameter_validation=False)


def put(ssm: Any, value: str = "1", name: str = "/app/one", **more: Any) -> dict[str, Any]:
    return ssm.put_parameter(**{"Name": name, "Value": value, "Type": "String", **more})


# Tiers: https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html


def test_intelligent_tiering_picks_the_tier(ssm: Any) -> None:
    assert put(ssm, "x" * 4096, "/small", Tier="Intelligent-Tiering")["Tier"] == "Standard"
    assert put(ssm, "x" * 4097, "/large", Tier="Intelligent-Tiering")["Tier"] == "Advanced"
    assert {each["Name"]: each["Tier"] for each in ssm.describe_parameters()["Parameters"]} == {
        "/small": "Standard",
        "/large": "Advanced",
    }


def test_an_advanced_parameter_stays_advanced(ssm: Any) -> None:
    put(ssm, Tier="Advanced")
    message = refused(lambda **more: put(ssm, **more), "ValidationException", Tier="Standard", Overwrite=True)
    assert "You can't downgrade a parameter" in message
    assert put(ssm, "x" * 8192, Overwrite=True)["Tier"] == "Advanced"


def test_the_default_tier_is_a_setting(ssm: Any) -> None:
    """https://docs.aws.amazon.com/systems-manager/latest/userguide/ps-default-tier.html"""
    setting = "/ssm/parameter-store/default-parameter-tier"
    assert ssm.get_service_setting(SettingId=setting)["ServiceSetting"]["SettingValue"] == "Standard"
    ssm.update_service_setting(SettingId=setting, SettingValue="Advanced")
    assert put(ssm)["Tier"] == "Advanced"
    assert ssm.reset_service_setting(SettingId=setting)["ServiceSetting"]["Status"] == "Default"
    throughput = "/ssm/parameter-store/high-throughput-enabled"
    refused(ssm.update_service_setting, "ValidationException", SettingId=throughput, SettingValue="maybe")
    refused(ssm.get_service_setting, "ServiceSettingNotFound", SettingId="/ssm/parameter-store/none")


# Policies: https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-policies.html


def expiration(moment: datetime) -> str:
    timestamp = moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return json.dumps([{"Type": "Expiration", "Version": "1.0", "Attributes": {"Timestamp": timestamp}}])


def test_an_expired_parameter_is_deleted(ssm: Any, eventually: Any) -> None:
    put(ssm, Tier="Advanced", Policies=expiration(datetime.now(UTC) + timedelta(days=1)))
    held = ssm.describe_parameters()["Parameters"][0]["Policies"][0]
    assert (held["PolicyType"], held["PolicyStatus"]) == ("Expiration", "Pending")
    assert json.loads(held["PolicyText"])["Type"] == "Expiration"
    soon = datetime.now(UTC) + timedelta(milliseconds=300)
    put(ssm, name="/app/soon", Tier="Advanced", Policies=expiration(soon))
    assert eventually(lambda: ssm.get_parameters(Names=["/app/soon", "/app/one"])["InvalidParameters"]) == ["/app/soon"]


@pytest.mark.parametrize(
    ("policies", "code"),
    [
        ([{"Type": "Forever", "Version": "1.0", "Attributes": {}}], "InvalidPolicyTypeException"),
        ([{"Type": "Expiration", "Version": "1.0", "Attributes": {}}], "InvalidPolicyAttributeException"),
        (
            [{"Type": "NoChangeNotification", "Version": "1.0", "Attributes": {"After": "2", "Unit": "Years"}}],
            "InvalidPolicyAttributeException",
        ),
    ],
    ids=["type", "timestamp", "unit"],
)
def test_a_policy_that_is_none(ssm: Any, policies: list[Any], code: str) -> None:
    refused(lambda **more: put(ssm, **more), code, Tier="Advanced", Policies=json.dumps(policies))
    assert ssm.describe_parameters()["Parameters"] == []


# Versions: https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html


def test_the_type_and_the_pattern_of_a_parameter_stay(ssm: Any) -> None:
    put(ssm, "1", AllowedPattern=r"^\d+$")
    again = {"Name": "/app/one", "Overwrite": True}
    refused(ssm.put_parameter, "HierarchyTypeMismatchException", **again, Value="2", Type="StringList")
    refused(ssm.put_parameter, "ParameterPatternMismatchException", **again, Value="two")
    assert ssm.put_parameter(**again, Value="2")["Version"] == 2


def test_parameters_that_cannot_be(ssm: Any) -> None:
    def call(**more: Any) -> Any:
        return put(ssm, **more)

    refused(call, "InvalidAllowedPatternException", AllowedPattern="([")
    refused(call, "ValidationException", KeyId="alias/aws/ssm")
    refused(call, "ValidationException", name="app/one")
    refused(call, "ValidationException", name="/app/one/")


def test_a_selector_is_told_and_must_exist(ssm: Any) -> None:
    """https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-versions.html"""
    put(ssm)
    ssm.label_parameter_version(Name="/app/one", Labels=["stable"])
    assert ssm.get_parameter(Name="/app/one:stable")["Parameter"]["Selector"] == ":stable"
    refused(ssm.get_parameter, "ParameterVersionNotFound", Name="/app/one:beta")
    refused(ssm.label_parameter_version, "ParameterNotFound", Name="/app/none", Labels=["stable"])
    assert len(ssm.get_parameters_by_path(Path="/", Recursive=True)["Parameters"]) == 1


def test_paths_and_pages_that_are_none(ssm: Any) -> None:
    """https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParametersByPath.html"""
    message = refused(ssm.get_parameters_by_path, "ValidationException", Path="app")
    assert 'must begin with a forward slash "/"' in message
    refused(ssm.get_parameters_by_path, "InvalidNextToken", Path="/app", NextToken="none")


def test_a_secret_is_read_decrypted_only(ssm: Any, aws: Any) -> None:
    """https://docs.aws.amazon.com/systems-manager/latest/userguide/integration-ps-secretsmanager.html"""
    aws("secretsmanager").create_secret(Name="db", SecretString="secret")
    name = "/aws/reference/secretsmanager/db"
    refused(ssm.get_parameter, "ValidationException", Name=name)
    assert ssm.get_parameter(Name=name, WithDecryption=True)["Parameter"]["Value"] == "secret"


def test_a_change_is_an_event(ssm: Any, aws: Any, eventually: Any) -> None:
    """https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-cwe.html"""
    sqs, events = aws("sqs"), aws("events")
    url = sqs.create_queue(QueueName="changes")["QueueUrl"]
    arn = f"arn:aws:sqs:us-east-1:{aws.id}:changes"
    sending = {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sqs:SendMessage"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [sending | {"Resource": arn}]})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    pattern = {"source": ["aws.ssm"], "detail": {"operation": ["Update"]}}
    events.put_rule(Name="changes", EventPattern=json.dumps(pattern))
    events.put_targets(Rule="changes", Targets=[{"Id": "queue", "Arn": arn}])
    put(ssm)
    put(ssm, "2", Overwrite=True)
    found = eventually(lambda: sqs.receive_message(QueueUrl=url, WaitTimeSeconds=1).get("Messages"))
    event = json.loads(found[0]["Body"])
    assert event["detail-type"] == "Parameter Store Change"
    assert event["detail"] == {"operation": "Update", "name": "/app/one", "type": "String"}
    assert event["resources"] == [f"arn:aws:ssm:us-east-1:{aws.id}:parameter/app/one"]
