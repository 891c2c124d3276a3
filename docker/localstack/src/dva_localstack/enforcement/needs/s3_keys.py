"""S3's condition keys.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/amazon-s3-policy-keys.html
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from dva_localstack.enforcement.resources import buckets

from .call import Call, Context

FROM_PARAMETERS = {
    "ACL": "s3:x-amz-acl",
    "CopySource": "s3:x-amz-copy-source",
    "GrantFullControl": "s3:x-amz-grant-full-control",
    "GrantRead": "s3:x-amz-grant-read",
    "GrantReadACP": "s3:x-amz-grant-read-acp",
    "GrantWrite": "s3:x-amz-grant-write",
    "GrantWriteACP": "s3:x-amz-grant-write-acp",
    "IfMatch": "s3:if-match",
    "IfNoneMatch": "s3:if-none-match",
    "MetadataDirective": "s3:x-amz-metadata-directive",
    "ObjectLockLegalHoldStatus": "s3:object-lock-legal-hold",
    "ObjectLockMode": "s3:object-lock-mode",
    "ObjectLockRetainUntilDate": "s3:object-lock-retain-until-date",
    "ObjectOwnership": "s3:x-amz-object-ownership",
    "SSECustomerAlgorithm": "s3:x-amz-server-side-encryption-customer-algorithm",
    "SSEKMSKeyId": "s3:x-amz-server-side-encryption-aws-kms-key-id",
    "ServerSideEncryption": "s3:x-amz-server-side-encryption",
    "StorageClass": "s3:x-amz-storage-class",
    "VersionId": "s3:VersionId",
    "WebsiteRedirectLocation": "s3:x-amz-website-redirect-location",
}
"""Keys whose value is that of a parameter."""

OF_LISTS = {"Delimiter": "s3:delimiter", "MaxKeys": "s3:max-keys", "Prefix": "s3:prefix"}
LISTS = frozenset({"ListObjects", "ListObjectsV2", "ListObjectVersions", "ListMultipartUploads"})

ACL_PARAMETERS = ("ACL", "GrantFullControl", "GrantRead", "GrantReadACP", "GrantWrite", "GrantWriteACP")
OF_WRITES = frozenset(FROM_PARAMETERS.values())
WRITES_ENCRYPTED = frozenset({"PutObject", "CopyObject", "CreateMultipartUpload", "PostObject"})


def acl_keys(params: Mapping[str, Any]) -> list[str]:
    """Return the parameters of a call that set an ACL."""
    return [name for name in ACL_PARAMETERS if params.get(name)]


def context(call: Call) -> Context:
    """Return the condition keys of an S3 call, without those about how it was signed."""
    params = call.params
    found: Context = {key: str(params[name]) for name, key in FROM_PARAMETERS.items() if params.get(name)}
    if call.operation in LISTS:
        found |= {key: str(params[name]) for name, key in OF_LISTS.items() if params.get(name) is not None}
    if call.operation in WRITES_ENCRYPTED and (tags := dict(parse_qsl(params.get("Tagging") or ""))):
        found |= requested_tags(tags)
    if call.operation in ("PutObjectTagging", "PutBucketTagging"):
        tag_set = (params.get("Tagging") or {}).get("TagSet") or ()
        tags = {tag["Key"]: tag["Value"] for tag in tag_set}
        if call.operation == "PutObjectTagging":
            found |= requested_tags(tags)
    if call.operation == "CreateBucket":
        location = (params.get("CreateBucketConfiguration") or {}).get("LocationConstraint")
        if location:
            found["s3:LocationConstraint"] = location
    if "Key" in params and "Bucket" in params:
        found |= existing_tags(f"arn:aws:s3:::{params['Bucket']}/{params['Key']}", params.get("VersionId"))
    return found


def requested_tags(tags: Mapping[str, str]) -> Context:
    """Return the keys about the tags that a call would put on an object."""
    return {"s3:RequestObjectTagKeys": list(tags)} | {f"s3:RequestObjectTag/{key}": tags[key] for key in tags}


def existing_tags(arn: str, version: str | None) -> Context:
    """Return ``s3:ExistingObjectTag/KEY`` for each tag of an object; none if there is no such object."""
    bucket, _, key = arn.removeprefix("arn:aws:s3:::").partition("/")
    return {f"s3:ExistingObjectTag/{name}": value for name, value in buckets.object_tags(bucket, key, version).items()}
