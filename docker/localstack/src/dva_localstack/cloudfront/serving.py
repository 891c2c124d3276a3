"""Distributions that answer, at a path of the gateway: cache behaviors, signed requests, caching, S3 origins.

https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/HowCloudFrontWorks.html
"""

import fnmatch
import json
from typing import Any
from urllib.parse import unquote

import requests
from botocore.exceptions import ClientError
from localstack.aws.connect import connect_to
from localstack.http import Request, Response

from dva_localstack.cloudfront import cache, signatures
from dva_localstack.enforcement import callers, judgment, resources
from dva_localstack.enforcement.needs.call import Need
from dva_localstack.s3.website import visitor

PREFIX = "/_aws/cloudfront/<distribution>"
OWNERS: dict[str, str] = {}
"""Accounts by the ids of their distributions."""

LOOPBACK = ("localhost", "127.0.0.1")
PASSED = ("cache-control", "content-encoding", "content-language", "content-type", "etag", "expires", "last-modified")
SECONDS = 30
"""How long an origin may take: https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cloudfront-limits.html"""


def error(status: int, code: str, message: str) -> Response:
    """Return an error of CloudFront's own."""
    text = f'<?xml version="1.0" encoding="UTF-8"?><Error><Code>{code}</Code><Message>{message}</Message></Error>'
    return Response(text, status, {"X-Cache": "Error from cloudfront"}, mimetype="text/xml")


def serve(request: Request, distribution: str, path: str) -> Response:
    """Answer a viewer."""
    if distribution not in OWNERS:
        return error(404, "NoSuchDistribution", "The specified distribution does not exist.")
    try:
        return Visit(request, distribution, path).answer()
    except signatures.Refused as refused:
        return error(403, refused.code, str(refused))


class Visit:
    """One request to a distribution."""

    def __init__(self, request: Request, distribution: str, path: str) -> None:
        self.request = request
        self.client: Any = connect_to(aws_access_key_id=OWNERS[distribution], region_name="us-east-1").cloudfront
        self.distribution = self.client.get_distribution(Id=distribution)["Distribution"]
        self.config = self.distribution["DistributionConfig"]
        raw = (request.environ.get("RAW_URI") or request.path).partition("?")[0]
        self.asked = "/" + raw.split(f"/{distribution}/", 1)[-1] if path else "/"
        self.path = self.asked if path else "/" + (self.config.get("DefaultRootObject") or "")
        self.behavior = self.behavior_for(self.path)

    def behavior_for(self, path: str) -> Any:
        """Return the first cache behavior whose pattern fits, the default one if none does."""
        for one in (self.config.get("CacheBehaviors") or {}).get("Items") or ():
            pattern = "/" + one["PathPattern"].removeprefix("/").replace("[", "[[]")
            if fnmatch.fnmatchcase(path, pattern):
                return one
        return self.config["DefaultCacheBehavior"]

    def answer(self) -> Response:
        """Return what is kept, or what the origin answers."""
        if not self.config["Enabled"]:
            return error(403, "AccessDenied", "The distribution is disabled.")
        if self.request.method not in (self.behavior.get("AllowedMethods") or {}).get("Items", ["GET", "HEAD"]):
            text = (
                "This distribution is not configured to allow the HTTP request method that was used for this request."
            )
            return error(403, "MethodNotAllowed", text)
        self.check_signature()
        low, default, high, rest = self.caching()
        key = (self.distribution["Id"], self.path, rest)
        cacheable = self.request.method in ("GET", "HEAD")
        if cacheable and (found := cache.find(key)):
            return self.response(found, "Hit from cloudfront")
        got = self.from_origin(self.path)
        if got.status >= 400:
            return self.response(self.custom_error(got), "Error from cloudfront")
        got.seconds = cache.time_to_live(got.headers, low, default, high)
        if self.request.method == "GET":
            cache.keep(key, got)
        return self.response(got, "Miss from cloudfront")

    def response(self, kept: cache.Kept, told: str) -> Response:
        """Return an answer as the viewer sees it."""
        headers = kept.headers | {"X-Cache": told, "Via": "1.1 cloudfront.net (CloudFront)"}
        if told.startswith("Hit"):
            headers["Age"] = str(int(kept.age))
        return Response(b"" if self.request.method == "HEAD" else kept.body, kept.status, headers)

    def check_signature(self) -> None:
        """Refuse a request that must be signed and is not: the behavior names trusted key groups."""
        trusted = self.behavior.get("TrustedKeyGroups") or {}
        if not trusted.get("Enabled"):
            return
        groups = [self.client.get_key_group(Id=one)["KeyGroup"]["KeyGroupConfig"] for one in trusted["Items"]]
        keys = {
            one: self.client.get_public_key(Id=one)["PublicKey"]["PublicKeyConfig"]["EncodedKey"]
            for group in groups
            for one in group["Items"]
        }
        given = {name: self.request.args.get(name, "") for name in signatures.PARAMETERS}
        if not given["Signature"]:
            given = {name: self.request.cookies.get(f"CloudFront-{name}", "") for name in signatures.PARAMETERS}
        query = "&".join(f"{name}={value}" for name, value in self.parameters())
        tail = f"?{query}" if query else ""
        here = (
            f"{self.request.scheme}://{self.request.host}/_aws/cloudfront/{self.distribution['Id']}{self.asked}{tail}"
        )
        there = f"{self.distribution['DomainName']}{self.asked}{tail}"
        urls = [here, f"https://{there}", f"http://{there}"]
        signatures.check(given, keys, urls, self.request.remote_addr or "127.0.0.1")

    def parameters(self) -> list[tuple[str, str]]:
        """Return the query as it came, without CloudFront's own parameters."""
        pairs = [pair.partition("=") for pair in self.request.query_string.decode("latin-1").split("&") if pair]
        return [(name, value) for name, _, value in pairs if name not in signatures.PARAMETERS]

    def caching(self) -> tuple[int, int, int, Any]:
        """Return the bounds of the time to live (lowest, default, highest), and the cache key beside the path."""
        if not self.behavior.get("CachePolicyId"):
            old = self.behavior.get("ForwardedValues") or {}
            query = sorted(self.parameters()) if old.get("QueryString") else []
            times = (self.behavior.get(name) for name in ("MinTTL", "DefaultTTL", "MaxTTL"))
            low, default, high = times
            return low or 0, 86400 if default is None else default, 31536000 if high is None else high, str(query)
        policy = self.client.get_cache_policy(Id=self.behavior["CachePolicyId"])["CachePolicy"]["CachePolicyConfig"]
        wanted = policy.get("ParametersInCacheKeyAndForwardedToOrigin") or {}
        queries, headers = wanted.get("QueryStringsConfig") or {}, wanted.get("HeadersConfig") or {}
        names = (queries.get("QueryStrings") or {}).get("Items") or []
        kinds = {"all": lambda one: True, "whitelist": names.__contains__, "allExcept": lambda one: one not in names}
        chosen = kinds.get(queries.get("QueryStringBehavior", "none"), lambda one: False)
        query = sorted(pair for pair in self.parameters() if chosen(pair[0]))
        shown = [self.request.headers.get(name) for name in (headers.get("Headers") or {}).get("Items") or []]
        low, default, high = policy["MinTTL"], policy.get("DefaultTTL", 86400), policy.get("MaxTTL", 31536000)
        return low, default, high, json.dumps([query, shown])

    def from_origin(self, path: str) -> cache.Kept:
        """Return the origin's answer."""
        origins = {one["Id"]: one for one in self.config["Origins"]["Items"]}
        origin = origins.get(self.behavior["TargetOriginId"])
        if origin is None:
            return cache.Kept(502, {}, b"Origin groups are not served", 0)
        where = (origin.get("OriginPath") or "") + path
        bucket, s3, _ = origin["DomainName"].partition(".s3")
        if s3:
            return self.from_bucket(bucket, unquote(where.removeprefix("/")), origin.get("OriginAccessControlId"))
        if origin["DomainName"] not in LOOPBACK:
            return cache.Kept(502, {}, b"Only origins on this machine are called", 0)
        port = (origin.get("CustomOriginConfig") or {}).get("HTTPPort", 80)
        query = "&".join(f"{name}={value}" for name, value in self.parameters())
        with requests.Session() as session:
            session.trust_env = False
            url = f"http://127.0.0.1:{port}{where}{f'?{query}' if query else ''}"
            kind = {name: value for name, value in self.request.headers.items() if name in ("Content-Type", "Accept")}
            body = self.request.get_data()
            try:
                got = session.request(self.request.method, url, data=body, headers=kind, timeout=SECONDS)
            except requests.RequestException:
                return cache.Kept(502, {}, b"The origin does not answer", 0)
        headers = {name.lower(): value for name, value in got.headers.items() if name.lower() in PASSED}
        headers.pop("content-encoding", None)
        return cache.Kept(got.status_code, headers, got.content, 0)

    def from_bucket(self, bucket: str, key: str, control: str | None) -> cache.Kept:
        """Return an object: as CloudFront's service principal with an origin access control, else as anybody."""
        arn = f"arn:aws:s3:::{bucket}/{key}"
        client = visitor()
        if control:
            owner = resources.owner_of(arn, OWNERS[self.distribution["Id"]])
            caller = callers.of_service("cloudfront", self.distribution["ARN"], OWNERS[self.distribution["Id"]])
            if not judgment.decide(caller, Need("s3:GetObject", arn), {}, owner).allowed:
                return cache.Kept(
                    403, {"content-type": "application/xml"}, b"<Error><Code>AccessDenied</Code></Error>", 0
                )
            client = connect_to(aws_access_key_id=owner).s3
        try:
            found = client.get_object(Bucket=bucket, Key=key)
        except ClientError as refused:
            status, code = refused.response["ResponseMetadata"]["HTTPStatusCode"], refused.response["Error"]["Code"]
            page = f"<Error><Code>{code}</Code></Error>".encode()
            return cache.Kept(status, {"content-type": "application/xml"}, page, 0)
        told = found["ResponseMetadata"]["HTTPHeaders"]
        return cache.Kept(200, {name: told[name] for name in PASSED if name in told}, found["Body"].read(), 0)

    def custom_error(self, got: cache.Kept) -> cache.Kept:
        """Return the page that the distribution has for an error, the origin's own if it has none."""
        for one in (self.config.get("CustomErrorResponses") or {}).get("Items") or ():
            if one["ErrorCode"] == got.status and one.get("ResponsePagePath"):
                self.behavior = self.behavior_for(one["ResponsePagePath"])
                page = self.from_origin(one["ResponsePagePath"])
                if page.status == 200:
                    page.status = int(one.get("ResponseCode") or got.status)
                    return page
        return got
