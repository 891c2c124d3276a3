"""What is checked of a new object before its bytes are stored.

LocalStack 4.14 takes metadata and tags of any size, ACLs in buckets that have none, public ACLs where the bucket blocks
them, Object Lock in buckets without it, retention that has ended, directives that do not exist, and any text for a
version's id. It refuses the copy of an old version onto its own key.
"""

import re
from datetime import UTC, datetime
from typing import Any

from localstack.aws.api import RequestContext, handler
from localstack.services.s3 import provider as original
from localstack.services.s3.models import S3Bucket
from localstack.utils.patch import patch

from .errors import error

METADATA_BYTES = 2048
"""https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html"""

OBJECT_TAGS, BUCKET_TAGS, TAG_KEY_LENGTH, TAG_VALUE_LENGTH = 10, 50, 128, 256
"""https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-tagging.html"""

ACLS_OF_OWNERS = ("bucket-owner-full-control",)
"""The one canned ACL that a bucket without ACLs takes for a new object:
https://docs.aws.amazon.com/AmazonS3/latest/userguide/about-object-ownership.html"""

PUBLIC_ACLS = ("public-read", "public-read-write", "authenticated-read")
PUBLIC_GROUPS = ("/groups/global/AllUsers", "/groups/global/AuthenticatedUsers")
"""https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html"""

VERSION_ID = re.compile(r"[\w.-]{32}|null")
"""What LocalStack's version ids look like; AWS's are as opaque."""


class CheckedUploads(original.S3Provider):
    """An S3 provider that refuses objects that S3 refuses."""

    def on_after_init(self) -> None:
        """Patch the functions that LocalStack calls in every operation with tags or versions."""
        super().on_after_init()
        validate, parse = original.validate_tag_set, original.parse_tagging_header

        def validate_tag_set(tag_set: list[dict[str, str]], type_set: str = "bucket") -> None:
            validate(tag_set, type_set)
            check_tags({tag["Key"]: tag["Value"] for tag in tag_set}, type_set)

        def parse_tagging_header(header: str) -> dict[str, str]:
            # LocalStack fails by itself to refuse a reserved key.
            if re.search(r"(^|&)aws(:|%3a)", header, re.IGNORECASE):
                raise error("InvalidTag", "Your TagKey cannot be prefixed with aws:")
            tags = parse(header)
            check_tags(tags, "object")
            return tags

        original.validate_tag_set = validate_tag_set
        original.parse_tagging_header = parse_tagging_header
        patch(S3Bucket.get_object)(get_object_of_valid_version)

    @handler("PutObject", expand=False)
    def put_object(self, context: RequestContext, request: Any) -> Any:
        """Answer ``PutObject``, unless the object is refused."""
        self._check_upload(context, request)
        return super().put_object(context, request)

    @handler("CreateMultipartUpload", expand=False)
    def create_multipart_upload(self, context: RequestContext, request: Any) -> Any:
        """Answer ``CreateMultipartUpload``, unless the object is refused."""
        self._check_upload(context, request)
        return super().create_multipart_upload(context, request)

    @handler("CopyObject", expand=False)
    def copy_object(self, context: RequestContext, request: Any) -> Any:
        """Answer ``CopyObject``, unless the object is refused."""
        self._check_upload(context, request)
        for what in ("Metadata", "Tagging"):
            directive = request.get(f"{what}Directive") or "COPY"
            if directive not in ("COPY", "REPLACE"):
                raise error(
                    "InvalidArgument",
                    f"Unknown {what.lower()} directive.",
                    ArgumentName=f"x-amz-{what.lower()}-directive",
                    ArgumentValue=directive,
                )
        source, key, version = original.extract_bucket_key_version_id_from_copy_source(request["CopySource"])
        if version and (source, key) == (request["Bucket"], request["Key"]) and not request.get("StorageClass"):
            _, bucket = self._get_cross_account_bucket(context, source)
            current = bucket.objects.get(key)
            if current is None or current.version_id != version:
                # LocalStack lets a copy with a storage class pass; this is the class that a copy has anyway.
                request["StorageClass"] = "STANDARD"
        return super().copy_object(context, request)

    @handler("PutObjectAcl", expand=False)
    def put_object_acl(self, context: RequestContext, request: Any) -> Any:
        """Answer ``PutObjectAcl``, unless the bucket has no ACLs."""
        self._check_acl(context, request)
        return super().put_object_acl(context, request)

    @handler("PutBucketAcl", expand=False)
    def put_bucket_acl(self, context: RequestContext, request: Any) -> Any:
        """Answer ``PutBucketAcl``, unless the bucket has no ACLs."""
        self._check_acl(context, request)
        return super().put_bucket_acl(context, request)

    def _check_upload(self, context: RequestContext, request: Any) -> None:
        metadata = request.get("Metadata") or {}
        size = sum(len(name.encode()) + len(value.encode()) for name, value in metadata.items())
        if size > METADATA_BYTES:
            raise error(
                "MetadataTooLarge",
                "Your metadata headers exceed the maximum allowed metadata size",
                Size=size,
                MaxSizeAllowed=METADATA_BYTES,
            )
        _, bucket = self._get_cross_account_bucket(context, request["Bucket"])
        locks = ("ObjectLockMode", "ObjectLockLegalHoldStatus", "ObjectLockRetainUntilDate")
        if any(request.get(name) for name in locks) and not bucket.object_lock_enabled:
            raise error("InvalidRequest", "Bucket is missing Object Lock Configuration")
        until = request.get("ObjectLockRetainUntilDate")
        if until and until <= datetime.now(UTC):
            raise error("InvalidArgument", "The retain until date must be in the future!")
        if request.get("WriteOffsetBytes") is not None:
            raise error(
                "NotImplemented",
                "A header you provided implies functionality that is not implemented",
                501,
                Header="x-amz-write-offset-bytes",
            )
        if request.get("ACL") not in ACLS_OF_OWNERS:
            self._check_acl(context, request)

    def _check_acl(self, context: RequestContext, request: Any) -> None:
        _, bucket = self._get_cross_account_bucket(context, request["Bucket"])
        names = ("ACL", "AccessControlPolicy", *(name for name in request if name.startswith("Grant")))
        given = any(request.get(name) for name in names)
        blocks = bucket.public_access_block or {}
        if (
            bucket.object_ownership != "BucketOwnerEnforced"
            and blocks.get("BlockPublicAcls")
            and is_public_acl(request)
        ):
            raise error(
                "AccessDenied",
                "Access Denied: public ACLs are prevented by the BlockPublicAcls setting in S3 Block Public Access.",
                403,
            )
        if given and bucket.object_ownership == "BucketOwnerEnforced":
            raise error("AccessControlListNotSupported", "The bucket does not allow ACLs")


def is_public_acl(request: Any) -> bool:
    """Return whether a request's ACL lets everyone in, or everyone with an account.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html
    """
    listed = [grant.get("Grantee") or {} for grant in (request.get("AccessControlPolicy") or {}).get("Grants") or []]
    grantees = [grantee.get("URI") or "" for grantee in listed]
    grantees += [str(value) for name, value in request.items() if name.startswith("Grant") and value]
    return request.get("ACL") in PUBLIC_ACLS or any(group in each for group in PUBLIC_GROUPS for each in grantees)


def check_tags(tags: dict[str, str], kind: str) -> None:
    """Refuse too many tags, and those that are too long."""
    limit = OBJECT_TAGS if kind == "object" else BUCKET_TAGS
    if len(tags) > limit:
        what = "Object tags" if kind == "object" else "Bucket tag count"
        raise error("BadRequest", f"{what} cannot be greater than {limit}")
    for key, value in tags.items():
        if not 1 <= len(key) <= TAG_KEY_LENGTH:
            raise error("InvalidTag", "The TagKey you have provided is invalid", TagKey=key)
        if len(value) > TAG_VALUE_LENGTH:
            raise error("InvalidTag", "The TagValue you have provided is invalid", TagKey=key, TagValue=value)


def get_object_of_valid_version(
    get_object: Any, self: S3Bucket, key: str, version_id: str | None = None, *args: Any, **kwargs: Any
) -> Any:
    """Find an object of a bucket, unless the version's id cannot be one."""
    if version_id and not VERSION_ID.fullmatch(version_id):
        raise error(
            "InvalidArgument",
            "Invalid version id specified",
            ArgumentName="versionId",
            ArgumentValue=version_id,
        )
    return get_object(self, key, version_id, *args, **kwargs)
