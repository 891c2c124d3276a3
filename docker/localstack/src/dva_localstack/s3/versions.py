"""The null version is the newest when it was written last.

LocalStack 4.14 writes a null version where an older one was: in a bucket with suspended versioning, a new object or a
delete marker stays hidden behind the versions that came in between.
"""

from typing import Any

from localstack.services.s3.models import VersionedKeyStore
from localstack.services.s3.provider import S3Provider
from localstack.utils.patch import patch


class OrderedVersions(S3Provider):
    """An S3 provider whose current version is the one written last."""

    def on_after_init(self) -> None:
        """Patch where LocalStack keeps versions."""
        super().on_after_init()
        patch(VersionedKeyStore.set)(set_last)


def set_last(original: Any, self: VersionedKeyStore, object_key: str, s3_object: Any) -> None:
    """Keep a version as the newest, in place of one with the same id.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/AddingObjectstoVersionSuspendedBuckets.html
    """
    current = self.get(object_key)
    if current is not None:
        current.is_current = False
    self._store[object_key].pop(s3_object.version_id, None)
    original(self, object_key, s3_object)
