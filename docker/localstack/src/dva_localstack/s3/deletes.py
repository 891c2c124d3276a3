"""Deletes with a condition, deletes that need a second factor, and batches that are too long.

LocalStack 4.14 answers 501 to a conditional delete, ignores the condition in a batch, and knows no MFA delete.
"""

from typing import Any

from localstack.aws.api import RequestContext
from localstack.services.s3.models import S3DeleteMarker
from localstack.services.s3.provider import S3Provider

from .errors import error, malformed_xml

BATCH_KEYS = 1000
"""https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html"""

MFA_NEEDED = "Mfa Authentication must be used for this request"


class ConditionalDeletes(S3Provider):
    """An S3 provider that deletes only what the caller has seen."""

    def delete_object(
        self,
        context: RequestContext,
        bucket: str,
        key: str,
        mfa: str | None = None,
        version_id: str | None = None,
        if_match: str | None = None,
        **kwargs: Any,
    ) -> Any:
        """Answer ``DeleteObject``, unless its condition fails."""
        _, s3_bucket = self._get_cross_account_bucket(context, bucket)
        if version_id and not mfa and needs_mfa(s3_bucket):
            raise error("AccessDenied", MFA_NEEDED, 403)
        with self._preconditions_locks[bucket][key]:
            if if_match:
                check_condition(s3_bucket, key, if_match)
            return super().delete_object(context, bucket, key, mfa=mfa, version_id=version_id, **kwargs)

    def delete_objects(
        self, context: RequestContext, bucket: str, delete: Any, mfa: str | None = None, **kwargs: Any
    ) -> Any:
        """Answer ``DeleteObjects``; what does not fulfill its condition is reported and kept."""
        _, s3_bucket = self._get_cross_account_bucket(context, bucket)
        wanted = delete.get("Objects") or []
        if not 1 <= len(wanted) <= BATCH_KEYS:
            raise malformed_xml()
        if not mfa and needs_mfa(s3_bucket) and any(each.get("VersionId") for each in wanted):
            raise error("AccessDenied", MFA_NEEDED, 403)
        passed, errors = [], []
        for each in wanted:
            try:
                if etag := each.get("ETag"):
                    check_condition(s3_bucket, each["Key"], etag)
            except Exception as failure:
                code, message = getattr(failure, "code", "InternalError"), str(failure)
                errors.append({"Key": each["Key"], "Code": code, "Message": message})
            else:
                passed.append(each)
        if not passed:
            return {"Errors": errors}
        answer = super().delete_objects(context, bucket, {**delete, "Objects": passed}, mfa=mfa, **kwargs)
        if errors:
            answer["Errors"] = [*answer.get("Errors", []), *errors]
        return answer

    def put_bucket_versioning(
        self,
        context: RequestContext,
        bucket: str,
        versioning_configuration: Any,
        mfa: str | None = None,
        **kwargs: Any,
    ) -> None:
        """Answer ``PutBucketVersioning``; a second factor guards MFA delete itself."""
        _, s3_bucket = self._get_cross_account_bucket(context, bucket)
        wanted = versioning_configuration.get("MFADelete")
        if not mfa and (wanted == "Enabled" or needs_mfa(s3_bucket)):
            raise error("AccessDenied", MFA_NEEDED, 403)
        super().put_bucket_versioning(context, bucket, versioning_configuration, mfa=mfa, **kwargs)
        if wanted:
            s3_bucket.mfa_delete = wanted

    def get_bucket_versioning(self, context: RequestContext, bucket: str, **kwargs: Any) -> Any:
        """Answer ``GetBucketVersioning``, with MFA delete where it was ever set."""
        answer = super().get_bucket_versioning(context, bucket, **kwargs)
        _, s3_bucket = self._get_cross_account_bucket(context, bucket)
        if setting := getattr(s3_bucket, "mfa_delete", None):
            answer["MFADelete"] = setting
        return answer


def needs_mfa(s3_bucket: Any) -> bool:
    """Return whether versions of a bucket are deleted with a second factor only."""
    return getattr(s3_bucket, "mfa_delete", None) == "Enabled"


def check_condition(s3_bucket: Any, key: str, etag: str) -> None:
    """Refuse to delete an object that is not what the caller has seen; ``*`` stands for any object.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-deletes.html
    """
    found = s3_bucket.objects.get(key)
    if found is None and etag != "*":
        raise error("NoSuchKey", "The specified key does not exist.", 404, Key=key)
    is_object = found is not None and not isinstance(found, S3DeleteMarker)
    if not is_object or (etag != "*" and found.etag.strip('"') != etag.strip('"')):
        raise error(
            "PreconditionFailed",
            "At least one of the pre-conditions you specified did not hold",
            412,
            Condition="If-Match",
        )
