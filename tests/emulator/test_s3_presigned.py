"""Presigned URLs and POST forms: who signs, for how long, and what the policy of a form demands."""

import json
import secrets
from typing import Any
from xml.etree import ElementTree

import pytest
import requests


@pytest.fixture
def s3(aws: Any) -> Any:
    return aws("s3", signature_version="s3v4")


@pytest.fixture
def bucket(s3: Any) -> str:
    name = f"presigned-{secrets.token_hex(6)}"
    s3.create_bucket(Bucket=name)
    return name


# https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-presigned-url.html


def test_a_link_lives_at_most_seven_days(s3: Any, bucket: str) -> None:
    """https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html"""
    s3.put_object(Bucket=bucket, Key="doc", Body=b"data")
    request = {"Bucket": bucket, "Key": "doc"}
    week = s3.generate_presigned_url("get_object", request, ExpiresIn=604800)
    assert requests.get(week, timeout=10).text == "data"
    longer = requests.get(s3.generate_presigned_url("get_object", request, ExpiresIn=604801), timeout=10)
    assert longer.status_code == 400
    assert "<Code>AuthorizationQueryParametersError</Code>" in longer.text
    assert "X-Amz-Expires must be less than a week (in seconds)" in longer.text


def test_a_link_is_for_one_method_and_one_key(s3: Any, bucket: str) -> None:
    link = s3.generate_presigned_url("get_object", {"Bucket": bucket, "Key": "doc"})
    for answer in (
        requests.put(link, data=b"mine", timeout=10),
        requests.get(link.replace("/doc?", "/other?"), timeout=10),
    ):
        assert answer.status_code == 403
        assert "<Code>SignatureDoesNotMatch</Code>" in answer.text


def test_a_signed_content_type_must_be_sent(s3: Any, bucket: str) -> None:
    """https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html"""
    request = {"Bucket": bucket, "Key": "doc", "ContentType": "image/png"}
    link = s3.generate_presigned_url("put_object", request)
    wrong = requests.put(link, data=b"text", headers={"Content-Type": "text/plain"}, timeout=10)
    assert (wrong.status_code, "SignatureDoesNotMatch" in wrong.text) == (403, True)
    assert requests.put(link, data=b"png", headers={"Content-Type": "image/png"}, timeout=10).ok
    assert s3.head_object(Bucket=bucket, Key="doc")["ContentType"] == "image/png"


# https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTConstructPolicy.html


def post(form: dict[str, Any], data: bytes = b"data", **changes: str) -> requests.Response:
    fields = {**form["fields"], **changes}
    return requests.post(form["url"], data=fields, files={"file": ("photo.png", data)}, timeout=10)


def test_a_form_uploads_below_its_prefix(s3: Any, bucket: str) -> None:
    form = s3.generate_presigned_post(bucket, "inbox/${filename}")
    assert post(form).status_code == 204
    assert s3.get_object(Bucket=bucket, Key="inbox/photo.png")["Body"].read() == b"data"
    refusal = post(form, key="elsewhere")
    assert (refusal.status_code, "<Code>AccessDenied</Code>" in refusal.text) == (403, True)
    assert "Invalid according to Policy: Policy Condition failed" in refusal.text


@pytest.mark.parametrize(
    ("size", "status", "code"),
    [(9, 400, "EntityTooSmall"), (10, 204, ""), (20, 204, ""), (21, 400, "EntityTooLarge")],
)
def test_a_forms_length_range(s3: Any, bucket: str, size: int, status: int, code: str) -> None:
    form = s3.generate_presigned_post(bucket, "doc", Conditions=[["content-length-range", 10, 20]])
    answer = post(form, b"x" * size)
    assert answer.status_code == status
    assert code in answer.text


def test_a_field_must_start_with(s3: Any, bucket: str) -> None:
    condition = ["starts-with", "$Content-Type", "image/"]
    form = s3.generate_presigned_post(bucket, "doc", Conditions=[condition])
    assert post(form, **{"Content-Type": "image/png"}).status_code == 204
    refusal = post(form, **{"Content-Type": "text/html"})
    assert (refusal.status_code, "<Code>AccessDenied</Code>" in refusal.text) == (403, True)


def test_a_field_that_the_policy_does_not_name(s3: Any, bucket: str) -> None:
    refusal = post(s3.generate_presigned_post(bucket, "doc"), **{"x-amz-meta-extra": "1"})
    assert (refusal.status_code, "<Code>AccessDenied</Code>" in refusal.text) == (403, True)
    assert "Extra input fields: x-amz-meta-extra" in refusal.text


def test_a_forms_policy_expires(s3: Any, bucket: str) -> None:
    refusal = post(s3.generate_presigned_post(bucket, "doc", ExpiresIn=-10))
    assert (refusal.status_code, "<Code>AccessDenied</Code>" in refusal.text) == (403, True)
    assert "Policy expired" in refusal.text


def test_a_forms_policy_is_signed(s3: Any, bucket: str) -> None:
    """https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-authentication-HTTPPOST.html"""
    narrow = s3.generate_presigned_post(bucket, "doc", Conditions=[["content-length-range", 0, 1]])
    wide = s3.generate_presigned_post(bucket, "doc")
    refusal = post(narrow, policy=wide["fields"]["policy"])
    if narrow["fields"]["policy"] == wide["fields"]["policy"]:
        pytest.fail("the two policies are the same: " + json.dumps(narrow))
    assert (refusal.status_code, "<Code>SignatureDoesNotMatch</Code>" in refusal.text) == (403, True)


def test_only_who_signs_chooses_the_headers_of_an_answer(s3: Any, bucket: str, emulator: str) -> None:
    """https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html"""
    s3.put_object(Bucket=bucket, Key="doc", Body=b"data")
    shown = {"Bucket": bucket, "Key": "doc", "ResponseContentType": "text/csv"}
    link = s3.generate_presigned_url("get_object", shown)
    assert requests.get(link, timeout=10).headers["Content-Type"] == "text/csv"
    s3.delete_public_access_block(Bucket=bucket)
    reading = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{bucket}/*"}
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": [reading]}))
    assert requests.get(f"{emulator}/{bucket}/doc", timeout=10).text == "data"
    anonymous = requests.get(f"{emulator}/{bucket}/doc?response-content-type=text/csv", timeout=10)
    assert anonymous.status_code == 400
    assert "<Code>InvalidRequest</Code>" in anonymous.text


def test_an_error_names_the_request_and_the_host(s3: Any, bucket: str) -> None:
    """https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html"""
    answer = requests.get(s3.generate_presigned_url("get_object", {"Bucket": bucket, "Key": "none"}), timeout=10)
    error = {each.tag: each.text for each in ElementTree.fromstring(answer.content)}
    assert set(error) == {"Code", "Message", "Key", "RequestId", "HostId"}
    assert (error["Code"], error["Key"]) == ("NoSuchKey", "none")
    assert error["RequestId"] == answer.headers["x-amz-request-id"]
