"""URLs that services return open with plain HTTP clients, on machines where no subdomain of localhost resolves."""

import shutil
import subprocess
import urllib.parse
from typing import Any

import boto3
import pytest
import requests
from botocore.config import Config


def opened(url: str) -> bytes:
    """Return what requests and, where there is one, curl get from ``url``; both must get the same."""
    host = urllib.parse.urlsplit(url).hostname
    assert host in ("localhost", "127.0.0.1"), url
    answer = requests.get(url, timeout=10)
    answer.raise_for_status()
    if curl := shutil.which("curl"):
        command = [curl, "--silent", "--fail", "--noproxy", "*", url]
        assert subprocess.run(command, capture_output=True, check=True).stdout == answer.content
    return answer.content


def s3_clients(aws: Any, endpoint: str) -> dict[str, Any]:
    """Return clients by name and by address, with path addressing and with boto3's default."""
    port = urllib.parse.urlsplit(endpoint).port
    return {
        f"{style} {host}": aws.session.client(
            "s3", endpoint_url=f"http://{host}:{port}", config=Config(s3={"addressing_style": style})
        )
        for host in ("127.0.0.1", "localhost")
        for style in ("path", "auto")
    }


def test_a_queue_url_is_where_the_queue_is(aws: Any) -> None:
    sqs = aws("sqs")
    url = sqs.create_queue(QueueName="orders")["QueueUrl"]
    parts = urllib.parse.urlsplit(url)
    assert parts.hostname in ("localhost", "127.0.0.1")
    assert parts.port == urllib.parse.urlsplit(aws.endpoint).port
    assert aws.id in parts.path
    sqs.send_message(QueueUrl=url, MessageBody="hello")
    # The query protocol, as a client without an SDK would speak it.
    answer = requests.get(url, params={"Action": "ReceiveMessage", "WaitTimeSeconds": "2"}, timeout=10)
    assert answer.ok, answer.text
    assert "hello" in answer.text


def test_presigned_urls_open(aws: Any) -> None:
    bucket = f"bucket-{aws.id}"
    aws("s3").create_bucket(Bucket=bucket)
    for name, client in s3_clients(aws, aws.endpoint).items():
        client.put_object(Bucket=bucket, Key="a b/ü.txt", Body=name.encode())
        url = client.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "a b/ü.txt"})
        assert opened(url) == name.encode()


def test_a_presigned_url_with_a_changed_signature_is_refused(aws: Any) -> None:
    bucket = f"bucket-{aws.id}"
    client = aws("s3")
    client.create_bucket(Bucket=bucket)
    client.put_object(Bucket=bucket, Key="a", Body=b"1")
    url = client.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "a"})
    signature = urllib.parse.parse_qs(urllib.parse.urlsplit(url).query)
    name = "Signature" if "Signature" in signature else "X-Amz-Signature"
    value = urllib.parse.quote(signature[name][0], safe="")
    forged = url.replace(f"{name}={value}", f"{name}=0000")
    assert forged != url
    assert requests.get(forged, timeout=10).status_code == 403


@pytest.mark.parametrize("method", ["post", "put"])
def test_presigned_uploads_arrive(aws: Any, method: str) -> None:
    bucket = f"bucket-{aws.id}"
    client = aws("s3")
    client.create_bucket(Bucket=bucket)
    if method == "put":
        url = client.generate_presigned_url("put_object", Params={"Bucket": bucket, "Key": "up"})
        assert requests.put(url, data=b"up", timeout=10).ok
    else:
        form = client.generate_presigned_post(bucket, "up")
        assert requests.post(form["url"], data=form["fields"], files={"file": b"up"}, timeout=10).ok
    assert client.get_object(Bucket=bucket, Key="up")["Body"].read() == b"up"


def test_the_endpoint_is_the_same_by_name_and_by_address(aws: Any) -> None:
    """A bucket made through 127.0.0.1 is there through localhost, with boto3's default addressing."""
    bucket = f"bucket-{aws.id}"
    aws("s3").create_bucket(Bucket=bucket)
    port = urllib.parse.urlsplit(aws.endpoint).port
    session: boto3.Session = aws.session
    by_name = session.client("s3", endpoint_url=f"http://localhost:{port}")
    by_name.put_object(Bucket=bucket, Key="a", Body=b"1")
    assert [item["Key"] for item in aws("s3").list_objects_v2(Bucket=bucket)["Contents"]] == ["a"]
