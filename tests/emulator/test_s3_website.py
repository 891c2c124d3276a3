"""Static websites, opened as a browser does: https://docs.aws.amazon.com/AmazonS3/latest/userguide/WebsiteHosting.html"""

import json
import secrets
from collections.abc import Callable
from typing import Any

import pytest
import requests
from botocore.exceptions import ClientError


@pytest.fixture
def s3(aws: Any) -> Any:
    return aws("s3")


@pytest.fixture
def bucket(s3: Any) -> str:
    """A bucket that everyone may read, with a few pages."""
    name = f"site-{secrets.token_hex(6)}"
    s3.create_bucket(Bucket=name)
    s3.delete_public_access_block(Bucket=name)
    statement = {
        "Effect": "Allow",
        "Principal": "*",
        "Action": "s3:GetObject",
        "Resource": f"arn:aws:s3:::{name}/*",
    }
    s3.put_bucket_policy(Bucket=name, Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
    for key in ("index.html", "docs/index.html", "oops.html", "new/page.html"):
        s3.put_object(Bucket=name, Key=key, Body=key.encode(), ContentType="text/html")
    return name


@pytest.fixture
def visit(s3: Any, bucket: str, emulator: str) -> Callable[..., requests.Response]:
    """A function that configures the website and asks for a path, without following redirects."""

    def get(path: str, method: str = "GET", **website: Any) -> requests.Response:
        configuration = website or {"IndexDocument": {"Suffix": "index.html"}, "ErrorDocument": {"Key": "oops.html"}}
        s3.put_bucket_website(Bucket=bucket, WebsiteConfiguration=configuration)
        return requests.request(method, f"{emulator}/_website/{bucket}/{path}", allow_redirects=False, timeout=10)

    return get


def test_the_index_document(visit: Any) -> None:
    """https://docs.aws.amazon.com/AmazonS3/latest/userguide/IndexDocumentSupport.html"""
    for path, expected in (("", "index.html"), ("docs/", "docs/index.html")):
        answer = visit(path)
        assert (answer.status_code, answer.text) == (200, expected)
        assert answer.headers["Content-Type"].startswith("text/html")


def test_a_folder_without_its_slash_redirects(visit: Any, bucket: str) -> None:
    answer = visit("docs")
    assert (answer.status_code, answer.headers["Location"]) == (302, f"/_website/{bucket}/docs/")


def test_the_error_document(visit: Any) -> None:
    """https://docs.aws.amazon.com/AmazonS3/latest/userguide/CustomErrorDocSupport.html"""
    answer = visit("missing.html")
    assert (answer.status_code, answer.text) == (404, "oops.html")


def test_without_an_error_document(visit: Any) -> None:
    answer = visit("missing.html", IndexDocument={"Suffix": "index.html"})
    assert answer.status_code == 404
    assert "Code: NoSuchKey" in answer.text


def test_a_page_that_is_not_public_is_forbidden_and_a_missing_one_is_not(s3: Any, bucket: str, visit: Any) -> None:
    """https://docs.aws.amazon.com/AmazonS3/latest/userguide/WebsiteAccessPermissionsReqd.html"""
    s3.delete_bucket_policy(Bucket=bucket)
    answer = visit("new/page.html")
    assert answer.status_code == 403
    assert "Code: AccessDenied" in answer.text
    assert visit("missing.html").status_code == 404


def test_everything_redirected_to_another_host(visit: Any) -> None:
    answer = visit("a/b.html", RedirectAllRequestsTo={"HostName": "example.com", "Protocol": "https"})
    assert (answer.status_code, answer.headers["Location"]) == (301, "https://example.com/a/b.html")


def rules(*rules: dict[str, Any]) -> dict[str, Any]:
    return {"IndexDocument": {"Suffix": "index.html"}, "RoutingRules": list(rules)}


def test_a_rule_replaces_a_prefix(visit: Any, bucket: str) -> None:
    """https://docs.aws.amazon.com/AmazonS3/latest/userguide/how-to-page-redirect.html"""
    rule = {"Condition": {"KeyPrefixEquals": "s/"}, "Redirect": {"ReplaceKeyPrefixWith": "new/"}}
    answer = visit("s/page.html", **rules(rule))
    assert (answer.status_code, answer.headers["Location"]) == (301, f"/_website/{bucket}/new/page.html")


def test_a_rule_for_an_error(visit: Any, bucket: str) -> None:
    rule = {
        "Condition": {"HttpErrorCodeReturnedEquals": "404"},
        "Redirect": {"ReplaceKeyWith": "oops.html", "HttpRedirectCode": "302"},
    }
    answer = visit("missing", **rules(rule))
    assert (answer.status_code, answer.headers["Location"]) == (302, f"/_website/{bucket}/oops.html")
    assert visit("", **rules(rule)).text == "index.html"


def test_an_object_that_is_a_redirect(s3: Any, bucket: str, visit: Any) -> None:
    s3.put_object(Bucket=bucket, Key="old.html", WebsiteRedirectLocation="/new/page.html")
    answer = visit("old.html")
    assert (answer.status_code, answer.headers["Location"]) == (301, f"/_website/{bucket}/new/page.html")


def test_only_get_and_head(visit: Any) -> None:
    """https://docs.aws.amazon.com/AmazonS3/latest/userguide/WebsiteEndpoints.html"""
    head = visit("", method="HEAD")
    assert (head.status_code, head.text) == (200, "")
    refusal = visit("", method="POST")
    assert refusal.status_code == 405
    assert "Code: MethodNotAllowed" in refusal.text


def test_a_bucket_that_is_no_website(bucket: str, emulator: str) -> None:
    answer = requests.get(f"{emulator}/_website/{bucket}/", timeout=10)
    assert answer.status_code == 404
    assert "Code: NoSuchWebsiteConfiguration" in answer.text


@pytest.mark.parametrize(
    ("website", "code"),
    [
        ({"ErrorDocument": {"Key": "oops.html"}}, "InvalidArgument"),
        ({"IndexDocument": {"Suffix": "a/b.html"}}, "InvalidArgument"),
        (
            {"IndexDocument": {"Suffix": "i"}, "RedirectAllRequestsTo": {"HostName": "example.com"}},
            "InvalidArgument",
        ),
        (rules({"Redirect": {"ReplaceKeyWith": "a", "ReplaceKeyPrefixWith": "b"}}), "InvalidRequest"),
        (rules(*[{"Redirect": {"HostName": "example.com"}}] * 51), "InvalidRequest"),
    ],
)
def test_a_website_that_cannot_be(s3: Any, bucket: str, website: dict[str, Any], code: str) -> None:
    """https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketWebsite.html"""
    with pytest.raises(ClientError) as refusal:
        s3.put_bucket_website(Bucket=bucket, WebsiteConfiguration=website)
    assert refusal.value.response["Error"]["Code"] == code
