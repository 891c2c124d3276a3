"""No address but loopback, or one that was named on purpose, is ever used."""

import json

import pytest

from dva.endpoint import DEFAULT_URL, account_id, clean_environment, require_allowed, resolve
from dva.errors import CourseError


@pytest.fixture(autouse=True)
def no_server(monkeypatch, tmp_path):
    monkeypatch.setenv("DVA_STATE", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:4566",
        "http://localhost:4566",
        "http://[::1]:4566",
        "https://a.localhost:1",
        "http://127.9.9.9",
    ],
)
def test_loopback_is_allowed(url):
    require_allowed(url, {})


@pytest.mark.parametrize(
    "url",
    [
        "http://10.0.0.7:4566",
        "http://0.0.0.0:4566",
        "http://localhost.localstack.cloud:4566",
        "http://localhost.example.com",
        "http://127.0.0.1.example.com",
        "http://user@example.com:4566",
    ],
)
def test_other_hosts_are_refused_until_they_are_allowed(url):
    with pytest.raises(CourseError, match="DVA_ALLOW_HOSTS="):
        require_allowed(url, {"DVA_ALLOW_HOSTS": "elsewhere"})


def test_a_named_host_is_allowed():
    require_allowed("http://10.0.0.7:4566", {"DVA_ALLOW_HOSTS": "teacher.local, 10.0.0.7"})


@pytest.mark.parametrize(
    "url",
    [
        "https://s3.amazonaws.com",
        "https://sqs.eu-west-1.amazonaws.com",
        "https://dynamodb.us-east-1.api.aws",
        "https://s3.cn-north-1.amazonaws.com.cn",
    ],
)
def test_aws_is_refused_even_when_it_is_allowed(url):
    host = url.removeprefix("https://")
    with pytest.raises(CourseError, match="real AWS"):
        require_allowed(url, {"DVA_ALLOW_HOSTS": host})


@pytest.mark.parametrize("url", ["", "localhost:4566", "ftp://localhost", "http://", "http://localhost:port"])
def test_nonsense_is_refused_in_one_sentence(url):
    with pytest.raises(CourseError, match="not a server's address"):
        require_allowed(url, {})


def test_the_order_of_sources(no_server):
    assert resolve({}).url == DEFAULT_URL
    (no_server / "emulator").mkdir()
    (no_server / "emulator" / "server.json").write_text(json.dumps({"url": "http://127.0.0.1:4999"}))
    assert resolve({}).url == "http://127.0.0.1:4999"
    assert resolve({"DVA_ENDPOINT": "http://127.0.0.1:5000/"}).url == "http://127.0.0.1:5000"


@pytest.mark.parametrize("content", ["", "{", "[]", '{"pid": 1}'])
def test_a_broken_server_file_means_the_default(no_server, content):
    (no_server / "emulator").mkdir()
    (no_server / "emulator" / "server.json").write_text(content)
    assert resolve({}).url == DEFAULT_URL


def test_aws_endpoint_url_is_ignored_with_a_warning(capsys):
    assert resolve({"AWS_ENDPOINT_URL": "http://10.1.1.1:1"}).url == DEFAULT_URL
    assert "AWS_ENDPOINT_URL=http://10.1.1.1:1 is ignored" in capsys.readouterr().err


def test_a_clean_environment_has_nothing_of_the_users_aws():
    mine = {
        "PATH": "/bin",
        "AWS_PROFILE": "production",
        "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
        "AWS_SESSION_TOKEN": "secret",
        "AWS_ENDPOINT_URL_S3": "https://elsewhere",
        "aws_role_arn": "arn",
        "LOCALSTACK_HOST": "elsewhere",
    }
    clean = clean_environment("http://127.0.0.1:4566", mine)
    assert clean["PATH"] == "/bin"
    assert not {"AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL_S3", "aws_role_arn", "LOCALSTACK_HOST"} & set(
        clean
    )
    assert clean["AWS_ENDPOINT_URL"] == "http://127.0.0.1:4566"
    assert clean["AWS_ACCESS_KEY_ID"].isdigit()
    assert len(clean["AWS_ACCESS_KEY_ID"]) == 12


def test_account_ids_are_stable_and_distinct():
    ids = {account_id("me", "lab", str(run)) for run in range(2000)}
    assert len(ids) == 2000
    assert all(len(name) == 12 and name.isdigit() for name in ids)
    assert account_id("me", "lab", "1") == account_id("me", "lab", "1")
