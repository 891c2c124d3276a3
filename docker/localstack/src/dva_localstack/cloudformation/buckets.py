"""Buckets that are private unless a template says otherwise."""

from typing import Any

from localstack.services.s3.resource_providers.aws_s3_bucket import S3BucketProvider


class Bucket(S3BucketProvider):
    """Fault: a bucket was made with a public ACL, which S3 has refused by default since April 2023.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-s3-bucket.html
    """

    def _create_bucket_if_does_not_exist(self, model: Any, region_name: str, s3_client: Any) -> None:
        rules = (model.get("OwnershipControls") or {}).get("Rules") or []
        super()._create_bucket_if_does_not_exist(
            {**model, "AccessControl": model.get("AccessControl") or "Private"},
            region_name,
            Owned(s3_client, rules[0]["ObjectOwnership"]) if rules else s3_client,
        )


class Owned:
    """An S3 client that creates buckets with an object ownership."""

    def __init__(self, client: Any, ownership: str) -> None:
        self._client, self._ownership = client, ownership

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def create_bucket(self, **given: Any) -> Any:
        """Create a bucket."""
        return self._client.create_bucket(ObjectOwnership=self._ownership, **given)
