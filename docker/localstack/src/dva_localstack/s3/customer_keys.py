"""Encryption that a request must not ask for.

LocalStack 4.14 takes encryption with keys of the customer (SSE-C), which S3 blocks in new buckets since April 2026, and
encryption methods that do not exist.
"""

from typing import Any

from localstack.aws.api import RequestContext, handler
from localstack.services.s3.provider import S3Provider

from .errors import error

METHODS = ("AES256", "aws:fsx", "aws:kms", "aws:kms:dsse")
"""https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html"""

BLOCKED_BY_DEFAULT = {"EncryptionType": ["SSE-C"]}
"""https://docs.aws.amazon.com/AmazonS3/latest/userguide/default-s3-c-encryption-setting-faq.html"""


class CheckedEncryption(S3Provider):
    """An S3 provider that encrypts as the bucket allows."""

    @handler("PutObject", expand=False)
    def put_object(self, context: RequestContext, request: Any) -> Any:
        """Answer ``PutObject``, unless its encryption is refused."""
        self._check_encryption(context, request)
        return super().put_object(context, request)

    @handler("CopyObject", expand=False)
    def copy_object(self, context: RequestContext, request: Any) -> Any:
        """Answer ``CopyObject``, unless its encryption is refused."""
        self._check_encryption(context, request)
        return super().copy_object(context, request)

    @handler("CreateMultipartUpload", expand=False)
    def create_multipart_upload(self, context: RequestContext, request: Any) -> Any:
        """Answer ``CreateMultipartUpload``, unless its encryption is refused."""
        self._check_encryption(context, request)
        return super().create_multipart_upload(context, request)

    def _check_encryption(self, context: RequestContext, request: Any) -> None:
        method = request.get("ServerSideEncryption")
        if method and method not in METHODS:
            raise error(
                "InvalidArgument",
                "The encryption method specified is not supported",
                ArgumentName="x-amz-server-side-encryption",
                ArgumentValue=method,
            )
        _, bucket = self._get_cross_account_bucket(context, request["Bucket"])
        if request.get("SSECustomerAlgorithm") and "SSE-C" in blocked(bucket)["EncryptionType"]:
            raise error(
                "AccessDenied",
                "Access Denied: this bucket has blocked upload requests that specify Server Side Encryption with "
                "Customer provided keys (SSE-C). Please specify a different server-side encryption type.",
                403,
            )

    def get_bucket_encryption(self, context: RequestContext, bucket: str, **kwargs: Any) -> Any:
        """Answer ``GetBucketEncryption``, with what is blocked."""
        answer = super().get_bucket_encryption(context, bucket, **kwargs)
        _, s3_bucket = self._get_cross_account_bucket(context, bucket)
        rules = (answer.get("ServerSideEncryptionConfiguration") or {}).get("Rules") or []
        shown = [{**rule, "BlockedEncryptionTypes": blocked(s3_bucket)} for rule in rules]
        return {"ServerSideEncryptionConfiguration": {"Rules": shown}} if shown else answer

    def put_bucket_encryption(
        self, context: RequestContext, bucket: str, server_side_encryption_configuration: Any, **kwargs: Any
    ) -> None:
        """Answer ``PutBucketEncryption``; what is blocked stays so unless the request says otherwise."""
        super().put_bucket_encryption(context, bucket, server_side_encryption_configuration, **kwargs)
        _, s3_bucket = self._get_cross_account_bucket(context, bucket)
        if wanted := server_side_encryption_configuration["Rules"][0].get("BlockedEncryptionTypes"):
            s3_bucket.blocked_encryption = wanted


def blocked(s3_bucket: Any) -> dict[str, list[str]]:
    """Return which types of encryption a bucket refuses for new objects."""
    return getattr(s3_bucket, "blocked_encryption", BLOCKED_BY_DEFAULT)
