"""S3: most actions are named otherwise than their operations.

Actions and keys: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html
Permissions of each operation: https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html
"""

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, unquote

from dva_localstack.enforcement.resources import buckets

from . import s3_keys
from .call import Call, Context, Need

BUCKET = "arn:aws:s3:::{}"

ACTIONS = {
    "AbortMultipartUpload": "AbortMultipartUpload",
    "CompleteMultipartUpload": "PutObject",
    "CreateMultipartUpload": "PutObject",
    "DeleteBucketCors": "PutBucketCORS",
    "DeleteBucketEncryption": "PutEncryptionConfiguration",
    "DeleteBucketIntelligentTieringConfiguration": "PutIntelligentTieringConfiguration",
    "DeleteBucketInventoryConfiguration": "PutInventoryConfiguration",
    "DeleteBucketLifecycle": "PutLifecycleConfiguration",
    "DeleteBucketAnalyticsConfiguration": "PutAnalyticsConfiguration",
    "DeleteBucketMetricsConfiguration": "PutMetricsConfiguration",
    "DeleteBucketOwnershipControls": "PutBucketOwnershipControls",
    "DeleteBucketReplication": "PutReplicationConfiguration",
    "DeleteBucketTagging": "PutBucketTagging",
    "DeletePublicAccessBlock": "PutBucketPublicAccessBlock",
    "GetBucketAccelerateConfiguration": "GetAccelerateConfiguration",
    "GetBucketAnalyticsConfiguration": "GetAnalyticsConfiguration",
    "GetBucketCors": "GetBucketCORS",
    "GetBucketEncryption": "GetEncryptionConfiguration",
    "GetBucketIntelligentTieringConfiguration": "GetIntelligentTieringConfiguration",
    "GetBucketInventoryConfiguration": "GetInventoryConfiguration",
    "GetBucketLifecycle": "GetLifecycleConfiguration",
    "GetBucketLifecycleConfiguration": "GetLifecycleConfiguration",
    "GetBucketMetricsConfiguration": "GetMetricsConfiguration",
    "GetBucketNotification": "GetBucketNotification",
    "GetBucketNotificationConfiguration": "GetBucketNotification",
    "GetBucketReplication": "GetReplicationConfiguration",
    "GetObjectAttributes": "GetObject",
    "GetObjectLockConfiguration": "GetBucketObjectLockConfiguration",
    "GetPublicAccessBlock": "GetBucketPublicAccessBlock",
    "HeadBucket": "ListBucket",
    "HeadObject": "GetObject",
    "ListBucketAnalyticsConfigurations": "GetAnalyticsConfiguration",
    "ListBucketIntelligentTieringConfigurations": "GetIntelligentTieringConfiguration",
    "ListBucketInventoryConfigurations": "GetInventoryConfiguration",
    "ListBucketMetricsConfigurations": "GetMetricsConfiguration",
    "ListBuckets": "ListAllMyBuckets",
    "ListDirectoryBuckets": "ListAllMyDirectoryBuckets",
    "ListMultipartUploads": "ListBucketMultipartUploads",
    "ListObjectVersions": "ListBucketVersions",
    "ListObjects": "ListBucket",
    "ListObjectsV2": "ListBucket",
    "ListParts": "ListMultipartUploadParts",
    "PostObject": "PutObject",
    "PutBucketAccelerateConfiguration": "PutAccelerateConfiguration",
    "PutBucketAnalyticsConfiguration": "PutAnalyticsConfiguration",
    "PutBucketCors": "PutBucketCORS",
    "PutBucketEncryption": "PutEncryptionConfiguration",
    "PutBucketIntelligentTieringConfiguration": "PutIntelligentTieringConfiguration",
    "PutBucketInventoryConfiguration": "PutInventoryConfiguration",
    "PutBucketLifecycle": "PutLifecycleConfiguration",
    "PutBucketLifecycleConfiguration": "PutLifecycleConfiguration",
    "PutBucketMetricsConfiguration": "PutMetricsConfiguration",
    "PutBucketNotification": "PutBucketNotification",
    "PutBucketNotificationConfiguration": "PutBucketNotification",
    "PutBucketReplication": "PutReplicationConfiguration",
    "PutObjectLockConfiguration": "PutBucketObjectLockConfiguration",
    "PutPublicAccessBlock": "PutBucketPublicAccessBlock",
    "SelectObjectContent": "GetObject",
    "UploadPart": "PutObject",
}
"""Action of each operation that does not bear the action's name."""

OF_VERSIONS = frozenset(
    {
        "DeleteObject",
        "DeleteObjectTagging",
        "GetObject",
        "GetObjectAcl",
        "GetObjectAttributes",
        "GetObjectTagging",
        "GetObjectTorrent",
        "PutObjectAcl",
        "PutObjectTagging",
    }
)
"""Actions that have a sibling for a version, such as ``GetObjectVersion`` and ``GetObjectVersionTagging``."""


def needs(call: Call) -> Iterator[Need]:
    """Yield what an S3 operation needs."""
    operation, params = call.operation, call.params
    action = ACTIONS.get(operation, operation)
    context = s3_keys.context(call)
    if operation == "DeleteObjects":
        yield from deletions(call, context)
    elif operation in ("CopyObject", "UploadPartCopy"):
        yield from copy(call, context)
        yield Need("s3:PutObject", object_arn(call), context)
    elif "Key" in params:
        yield Need(f"s3:{versioned(action, params.get('VersionId'))}", object_arn(call), context)
        if operation == "GetObjectAttributes":
            yield Need(f"s3:{versioned('GetObjectAttributes', params.get('VersionId'))}", object_arn(call), context)
    elif "Bucket" in params:
        yield Need(f"s3:{action}", BUCKET.format(params["Bucket"]), context)
    else:
        yield Need(f"s3:{action}", "*", context)
    yield from additions(call, context)
    if operation in ("GetObject", "HeadObject") and not buckets.has_object(params["Bucket"], params["Key"]):
        # That an object does not exist is told only to those who may list the bucket.
        yield Need("s3:ListBucket", BUCKET.format(params["Bucket"]))


def versioned(action: str, version: str | None) -> str:
    """Return the sibling of an action for a certain version of an object."""
    return action.replace("Object", "ObjectVersion", 1) if version and action in OF_VERSIONS else action


def object_arn(call: Call, key: str | None = None) -> str:
    """Return the ARN of the object that a call is about, or of another one in its bucket."""
    return f"{BUCKET.format(call.params['Bucket'])}/{call.params['Key'] if key is None else key}"


def deletions(call: Call, context: Context) -> Iterator[Need]:
    """Yield the permission for each object of a DeleteObjects call."""
    for each in call.params.get("Delete", {}).get("Objects") or ():
        version = each.get("VersionId")
        keys = {**context, "s3:VersionId": version} if version else context
        yield Need(f"s3:{versioned('DeleteObject', version)}", object_arn(call, each["Key"]), keys)


def copy(call: Call, context: Context) -> Iterator[Need]:
    """Yield the permission to read what is copied, and its tags where they are copied too."""
    bucket, key, query = source_of(call)
    arn = f"{BUCKET.format(bucket)}/{key}"
    existing = s3_keys.existing_tags(arn, query)
    keys = {name: value for name, value in context.items() if name not in s3_keys.OF_WRITES} | existing
    yield Need(f"s3:{versioned('GetObject', query)}", arn, keys)
    if call.operation == "CopyObject" and call.params.get("TaggingDirective") != "REPLACE" and existing:
        yield Need(f"s3:{versioned('GetObjectTagging', query)}", arn, keys)
        yield Need("s3:PutObjectTagging", object_arn(call), context)


def source_of(call: Call) -> tuple[str, str, str]:
    """Return bucket, key and version (empty for the current one) of what a call copies."""
    source, _, version = source_text(call.params["CopySource"]).partition("?versionId=")
    bucket, _, key = unquote(source).removeprefix("/").partition("/")
    return bucket, key, version


def source_text(source: Any) -> str:
    """Return CopySource as the text that was sent."""
    if isinstance(source, str):
        return source
    version = f"?versionId={source['VersionId']}" if source.get("VersionId") else ""
    return f"{source['Bucket']}/{source['Key']}{version}"


def additions(call: Call, context: Context) -> Iterator[Need]:
    """Yield the further permissions of operations that set tags, ACLs or locks on the way."""
    params = call.params
    if call.operation in ("PutObject", "CreateMultipartUpload", "CopyObject", "PostObject"):
        if params.get("Tagging") and parse_qsl(params["Tagging"]):
            yield Need("s3:PutObjectTagging", object_arn(call), context)
        if s3_keys.acl_keys(params):
            yield Need("s3:PutObjectAcl", object_arn(call), context)
        if params.get("ObjectLockMode") or params.get("ObjectLockRetainUntilDate"):
            yield Need("s3:PutObjectRetention", object_arn(call), context)
        if params.get("ObjectLockLegalHoldStatus"):
            yield Need("s3:PutObjectLegalHold", object_arn(call), context)
    if call.operation == "CreateBucket":
        bucket = BUCKET.format(params["Bucket"])
        if s3_keys.acl_keys(params):
            yield Need("s3:PutBucketAcl", bucket, context)
        if params.get("ObjectOwnership"):
            yield Need("s3:PutBucketOwnershipControls", bucket, context)
        if params.get("ObjectLockEnabledForBucket"):
            yield Need("s3:PutBucketVersioning", bucket, context)
            yield Need("s3:PutBucketObjectLockConfiguration", bucket, context)
    if call.operation in ("DeleteObject", "DeleteObjects", "PutObjectRetention") and params.get(
        "BypassGovernanceRetention"
    ):
        key = params.get("Key") or "*"
        yield Need("s3:BypassGovernanceRetention", object_arn(call, key), context)
