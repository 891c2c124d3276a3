"""What LocalStack knows of buckets and objects."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from localstack.services.s3.models import S3Bucket

ANY_ACCOUNT, HOME_REGION = "000000000000", "us-east-1"
"""Names of buckets are the same in every account's store, and an account's buckets in every region's."""

KMS = frozenset({"aws:kms", "aws:kms:dsse"})
"""Values of x-amz-server-side-encryption that mean a KMS key."""


@dataclass(frozen=True)
class KeyUse:
    """The KMS key under which an object is, or will be, encrypted."""

    key: str
    """Its ARN."""
    by_bucket_key: bool


def owner(name: str) -> str | None:
    """Return the account that owns a bucket; None if there is no such bucket."""
    from localstack.services.s3.models import s3_stores

    return s3_stores[ANY_ACCOUNT][HOME_REGION].global_bucket_map.get(name)


def find(name: str) -> "S3Bucket | None":
    """Return a bucket, whoever owns it."""
    from localstack.services.s3.models import s3_stores

    account = owner(name)
    return s3_stores[account][HOME_REGION].buckets.get(name) if account else None


def has_object(name: str, key: str, version: str | None = None) -> bool:
    """Tell whether a bucket holds an object, or a version of it."""
    bucket = find(name)
    return bucket is not None and current(bucket, key, version) is not None


def current(bucket: "S3Bucket", key: str, version: str | None) -> object | None:
    """Return an object of a bucket, or the version asked for; None where there is none or it is deleted."""
    from localstack.services.s3.models import S3DeleteMarker

    versioned = bool(version and bucket.versioning_status)
    item = bucket.objects.get(key, version) if versioned else bucket.objects.get(key)  # type: ignore[call-arg]
    return None if isinstance(item, S3DeleteMarker) else item


def object_tags(name: str, key: str, version: str | None) -> dict[str, str]:
    """Return the tags of an object; none if there is no such object."""
    from localstack.services.s3.models import s3_stores
    from localstack.services.s3.utils import get_unique_key_id

    bucket = find(name)
    item = current(bucket, key, version) if bucket else None
    if bucket is None or item is None:
        return {}
    store = s3_stores[bucket.bucket_account_id][bucket.bucket_region]
    return dict(store.tags.get_tags(get_unique_key_id(name, key, getattr(item, "version_id", None))))


def policy(name: str) -> str | None:
    """Return a bucket's policy as JSON, None if it has none."""
    bucket = find(name)
    text = bucket.policy if bucket else None
    return text if text is None or isinstance(text, str) else json.dumps(text)


def key_of_object(name: str, key: str, version: str | None) -> KeyUse | None:
    """Return the KMS key of an object; None if there is no such object, or it is not under SSE-KMS."""
    bucket = find(name)
    return key_use(current(bucket, key, version)) if bucket else None


def key_of_upload(name: str, upload: str) -> KeyUse | None:
    """Return the KMS key of a multipart upload; None if there is no such upload, or it is not under SSE-KMS."""
    bucket = find(name)
    held = bucket.multiparts.get(upload) if bucket else None
    return key_use(held.object) if held else None


def key_use(item: Any) -> KeyUse | None:
    """Return the KMS key of what LocalStack keeps of an object."""
    if item is None or item.encryption not in KMS or not item.kms_key_id:
        return None
    return KeyUse(str(item.kms_key_id), bool(item.bucket_key_enabled))


def key_of_new(name: str, request: Mapping[str, Any]) -> KeyUse | None:
    """Return the KMS key of an object that a request would make, by its headers or the bucket's default encryption."""
    from dva_localstack.s3.encryption import key_arn

    bucket = find(name)
    if bucket is None or request.get("SSECustomerKey"):
        return None
    rule: Mapping[str, Any] = bucket.encryption_rule or {}
    default = rule.get("ApplyServerSideEncryptionByDefault") or {}
    if (request.get("ServerSideEncryption") or default.get("SSEAlgorithm")) not in KMS:
        return None
    key = key_arn(bucket, request.get("SSEKMSKeyId") or default.get("KMSMasterKeyID"))
    return KeyUse(key, bool(request.get("BucketKeyEnabled") or rule.get("BucketKeyEnabled")))
