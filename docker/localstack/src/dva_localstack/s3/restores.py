"""Restores from an archive by a tier that the archive has.

LocalStack 4.14 takes any tier. A restore is done at once, here as in LocalStack.
"""

from typing import Any

from localstack.aws.api import RequestContext
from localstack.services.s3.provider import S3Provider

from .errors import error, malformed_xml

TIERS = {"GLACIER": ("Expedited", "Standard", "Bulk"), "DEEP_ARCHIVE": ("Standard", "Bulk")}
"""https://docs.aws.amazon.com/AmazonS3/latest/userguide/restoring-objects-retrieval-options.html"""


class CheckedRestores(S3Provider):
    """An S3 provider that refuses restores that cannot be."""

    def restore_object(
        self,
        context: RequestContext,
        bucket: str,
        key: str,
        version_id: str | None = None,
        restore_request: Any = None,
        **kwargs: Any,
    ) -> Any:
        """Answer ``RestoreObject``, unless the archive has no such tier."""
        _, s3_bucket = self._get_cross_account_bucket(context, bucket)
        found = s3_bucket.get_object(key=key, version_id=version_id, http_method="GET")
        wanted = restore_request or {}
        tier = (wanted.get("GlacierJobParameters") or {}).get("Tier") or wanted.get("Tier") or "Standard"
        if tier not in TIERS["GLACIER"] or wanted.get("Days", 1) < 1:
            raise malformed_xml()
        if tier not in TIERS.get(found.storage_class, TIERS["GLACIER"]):
            raise error("InvalidArgument", f"{tier} retrievals are not supported for {found.storage_class} objects.")
        return super().restore_object(
            context, bucket, key, version_id=version_id, restore_request=restore_request, **kwargs
        )
