"""Versions and aliases, and traffic that an alias splits between two versions."""

import pytest
from botocore.exceptions import ClientError

VERSION = "def handler(event, context): return [{}, context.function_version, context.invoked_function_arn]"


@pytest.fixture
def two_versions(functions):
    """The name of a function with versions 1 and 2, which return their numbers."""
    from_first = VERSION.format(1)
    name = functions.deploy(from_first)
    client = functions.client
    assert client.publish_version(FunctionName=name)["Version"] == "1"
    client.update_function_code(FunctionName=name, ZipFile=functions.archive({"app.py": VERSION.format(2)}))
    functions.settle(name)
    assert client.publish_version(FunctionName=name)["Version"] == "2"
    client.get_waiter("published_version_active").wait(
        FunctionName=name, Qualifier="2", WaiterConfig={"Delay": 0.05, "MaxAttempts": 400}
    )
    return name


def test_a_version_keeps_its_code(functions, two_versions):
    for version in ("1", "2"):
        answer = functions.invoke(two_versions, Qualifier=version)
        assert answer.payload[:2] == [int(version), version]
        assert answer.payload[2].endswith(f":{two_versions}:{version}")
        assert answer.version == version
        assert f"Version: {version}" in answer.log


def test_an_alias_is_moved(functions, two_versions):
    client = functions.client
    client.create_alias(FunctionName=two_versions, Name="live", FunctionVersion="1")
    assert functions.invoke(two_versions, Qualifier="live").version == "1"
    client.update_alias(FunctionName=two_versions, Name="live", FunctionVersion="2")
    answer = functions.invoke(two_versions, Qualifier="live")
    assert (answer.version, answer.payload[0]) == ("2", 2)
    assert answer.payload[2].endswith(f":{two_versions}:live")


def test_an_update_with_weights_splits_the_traffic(functions, two_versions):
    client = functions.client
    client.create_alias(FunctionName=two_versions, Name="live", FunctionVersion="1", Description="kept")
    updated = client.update_alias(
        FunctionName=two_versions, Name="live", RoutingConfig={"AdditionalVersionWeights": {"2": 0.5}}
    )
    assert updated["RoutingConfig"] == {"AdditionalVersionWeights": {"2": 0.5}}
    stored = client.get_alias(FunctionName=two_versions, Name="live")
    assert stored["RoutingConfig"] == {"AdditionalVersionWeights": {"2": 0.5}}
    assert (stored["FunctionVersion"], stored["Description"]) == ("1", "kept")
    answers = [functions.invoke(two_versions, Qualifier="live") for _ in range(60)]
    assert all(answer.version == str(answer.payload[0]) for answer in answers)
    # Fewer than 10 of 60 at even odds happen once in ten million runs.
    assert 10 <= sum(answer.version == "2" for answer in answers) <= 50

    client.update_alias(
        FunctionName=two_versions,
        Name="live",
        FunctionVersion="2",
        RoutingConfig={"AdditionalVersionWeights": {}},
    )
    assert "RoutingConfig" not in client.get_alias(FunctionName=two_versions, Name="live")
    assert {functions.invoke(two_versions, Qualifier="live").version for _ in range(10)} == {"2"}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"RoutingConfig": {"AdditionalVersionWeights": {"2": 1.5}}}, "ValidationException"),
        ({"RoutingConfig": {"AdditionalVersionWeights": {"1": 0.5}}}, "InvalidParameterValueException"),
        ({"RoutingConfig": {"AdditionalVersionWeights": {"9": 0.5}}}, "ResourceNotFoundException"),
        ({"FunctionVersion": "9"}, "ResourceNotFoundException"),
        ({"Name": "absent", "FunctionVersion": "2"}, "ResourceNotFoundException"),
        ({"FunctionVersion": "2", "RevisionId": "stale"}, "PreconditionFailedException"),
    ],
)
def test_bad_input(functions, two_versions, change, code):
    client = functions.client
    client.create_alias(FunctionName=two_versions, Name="live", FunctionVersion="1")
    before = client.get_alias(FunctionName=two_versions, Name="live")
    with pytest.raises(ClientError) as error:
        client.update_alias(**{"FunctionName": two_versions, "Name": "live", **change})
    assert error.value.response["Error"]["Code"] == code
    after = client.get_alias(FunctionName=two_versions, Name="live")
    assert after["RevisionId"] == before["RevisionId"], "nothing was changed"


def test_a_version_stays_while_an_alias_needs_it(functions, two_versions):
    """Neither the version of an alias nor the one with a weight can be deleted; later both can.

    https://docs.aws.amazon.com/lambda/latest/api/API_DeleteFunction.html
    """
    client = functions.client
    weights = {"AdditionalVersionWeights": {"2": 0.1}}
    client.create_alias(FunctionName=two_versions, Name="live", FunctionVersion="1", RoutingConfig=weights)
    for version in ("1", "2"):
        with pytest.raises(ClientError) as error:
            client.delete_function(FunctionName=two_versions, Qualifier=version)
        assert error.value.response["Error"]["Code"] == "ResourceConflictException"
    client.update_alias(FunctionName=two_versions, Name="live", RoutingConfig={"AdditionalVersionWeights": {}})
    client.delete_function(FunctionName=two_versions, Qualifier="2")
    listed = client.list_versions_by_function(FunctionName=two_versions)["Versions"]
    assert [version["Version"] for version in listed] == ["$LATEST", "1"]


def test_provisioned_concurrency_is_ready_before_the_first_invocation(functions, two_versions, eventually):
    client = functions.client
    client.put_provisioned_concurrency_config(
        FunctionName=two_versions, Qualifier="2", ProvisionedConcurrentExecutions=2
    )

    def status():
        return client.get_provisioned_concurrency_config(FunctionName=two_versions, Qualifier="2")["Status"]

    eventually(lambda: status() == "READY")
    assert functions.invoke(two_versions, Qualifier="2").payload[0] == 2
