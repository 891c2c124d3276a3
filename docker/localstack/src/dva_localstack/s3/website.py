"""Static websites at ``/_website/<bucket>/…``, a URL that opens anywhere.

LocalStack serves a website on a subdomain, which does not resolve everywhere. Its redirects replace a prefix wherever
in the URL it first occurs, it refuses HEAD, and it serves objects that no one may read. Here a visitor reads objects
as one without credentials does, through the gateway, so that bucket policies count.
"""

import functools
from typing import Any
from urllib.parse import quote

import boto3
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError
from localstack.aws.connect import connect_to
from localstack.http import Request, Response
from localstack.services.edge import ROUTER
from localstack.services.s3.provider import S3Provider
from localstack.services.s3.website_hosting import S3WebsiteHostingHandler
from localstack.utils.urls import localstack_host

PREFIX = "/_website"

TITLES = {403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed"}


class PathWebsites(S3Provider):
    """An S3 provider whose websites are paths on the gateway."""

    def on_after_init(self) -> None:
        """Add the routes for :data:`PREFIX`."""
        super().on_after_init()
        ROUTER.add(f"{PREFIX}/<bucket>", endpoint=redirect_to_root)
        ROUTER.add(f"{PREFIX}/<bucket>/", endpoint=serve, defaults={"path": ""})
        ROUTER.add(f"{PREFIX}/<bucket>/<path:path>", endpoint=serve)


@functools.cache
def visitor() -> Any:
    """Return an S3 client without credentials, which calls the gateway as any visitor does."""
    return boto3.client(
        "s3",
        region_name="us-east-1",
        endpoint_url=f"http://127.0.0.1:{localstack_host().port}",
        config=Config(signature_version=UNSIGNED, s3={"addressing_style": "path"}, retries={"max_attempts": 1}),
    )


def redirect_to_root(request: Request, bucket: str) -> Response:
    """Send a visitor of a website without a slash to the one with it."""
    return Response(status=308, headers={"Location": f"{PREFIX}/{bucket}/"})


def page(status: int, code: str, message: str, **details: str) -> Response:
    """Return S3's own error page."""
    title = f"{status} {TITLES.get(status, 'Error')}"
    rows = {"Code": code, "Message": message, **details}
    items = "".join(f"<li>{name}: {value}</li>\n" for name, value in rows.items())
    body = (
        f"<html>\n<head><title>{title}</title></head>\n<body>\n<h1>{title}</h1>\n<ul>\n{items}</ul>\n<hr/>\n</body>\n"
    )
    return Response(body + "</html>\n", status=status, mimetype="text/html")


def serve(request: Request, bucket: str, path: str) -> Response:
    """Answer a visitor.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/WebsiteHosting.html
    """
    if request.method not in ("GET", "HEAD"):
        return page(405, "MethodNotAllowed", "The specified method is not allowed against this resource.")
    try:
        website = connect_to().s3.get_bucket_website(Bucket=bucket)
    except ClientError as error:
        found = error.response["Error"]
        return page(404, found["Code"], found["Message"], BucketName=bucket)
    answer = Visit(request, bucket, path, website).answer()
    if request.method == "HEAD":
        return Response(status=answer.status_code, headers=dict(answer.headers))
    return answer


class Visit:
    """One request to a website."""

    def __init__(self, request: Request, bucket: str, path: str, website: dict[str, Any]) -> None:
        self.request = request
        self.bucket = bucket
        self.path = path
        self.website = website

    def answer(self) -> Response:
        """Return an object, a redirect or an error page."""
        if everything := self.website.get("RedirectAllRequestsTo"):
            return self.redirect(301, self.path, everything.get("HostName"), everything.get("Protocol"))
        if self.path and (moved := self.by_rule(None)):
            return moved
        index = self.website["IndexDocument"]["Suffix"]
        key = self.path + index if self.path.endswith("/") or not self.path else self.path
        try:
            return self.object(key)
        except ClientError as error:
            status, reason = self.refusal(key, error)
            if status == 404 and not key.endswith(f"/{index}") and self.exists(f"{key}/{index}"):
                return self.redirect(302, f"{key}/")
            return self.by_rule(status) or self.error_document(status, key, reason)

    def by_rule(self, status: int | None) -> Response | None:
        """Return the redirect of the first routing rule that fits, before (None) or after an error.

        https://docs.aws.amazon.com/AmazonS3/latest/userguide/how-to-page-redirect.html
        """
        rules = self.website.get("RoutingRules") or []
        rule = S3WebsiteHostingHandler._find_matching_rule(rules, self.path, status)
        if not rule:
            return None
        target, key = rule["Redirect"], self.path
        if "ReplaceKeyWith" in target:
            key = target["ReplaceKeyWith"]
        elif "ReplaceKeyPrefixWith" in target:
            prefix = (rule.get("Condition") or {}).get("KeyPrefixEquals") or ""
            key = target["ReplaceKeyPrefixWith"] + key.removeprefix(prefix)
        code = int(target.get("HttpRedirectCode") or 301)
        return self.redirect(code, key, target.get("HostName"), target.get("Protocol"))

    def redirect(self, code: int, key: str, host: str | None = None, protocol: str | None = None) -> Response:
        """Return a redirect to a key of this website, or to the same place on another host."""
        location = f"{PREFIX}/{self.bucket}/{quote(key)}"
        if host or protocol:
            location = f"{protocol or self.request.scheme}://{host or self.request.host}" + (
                f"/{quote(key)}" if host else location
            )
        return Response(status=code, headers={"Location": location})

    def object(self, key: str) -> Response:
        """Return an object, or the redirect that it stands for.

        :raises ClientError: the visitor may not read it, or it is not there
        """
        found = visitor().get_object(Bucket=self.bucket, Key=key)
        if location := found.get("WebsiteRedirectLocation"):
            return self.redirect(301, location.lstrip("/")) if location.startswith("/") else self.away(location)
        headers = S3WebsiteHostingHandler._get_response_headers_from_object(found)
        if S3WebsiteHostingHandler._check_if_headers(self.request.headers, found):
            return Response(status=304, headers=headers)
        return Response(found["Body"].read(), headers=headers)

    def away(self, location: str) -> Response:
        """Return a redirect to another site."""
        return Response(status=301, headers={"Location": location})

    def exists(self, key: str) -> bool:
        """Return whether a visitor may read a key."""
        try:
            visitor().head_object(Bucket=self.bucket, Key=key)
        except ClientError:
            return False
        return True

    def refusal(self, key: str, error: ClientError) -> tuple[int, dict[str, Any]]:
        """Return status and error for a visitor: 404 for what is not there, whoever asks.

        https://docs.aws.amazon.com/AmazonS3/latest/userguide/WebsiteAccessPermissionsReqd.html
        """
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        if status == 403:
            try:
                connect_to().s3.head_object(Bucket=self.bucket, Key=key)
            except ClientError as answer:
                if answer.response["ResponseMetadata"]["HTTPStatusCode"] == 404:
                    return 404, {"Code": "NoSuchKey", "Message": "The specified key does not exist."}
        return status, dict(error.response["Error"])

    def error_document(self, status: int, key: str, error: dict[str, Any]) -> Response:
        """Return the website's error document, or S3's own page.

        https://docs.aws.amazon.com/AmazonS3/latest/userguide/CustomErrorDocSupport.html
        """
        if document := (self.website.get("ErrorDocument") or {}).get("Key"):
            try:
                answer = self.object(document)
            except ClientError:
                pass
            else:
                answer.status_code = status if answer.status_code == 200 else answer.status_code
                return answer
        return page(status, error["Code"], error["Message"], Key=key)
