"""Distributions that answer by path: S3 origins, origin access control, caching, signed URLs."""

import base64
import hashlib
import json
import textwrap
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import requests
from botocore.signers import CloudFrontSigner
from emulator.people import allow, policy

OPTIMIZED = "658327ea-f89d-4fab-a63d-7e88639e58f6"
"""https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/using-managed-cache-policies.html"""


class Site:
    """A bucket that only one distribution may read."""

    def __init__(self, account: Any, **settings: Any) -> None:
        self.account, self.s3, self.api = account, account("s3"), account("cloudfront")
        self.bucket = f"site-{uuid.uuid4().hex[:12]}"
        self.s3.create_bucket(Bucket=self.bucket)
        self.put("index.html", "home", CacheControl="max-age=60")
        control = {
            "Name": self.bucket,
            "SigningProtocol": "sigv4",
            "SigningBehavior": "always",
            "OriginAccessControlOriginType": "s3",
        }
        made = self.api.create_origin_access_control(OriginAccessControlConfig=control)["OriginAccessControl"]
        origin = {
            "Id": "files",
            "DomainName": f"{self.bucket}.s3.us-east-1.amazonaws.com",
            "OriginAccessControlId": made["Id"],
            "S3OriginConfig": {"OriginAccessIdentity": ""},
        }
        behavior = {"TargetOriginId": "files", "ViewerProtocolPolicy": "allow-all", "CachePolicyId": OPTIMIZED}
        self.config = {
            "CallerReference": self.bucket,
            "Comment": "",
            "Enabled": True,
            "DefaultRootObject": "index.html",
            "Origins": {"Quantity": 1, "Items": [origin]},
            "DefaultCacheBehavior": behavior | settings,
        }
        found = self.api.create_distribution(DistributionConfig=self.config)["Distribution"]
        self.id, self.arn, self.domain = found["Id"], found["ARN"], found["DomainName"]

    def put(self, key: str, text: str, **settings: Any) -> None:
        """Write an object."""
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=text.encode(), **settings)

    def open_bucket(self) -> None:
        """Let the distribution, and nobody else, read the bucket."""
        condition = {"StringEquals": {"AWS:SourceArn": self.arn}}
        principal = {"Service": "cloudfront.amazonaws.com"}
        statement = allow("s3:GetObject", f"arn:aws:s3:::{self.bucket}/*", Principal=principal, Condition=condition)
        self.s3.put_bucket_policy(Bucket=self.bucket, Policy=policy(statement))

    @property
    def url(self) -> str:
        """Where the distribution is."""
        return f"{self.account.endpoint}/_aws/cloudfront/{self.id}"

    def get(self, path: str = "/", **request: Any) -> requests.Response:
        """Ask the distribution."""
        return requests.get(f"{self.url}{path}", timeout=10, **request)


@pytest.fixture
def site(aws: Any) -> Site:
    """A site whose bucket is open to its distribution."""
    made = Site(aws)
    made.open_bucket()
    return made


def test_only_the_distribution_reads_the_bucket(aws: Any) -> None:
    """https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-restricting-access-to-s3.html"""
    site = Site(aws)
    assert site.get().status_code == 403
    site.open_bucket()
    answer = site.get()
    assert (answer.status_code, answer.text) == (200, "home")
    assert requests.get(f"{aws.endpoint}/{site.bucket}/index.html", timeout=10).status_code == 403


def test_an_answer_is_kept_until_it_is_invalidated(site: Site) -> None:
    """https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/Invalidation.html"""
    assert site.get("/index.html").headers["X-Cache"] == "Miss from cloudfront"
    site.put("index.html", "new")
    again = site.get("/index.html?ignored=1")
    assert (again.headers["X-Cache"], again.text) == ("Hit from cloudfront", "home")
    batch = {"Paths": {"Quantity": 1, "Items": ["/index*"]}, "CallerReference": "1"}
    site.api.create_invalidation(DistributionId=site.id, InvalidationBatch=batch)
    assert site.get("/index.html").text == "new"


def test_the_time_to_live_is_the_origins_within_the_policys_bounds(aws: Any) -> None:
    """https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/Expiration.html"""
    config = {"Name": f"none-{uuid.uuid4().hex[:8]}", "MinTTL": 0, "DefaultTTL": 0, "MaxTTL": 60}
    made = aws("cloudfront").create_cache_policy(CachePolicyConfig=config)["CachePolicy"]
    site = Site(aws, CachePolicyId=made["Id"])
    site.open_bucket()
    site.put("plain.txt", "one")
    site.put("private.txt", "one", CacheControl="no-store")
    for path in ("/plain.txt", "/private.txt"):
        assert [site.get(path).headers["X-Cache"] for _ in range(2)] == ["Miss from cloudfront"] * 2
    site.get("/index.html")
    assert site.get("/index.html").headers["X-Cache"] == "Hit from cloudfront"


def test_a_behavior_may_be_for_some_paths_and_methods(site: Site) -> None:
    """https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/DownloadDistValuesCacheBehavior.html"""
    assert requests.post(site.url + "/index.html", timeout=10).status_code == 403
    site.put("404.html", "nothing here")
    current = site.api.get_distribution_config(Id=site.id)
    error = {"ErrorCode": 403, "ResponsePagePath": "/404.html", "ResponseCode": "404", "ErrorCachingMinTTL": 0}
    changed = current["DistributionConfig"] | {"CustomErrorResponses": {"Quantity": 1, "Items": [error]}}
    site.api.update_distribution(Id=site.id, IfMatch=current["ETag"], DistributionConfig=changed)
    site.s3.put_bucket_policy(Bucket=site.bucket, Policy=only(site, "404.html"))
    missing = site.get("/index.html")
    assert (missing.status_code, missing.text) == (404, "nothing here")


def only(site: Site, key: str) -> str:
    """Return a bucket policy that lets CloudFront read one object."""
    principal = {"Service": "cloudfront.amazonaws.com"}
    return policy(allow("s3:GetObject", f"arn:aws:s3:::{site.bucket}/{key}", Principal=principal))


def integers(der: bytes) -> Iterator[int]:
    """Yield the integers of a private key in DER: two versions, the modulus, both exponents and more."""
    while der:
        tag, length, head = der[0], der[1], 2
        if length & 0x80:
            head += length & 0x7F
            length = int.from_bytes(der[2:head])
        body, der = der[head : head + length], der[head + length :]
        if tag == 0x02:
            yield int.from_bytes(body)
        elif tag in (0x04, 0x30):
            yield from integers(body)


@pytest.fixture
def signed(aws: Any) -> tuple[Site, Callable[..., str]]:
    """A site for signed requests, and what signs a URL of it, until a time or with a policy; KMS makes the key."""
    key = aws("kms").create_key()["KeyMetadata"]["KeyId"]
    pair = aws("kms").generate_data_key_pair(KeyId=key, KeyPairSpec="RSA_2048")
    modulus, _, exponent = list(integers(pair["PrivateKeyPlaintext"]))[2:5]
    lines = "\n".join(textwrap.wrap(base64.b64encode(pair["PublicKey"]).decode(), 64))
    pem = f"-----BEGIN PUBLIC KEY-----\n{lines}\n-----END PUBLIC KEY-----\n"
    config = {"CallerReference": "1", "Name": "shop", "EncodedKey": pem}
    identifier = aws("cloudfront").create_public_key(PublicKeyConfig=config)["PublicKey"]["Id"]
    group = aws("cloudfront").create_key_group(KeyGroupConfig={"Name": "shop", "Items": [identifier]})["KeyGroup"]
    site = Site(aws, TrustedKeyGroups={"Enabled": True, "Quantity": 1, "Items": [group["Id"]]})
    site.open_bucket()

    def rsa_sha1(text: bytes) -> bytes:
        told = bytes.fromhex("3021300906052b0e03021a05000414") + hashlib.sha1(text).digest()
        padded = b"\x00\x01" + b"\xff" * (253 - len(told)) + b"\x00" + told
        return pow(int.from_bytes(padded), exponent, modulus).to_bytes(256)

    signer = CloudFrontSigner(identifier, rsa_sha1)

    def sign(url: str, until: float = 0, text: dict[str, Any] | None = None) -> str:
        if text is not None:
            return str(signer.generate_presigned_url(url, policy=json.dumps(text)))
        return str(signer.generate_presigned_url(url, date_less_than=datetime.fromtimestamp(until, UTC)))

    return site, sign


def test_a_signed_url_opens_until_it_expires(signed: tuple[Site, Callable[..., str]]) -> None:
    """https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-creating-signed-url-canned-policy.html"""
    site, sign = signed
    assert "MissingKey" in site.get("/index.html").text
    good = sign(f"{site.url}/index.html", time.time() + 60)
    assert requests.get(good, timeout=10).text == "home"
    assert requests.get(good.replace("index.html", "other.html"), timeout=10).status_code == 403
    late = sign(f"{site.url}/index.html", time.time() - 60)
    assert "AccessDenied" in requests.get(late, timeout=10).text


def test_a_custom_policy_opens_a_folder_and_may_come_in_cookies(signed: tuple[Site, Callable[..., str]]) -> None:
    """https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-setting-signed-cookie-custom-policy.html"""
    site, sign = signed
    site.put("films/one.txt", "a film")
    until = {"DateLessThan": {"AWS:EpochTime": int(time.time()) + 60}}
    text = {"Statement": [{"Resource": f"https://{site.domain}/films/*", "Condition": until}]}
    query = sign(f"{site.url}/films/one.txt", text=text).partition("?")[2]
    assert site.get(f"/films/one.txt?{query}").text == "a film"
    cookies = {f"CloudFront-{name}": value for name, _, value in (pair.partition("=") for pair in query.split("&"))}
    assert site.get("/films/one.txt", cookies=cookies).text == "a film"
    assert site.get("/index.html", cookies=cookies).status_code == 403
    forged = base64.b64encode(json.dumps(text).replace("films", "index").encode()).decode()
    assert site.get("/index.html", cookies=cookies | {"CloudFront-Policy": forged}).status_code == 403
