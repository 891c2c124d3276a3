"""``FaultyServer``: it misbehaves as the script says, and passes everything else on unchanged."""

import time

import boto3
import pytest
import requests
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError, ReadTimeoutError

from dva import FaultyServer, Lab
from dva.errors import CourseError


@pytest.fixture
def lab(lab_environment):
    lab = Lab("faults", run="test")
    yield lab
    lab._sweep_all()


@pytest.fixture
def server(lab):
    with FaultyServer(lab.endpoint) as server:
        yield server


def client(server, service="s3", attempts=1, **config):
    retries = {"mode": "standard", "total_max_attempts": attempts}
    return boto3.client(service, endpoint_url=server.url, config=Config(retries=retries, **config))


def test_what_is_not_disturbed_passes_unchanged(lab, server):
    """Signed requests, bodies, headers and errors are those of the lab's server."""
    s3, bucket = client(server), lab.name("kept")
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="a b/ü", Body=b"x" * 100_000, Metadata={"who": "me"})
    answer = s3.get_object(Bucket=bucket, Key="a b/ü")
    assert (answer["Body"].read(), answer["Metadata"]) == (b"x" * 100_000, {"who": "me"})
    assert s3.head_object(Bucket=bucket, Key="a b/ü")["ContentLength"] == 100_000
    with pytest.raises(ClientError, match="NoSuchKey"):
        s3.get_object(Bucket=bucket, Key="none")
    assert {seen.step for seen in server.requests} == {"pass"}
    assert lab.client("s3").head_object(Bucket=bucket, Key="a b/ü")["ContentLength"] == 100_000


def test_errors_come_as_the_sdk_expects_them(lab, server):
    server.play("503 SlowDown", "400 ThrottlingException")
    with pytest.raises(ClientError) as slow:
        client(server).list_buckets()
    assert slow.value.response["Error"]["Code"] == "SlowDown"
    assert slow.value.response["ResponseMetadata"]["HTTPStatusCode"] == 503
    with pytest.raises(ClientError) as throttled:
        client(server, "dynamodb").list_tables()
    assert throttled.value.response["Error"]["Code"] == "ThrottlingException"


def test_retries_are_seen_and_the_script_ends(lab, server):
    server.play("503 SlowDown", "pass")
    answer = client(server, attempts=2).list_buckets()
    assert answer["ResponseMetadata"]["RetryAttempts"] == 1
    assert [seen.step for seen in server.requests] == ["503 SlowDown", "pass"]


def test_a_hanging_request_reads_as_a_timeout_and_a_cut_one_as_a_closed_connection(lab, server):
    server.play("hang", "cut")
    began = time.monotonic()
    with pytest.raises(ReadTimeoutError):
        client(server, read_timeout=0.3).list_buckets()
    assert time.monotonic() - began < 5
    with pytest.raises(ConnectionClosedError):
        client(server).list_buckets()


def test_a_third_party_answers_for_itself(lab):
    with FaultyServer(answer={"rate": 1.1}) as partner:
        partner.play("500 Broken", then="503 Down")
        assert requests.get(partner.url, timeout=5).json() == {"error": "Broken"}
        assert [requests.get(partner.url, timeout=5).status_code for _ in range(2)] == [503, 503]
        partner.play("slow 0.2")
        assert requests.get(partner.url, timeout=5).json() == {"rate": 1.1}
        assert requests.get(partner.url, timeout=5).json() == {"rate": 1.1}
        assert [seen.step for seen in partner.requests] == ["slow 0.2", "pass"]


@pytest.mark.parametrize("step", ["", "503", "200 OK", "slow", "slow down", "hang 3", "sleep"])
def test_what_is_no_step_is_told(lab, server, step):
    with pytest.raises(CourseError, match="is no step"):
        server.play(step)


def test_nothing_is_passed_on_to_another_place(lab):
    with pytest.raises(CourseError, match=r"not the lab's server"):
        FaultyServer("https://s3.amazonaws.com")
