"""Settings of S3 buckets: each property is an operation, and another one takes it back."""

import contextlib
from typing import Any

from localstack.services.cloudformation.resource_provider import OperationStatus, ProgressEvent, ResourceRequest
from localstack.services.s3.resource_providers.aws_s3_bucket import S3BucketProvider

from ..convert import call
from ..tags import as_list, as_map

OPERATIONS = {
    "AccelerateConfiguration": ("put_bucket_accelerate_configuration", ""),
    "AccessControl": ("put_bucket_acl", ""),
    "BucketEncryption": ("put_bucket_encryption", "delete_bucket_encryption"),
    "CorsConfiguration": ("put_bucket_cors", "delete_bucket_cors"),
    "LifecycleConfiguration": ("put_bucket_lifecycle_configuration", "delete_bucket_lifecycle"),
    "LoggingConfiguration": ("put_bucket_logging", "put_bucket_logging"),
    "NotificationConfiguration": (
        "put_bucket_notification_configuration",
        "put_bucket_notification_configuration",
    ),
    "ObjectLockConfiguration": ("put_object_lock_configuration", ""),
    "OwnershipControls": ("put_bucket_ownership_controls", "delete_bucket_ownership_controls"),
    "PublicAccessBlockConfiguration": ("put_public_access_block", "delete_public_access_block"),
    "ReplicationConfiguration": ("put_bucket_replication", "delete_bucket_replication"),
    "Tags": ("put_bucket_tagging", "delete_bucket_tagging"),
    "VersioningConfiguration": ("put_bucket_versioning", "put_bucket_versioning"),
    "WebsiteConfiguration": ("put_bucket_website", "delete_bucket_website"),
}
"""Properties to the operation that sets them, and the one for a property that left.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-s3-bucket.html
"""

AT_CREATION = ("AccessControl", "CorsConfiguration", "ObjectLockConfiguration", "OwnershipControls", "Tags")
"""Properties that LocalStack's provider sets itself, and rightly."""


class Bucket(S3BucketProvider):
    """Faults: half of a bucket's settings were ignored, none could be changed, and a full bucket was emptied.

    A bucket was made with a public ACL, too, which S3 has refused by default since April 2023.
    """

    def _create_bucket_if_does_not_exist(self, model: Any, region_name: str, s3_client: Any) -> None:
        rules = (model.get("OwnershipControls") or {}).get("Rules") or []
        super()._create_bucket_if_does_not_exist(
            {**model, "AccessControl": model.get("AccessControl") or "Private"},
            region_name,
            Owned(s3_client, rules[0]["ObjectOwnership"]) if rules else s3_client,
        )

    def create(self, request: ResourceRequest[Any]) -> ProgressEvent[Any]:
        """Create a bucket with its settings."""
        later = {name: value for name, value in request.desired_state.items() if name in OPERATIONS}
        now = {name: value for name, value in request.desired_state.items() if name not in later or name in AT_CREATION}
        request.desired_state = now
        event = super().create(request)
        event.resource_model = {**(event.resource_model or {}), **later}
        self.settle(request, now, event.resource_model)
        return event

    def update(self, request: ResourceRequest[Any]) -> ProgressEvent[Any]:
        """Change a bucket's settings."""
        before: dict[str, Any] = dict(request.previous_state or {})
        model = {name: value for name, value in before.items() if name not in OPERATIONS} | dict(request.desired_state)
        model["BucketName"] = before["BucketName"]
        self.settle(request, before, model)
        return ProgressEvent(OperationStatus.SUCCESS, resource_model=model)

    def delete(self, request: ResourceRequest[Any]) -> ProgressEvent[Any]:
        """Delete a bucket; S3 refuses one that has objects."""
        client = request.aws_client_factory.s3
        with contextlib.suppress(client.exceptions.NoSuchBucket):
            client.delete_bucket(Bucket=request.desired_state["BucketName"])
        return ProgressEvent(OperationStatus.SUCCESS, resource_model={})

    def settle(self, request: ResourceRequest[Any], before: dict[str, Any], after: dict[str, Any]) -> None:
        """Bring a bucket's settings from one model to another."""
        client, bucket = request.aws_client_factory.s3, after["BucketName"]
        for name, (put, undo) in OPERATIONS.items():
            value = after.get(name)
            if value == before.get(name):
                continue
            if value is not None:
                call(client, put, {"Bucket": bucket, **self.parameters(name, value, after)})
            elif undo:
                call(client, undo, {"Bucket": bucket, **NOTHING.get(name, {})})

    def parameters(self, name: str, value: Any, model: dict[str, Any]) -> dict[str, Any]:
        """Return a property as S3's operation wants it."""
        match name:
            case "AccessControl":
                return {"ACL": self._convert_acl_cf_to_s3(value)}
            case "BucketEncryption":
                rules = [
                    {
                        "ApplyServerSideEncryptionByDefault": rule.get("ServerSideEncryptionByDefault"),
                        "BucketKeyEnabled": rule.get("BucketKeyEnabled"),
                    }
                    for rule in value["ServerSideEncryptionConfiguration"]
                ]
                return {"ServerSideEncryptionConfiguration": {"Rules": rules}}
            case "CorsConfiguration":
                return {"CORSConfiguration": self._transform_cfn_cors(value)}
            case "LifecycleConfiguration":
                return {"LifecycleConfiguration": {"Rules": [lifecycle_rule(rule) for rule in value["Rules"]]}}
            case "LoggingConfiguration":
                enabled = {
                    "TargetBucket": value.get("DestinationBucketName") or model["BucketName"],
                    "TargetPrefix": value.get("LogFilePrefix") or "",
                }
                return {"BucketLoggingStatus": {"LoggingEnabled": enabled}}
            case "NotificationConfiguration":
                given = self._get_s3_bucket_notification_config(model) or {}
                if "EventBridgeConfiguration" in value:
                    given["NotificationConfiguration"]["EventBridgeConfiguration"] = {}
                return given
            case "Tags":
                return {"Tagging": {"TagSet": as_list(as_map(value))}}
            case "WebsiteConfiguration":
                return {name: self._transform_website_configuration(value)}
        return {name: value}


NOTHING: dict[str, dict[str, Any]] = {
    "LoggingConfiguration": {"BucketLoggingStatus": {}},
    "NotificationConfiguration": {"NotificationConfiguration": {}},
    "VersioningConfiguration": {"VersioningConfiguration": {"Status": "Suspended"}},
}
"""Parameters by which a setting is taken back where S3 has no operation for that."""


def lifecycle_rule(rule: dict[str, Any]) -> dict[str, Any]:
    """Return a rule of a template as S3's API wants it.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-s3-bucket-rule.html
    """
    names = {"Date": "ExpirationDate", "Days": "ExpirationInDays"}
    names["ExpiredObjectDeleteMarker"] = "ExpiredObjectDeleteMarker"
    expiration = {api: rule[own] for api, own in names.items() if rule.get(own) is not None}
    matches: dict[str, Any] = {
        name: rule[name] for name in ("Prefix", "ObjectSizeGreaterThan", "ObjectSizeLessThan") if name in rule
    }
    tags = rule.get("TagFilters") or []
    if len(matches) + len(tags) > 1:
        chosen: dict[str, Any] = {"And": {**matches, **({"Tags": tags} if tags else {})}}
    else:
        chosen = {**matches, **({"Tag": tags[0]} if tags else {})}
    moves = [*(rule.get("Transitions") or []), *([rule["Transition"]] if "Transition" in rule else [])]
    old_moves = [
        *(rule.get("NoncurrentVersionTransitions") or []),
        *([rule["NoncurrentVersionTransition"]] if "NoncurrentVersionTransition" in rule else []),
    ]
    old_expiration = rule.get("NoncurrentVersionExpiration")
    if days := rule.get("NoncurrentVersionExpirationInDays"):
        old_expiration = {"NoncurrentDays": days}
    made = {
        "ID": rule.get("Id"),
        "Status": rule["Status"],
        "Filter": chosen or {"Prefix": ""},
        "Expiration": expiration or None,
        "Transitions": [
            {
                "StorageClass": move["StorageClass"],
                "Days": move.get("TransitionInDays"),
                "Date": move.get("TransitionDate"),
            }
            for move in moves
        ]
        or None,
        "NoncurrentVersionExpiration": old_expiration,
        "NoncurrentVersionTransitions": [{**move, "NoncurrentDays": move["TransitionInDays"]} for move in old_moves]
        or None,
        "AbortIncompleteMultipartUpload": rule.get("AbortIncompleteMultipartUpload"),
    }
    return {name: value for name, value in made.items() if value is not None}


class Owned:
    """An S3 client that creates buckets with an object ownership."""

    def __init__(self, client: Any, ownership: str) -> None:
        self._client, self._ownership = client, ownership

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def create_bucket(self, **given: Any) -> Any:
        """Create a bucket."""
        return self._client.create_bucket(ObjectOwnership=self._ownership, **given)
