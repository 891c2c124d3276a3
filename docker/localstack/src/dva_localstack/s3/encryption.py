"""SSE-KMS: the key of a new object.

Faults of LocalStack 4.14.0: the key of an alias gets an ARN that does not exist; the AWS managed key is a customer's
key; an object has a KMS key also where AES256 was asked for.
"""

from typing import Any

from localstack.aws.api import RequestContext, handler
from localstack.services.s3 import provider as original
from localstack.services.s3.models import S3Bucket

from dva_localstack.enforcement.resources import kms_keys
from dva_localstack.kms import managed

from .errors import error

DEFAULT_KEY = "alias/aws/s3"
KMS = frozenset({"aws:kms", "aws:kms:dsse"})


def key_arn(bucket: S3Bucket, key: str | None) -> str:
    """Return the ARN of a key that is given in any of the ways of KMS; of the AWS managed key where none is given."""
    account, region = bucket.bucket_account_id, bucket.bucket_region
    managed.make(key or DEFAULT_KEY, account, region)
    return kms_keys.arn(key or DEFAULT_KEY, account, region)


def managed_key(account_id: str, region_name: str) -> str:
    """Return the ARN of an account's AWS managed key for S3."""
    managed.make(DEFAULT_KEY, account_id, region_name)
    return kms_keys.arn(DEFAULT_KEY, account_id, region_name)


class KmsEncryption(original.S3Provider):
    """An S3 provider that knows which KMS key it uses."""

    def on_after_init(self) -> None:
        """Replace what makes the key where none is named: forms of browsers come by it."""
        super().on_after_init()
        original.create_s3_kms_managed_key_for_region = managed_key

    @handler("PutObject", expand=False)
    def put_object(self, context: RequestContext, request: Any) -> Any:
        """Answer ``PutObject``."""
        self._name_key(context, request)
        return super().put_object(context, request)

    @handler("CreateMultipartUpload", expand=False)
    def create_multipart_upload(self, context: RequestContext, request: Any) -> Any:
        """Answer ``CreateMultipartUpload``."""
        self._name_key(context, request)
        return super().create_multipart_upload(context, request)

    @handler("CopyObject", expand=False)
    def copy_object(self, context: RequestContext, request: Any) -> Any:
        """Answer ``CopyObject``."""
        self._name_key(context, request)
        return super().copy_object(context, request)

    def _name_key(self, context: RequestContext, request: Any) -> None:
        _, bucket = self._get_cross_account_bucket(context, request["Bucket"])
        if request.get("SSECustomerKey"):
            return
        rule: Any = bucket.encryption_rule or {}
        default = rule.get("ApplyServerSideEncryptionByDefault") or {}
        asked = request.get("ServerSideEncryption")
        if request.get("SSEKMSKeyId") and asked not in KMS:
            raise error(
                "InvalidArgument",
                "Server Side Encryption with AWS KMS managed key requires HTTP header "
                "x-amz-server-side-encryption : aws:kms",
                ArgumentName="x-amz-server-side-encryption",
                ArgumentValue=asked or "null",
            )
        if (asked or default.get("SSEAlgorithm")) in KMS:
            request["SSEKMSKeyId"] = key_arn(bucket, request.get("SSEKMSKeyId") or default.get("KMSMasterKeyID"))
