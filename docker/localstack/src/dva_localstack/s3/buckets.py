"""Names that a bucket must not have, pages of a listing, CORS rules, and who pays.

LocalStack 4.14 takes reserved prefixes and suffixes in names, returns any number of keys on a page (all of them where
none are asked for), compares allowed
headers without wildcards, looks at the expected owner in few operations, and serves other accounts from a
requester-pays bucket that did not agree to pay.
"""

import functools
import re
from typing import Any

from localstack.aws.api import RequestContext, handler
from localstack.services.s3.cors import S3CorsHandler
from localstack.services.s3.provider import S3Provider

from .answers import CHARGED
from .errors import error
from .uploads import is_public_acl

RESERVED_NAME = re.compile(r"(xn--|sthree-|amzn-s3-demo-).*|.*(-s3alias|--ol-s3|\.mrap|--x-s3|--table-s3|-an)")
"""https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html"""

PAGE_KEYS = 1000
"""https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html"""

ROUTING_RULES = 50
"""https://docs.aws.amazon.com/AmazonS3/latest/userguide/how-to-page-redirect.html"""


class CheckedBuckets(S3Provider):
    """An S3 provider that refuses buckets and bucket settings that S3 refuses."""

    def on_after_init(self) -> None:
        """Let allowed headers have wildcards."""
        super().on_after_init()
        S3CorsHandler._match_rule = staticmethod(functools.partial(match_rule, S3CorsHandler._match_rule))

    @handler("CreateBucket", expand=False)
    def create_bucket(self, context: RequestContext, request: Any) -> Any:
        """Answer ``CreateBucket``, unless the name is reserved or the ACL contradicts the ownership."""
        if RESERVED_NAME.fullmatch(request["Bucket"]):
            raise error("InvalidBucketName", "The specified bucket is not valid.", BucketName=request["Bucket"])
        ownership = request.get("ObjectOwnership") or "BucketOwnerEnforced"
        if ownership != "BucketOwnerEnforced" and is_public_acl(request):
            raise error(
                "InvalidBucketAclWithBlockPublicAccessError",
                "Bucket cannot have public ACLs set with BlockPublicAccess enabled",
            )
        if (request.get("ACL") or "private") != "private" and ownership == "BucketOwnerEnforced":
            raise error(
                "InvalidBucketAclWithObjectOwnership",
                "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting",
            )
        return super().create_bucket(context, request)

    def list_objects(self, context: RequestContext, bucket: str, max_keys: int | None = None, **kwargs: Any) -> Any:
        """Answer ``ListObjects``, at most :data:`PAGE_KEYS` at a time."""
        if page_size(max_keys) == 0:
            return empty(super().list_objects(context, bucket, max_keys=1, **kwargs))
        return super().list_objects(context, bucket, max_keys=page_size(max_keys), **kwargs)

    def list_objects_v2(self, context: RequestContext, bucket: str, max_keys: int | None = None, **kwargs: Any) -> Any:
        """Answer ``ListObjectsV2``, at most :data:`PAGE_KEYS` at a time."""
        if page_size(max_keys) == 0:
            return {**empty(super().list_objects_v2(context, bucket, max_keys=1, **kwargs)), "KeyCount": 0}
        return super().list_objects_v2(context, bucket, max_keys=page_size(max_keys), **kwargs)

    def list_object_versions(
        self,
        context: RequestContext,
        bucket: str,
        max_keys: int | None = None,
        version_id_marker: str | None = None,
        **kwargs: Any,
    ) -> Any:
        """Answer ``ListObjectVersions``, at most :data:`PAGE_KEYS` at a time.

        LocalStack 4.14 finds the end of a page by version ids, which objects of a bucket without versions do not have.
        """
        size = page_size(max_keys)
        if size == 0:
            return empty(super().list_object_versions(context, bucket, max_keys=1, **kwargs))
        marker = None if version_id_marker == "null" else version_id_marker
        answer = super().list_object_versions(context, bucket, max_keys=size, version_id_marker=marker, **kwargs)
        versions = answer.get("Versions") or []
        if len(versions) > (size or PAGE_KEYS):
            answer["Versions"] = versions[: size or PAGE_KEYS]
            last = answer["Versions"][-1]
            answer.update(IsTruncated=True, NextKeyMarker=last["Key"], NextVersionIdMarker=last["VersionId"])
        return answer

    def put_bucket_cors(self, context: RequestContext, bucket: str, cors_configuration: Any, **kwargs: Any) -> None:
        """Answer ``PutBucketCors``, unless an origin or a header has more than one wildcard."""
        for rule in cors_configuration.get("CORSRules") or []:
            for kind in ("AllowedOrigins", "AllowedHeaders"):
                for value in rule.get(kind) or []:
                    if value.count("*") > 1:
                        raise error("InvalidRequest", f'{kind[:-1]} "{value}" can not have more than one wildcard.')
        super().put_bucket_cors(context, bucket, cors_configuration, **kwargs)

    def put_bucket_website(
        self, context: RequestContext, bucket: str, website_configuration: Any, **kwargs: Any
    ) -> None:
        """Answer ``PutBucketWebsite``, unless it has too many rules, at which LocalStack fails by itself."""
        if len(website_configuration.get("RoutingRules") or []) > ROUTING_RULES:
            raise error("InvalidRequest", f"The number of routing rules must not exceed {ROUTING_RULES}.")
        super().put_bucket_website(context, bucket, website_configuration, **kwargs)

    def _get_cross_account_bucket(self, context: RequestContext, bucket_name: str, **kwargs: Any) -> Any:
        store, bucket = super()._get_cross_account_bucket(context, bucket_name, **kwargs)
        request = context.service_request or {}
        expected = request.get("ExpectedBucketOwner")
        if expected and request.get("Bucket") == bucket_name and expected != bucket.bucket_account_id:
            raise error("AccessDenied", "Access Denied", 403)
        shape = context.operation.input_shape if context.operation else None
        if (
            bucket.payer == "Requester"
            and context.account_id != bucket.bucket_account_id
            and shape is not None
            and "RequestPayer" in shape.members
            and not request.get("RequestPayer")
        ):
            raise error("AccessDenied", "Access Denied", 403)
        if bucket.payer == "Requester" and context.account_id != bucket.bucket_account_id:
            setattr(context, CHARGED, True)
        return store, bucket


def page_size(wanted: int | None) -> int | None:
    """Return how many keys a page has when ``wanted`` are asked for."""
    if wanted is not None and wanted < 0:
        raise error("InvalidArgument", "Argument maxKeys must be an integer between 0 and 2147483647")
    return wanted if wanted is None else min(wanted, PAGE_KEYS)


def empty(page: Any) -> Any:
    """Return a page of no keys, which LocalStack takes for one of any number."""
    dropped = {
        *("Contents", "CommonPrefixes", "Versions", "DeleteMarkers"),
        *("NextMarker", "NextContinuationToken", "NextKeyMarker", "NextVersionIdMarker"),
    }
    return {name: value for name, value in page.items() if name not in dropped} | {"MaxKeys": 0, "IsTruncated": False}


def match_rule(original: Any, rule: dict[str, Any], method: str, headers: Any) -> Any:
    """Match a CORS rule whose allowed headers may have a wildcard."""
    asked = [name.strip() for name in (headers.get("Access-Control-Request-Headers") or "").lower().split(",")]
    patterns = [re.escape(name.lower()).replace(r"\*", ".*") for name in rule.get("AllowedHeaders") or []]
    if asked != [""] and all(any(re.fullmatch(pattern, name) for pattern in patterns) for name in asked):
        rule_for_all = {**rule, "AllowedHeaders": ["*"]}
        return rule if original(rule_for_all, method, headers) else None
    return original(rule, method, headers)
