"""What this server supports, told from what is installed instead of from LocalStack's web service.

LocalStack 4.14.0 downloads the list of what its editions support, at the first stack that is created and the first
unknown operation, and without an answer it refuses every CloudFormation resource as unsupported.
"""

from localstack.utils.catalog.catalog import CatalogPlugin
from localstack.utils.catalog.common import (
    AwsServicesSupportInLatest,
    CloudFormationResourcesSupportAtRuntime,
    CloudFormationResourcesSupportInLatest,
)


class InstalledCatalog(CatalogPlugin):
    """The catalog of the installed service providers and resource types."""

    # LocalStack prefers a catalog of this name to its own downloading one.
    name = "aws-catalog-remote-state-with-license"

    def get_aws_service_status(
        self, service_name: str, operation_name: str | None = None
    ) -> AwsServicesSupportInLatest | None:
        """Return None for an installed service: it is known, nothing is known of its single operations."""
        return None if service_name in self._get_services_at_runtime() else AwsServicesSupportInLatest.NOT_SUPPORTED

    def get_cloudformation_resource_status(
        self, resource_name: str, service_name: str, is_pro_resource: bool = False
    ) -> CloudFormationResourcesSupportAtRuntime | CloudFormationResourcesSupportInLatest:
        """Say whether a resource type is installed, with LocalStack or with us."""
        from dva_localstack.cloudformation import registry

        if registry.find(resource_name) or resource_name in self._get_cfn_resources_available_at_runtime():
            return CloudFormationResourcesSupportAtRuntime.AVAILABLE
        return CloudFormationResourcesSupportInLatest.NOT_SUPPORTED
