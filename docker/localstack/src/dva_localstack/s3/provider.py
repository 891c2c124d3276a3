"""LocalStack's S3 provider with our repairs."""

from localstack.aws.api import RequestContext, handler
from localstack.services.plugins import Service
from localstack.services.s3.provider import S3Provider

from .answers import WholeAnswers
from .buckets import CheckedBuckets
from .customer_keys import CheckedEncryption
from .deletes import ConditionalDeletes
from .encryption import KmsEncryption
from .errors import error
from .lifecycle import CheckedLifecycles
from .links import CheckedLinks
from .notifications import UnambiguousNotifications
from .policies import CheckedPolicies
from .restores import CheckedRestores
from .uploads import CheckedUploads
from .versions import OrderedVersions
from .website import PathWebsites


class CourseS3Provider(
    CheckedEncryption,
    CheckedUploads,
    KmsEncryption,
    ConditionalDeletes,
    CheckedBuckets,
    CheckedLifecycles,
    CheckedLinks,
    CheckedPolicies,
    CheckedRestores,
    OrderedVersions,
    PathWebsites,
    UnambiguousNotifications,
    WholeAnswers,
    S3Provider,
):
    """LocalStack's provider, mended; each base says which fault it mends."""

    @handler("SelectObjectContent", expand=False)
    def select_object_content(self, context: RequestContext, request: object) -> None:
        """Refuse ``SelectObjectContent`` as for every account that did not use it before July 2024.

        https://docs.aws.amazon.com/AmazonS3/latest/userguide/selecting-content-from-objects.html
        """
        raise error(
            "MethodNotAllowed", "The specified method is not allowed against this resource.", 405, ResourceType="OBJECT"
        )


def create_service() -> Service:
    """Return the S3 service."""
    return Service.for_provider(CourseS3Provider())
