"""Lifecycle rules that S3 refuses, and ids for rules that have none.

LocalStack 4.14 checks no transition, takes rules without an action, and demands an id, which is optional.
Objects are neither moved nor deleted by a rule, here as in LocalStack.
"""

import itertools
import uuid
from typing import Any

from localstack.aws.api import RequestContext
from localstack.services.s3.provider import S3Provider

from .errors import error, malformed_xml

RULES, ID_LENGTH = 1000, 255
"""https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketLifecycleConfiguration.html"""

MINIMUM_DAYS = {"STANDARD_IA": 30, "ONEZONE_IA": 30}
"""Days in S3 Standard before these classes:
https://docs.aws.amazon.com/AmazonS3/latest/userguide/lifecycle-transition-general-considerations.html"""

MINIMUM_STAY = {**MINIMUM_DAYS, "GLACIER_IR": 90, "GLACIER": 90}
"""Days that an object stays in a class before the same rule may move it on, by the same page."""

WATERFALL = ("STANDARD_IA", "INTELLIGENT_TIERING", "ONEZONE_IA", "GLACIER_IR", "GLACIER", "DEEP_ARCHIVE")
"""Objects move down this list only, by the same page."""

NEVER = ("ONEZONE_IA", "GLACIER_IR")
"""The one move down the list that S3 does not make, by the same page."""

KEPT_VERSIONS = 100
"""https://docs.aws.amazon.com/AmazonS3/latest/API/API_NoncurrentVersionExpiration.html"""

ACTIONS = (
    "Expiration",
    "Transitions",
    "NoncurrentVersionExpiration",
    "NoncurrentVersionTransitions",
    "AbortIncompleteMultipartUpload",
)


class CheckedLifecycles(S3Provider):
    """An S3 provider that refuses lifecycle rules that cannot be."""

    def put_bucket_lifecycle_configuration(
        self, context: RequestContext, bucket: str, lifecycle_configuration: Any = None, **kwargs: Any
    ) -> Any:
        """Answer ``PutBucketLifecycleConfiguration``, unless a rule is refused."""
        rules = (lifecycle_configuration or {}).get("Rules") or []
        if not 1 <= len(rules) <= RULES:
            raise malformed_xml()
        for rule in rules:
            if "Filter" not in rule and "Prefix" in rule:
                # The old form of a filter, which S3 still takes.
                rule["Filter"] = {"Prefix": rule.pop("Prefix")}
            rule.setdefault("ID", uuid.uuid4().hex)
            check_rule(rule)
        ids = [rule["ID"] for rule in rules]
        if len(set(ids)) < len(ids):
            raise error("InvalidArgument", "Rule ID must be unique. Found same ID for more than one rule")
        return super().put_bucket_lifecycle_configuration(
            context, bucket, lifecycle_configuration=lifecycle_configuration, **kwargs
        )


def check_rule(rule: dict[str, Any]) -> None:
    """Refuse a rule that S3 refuses."""
    if len(rule["ID"]) > ID_LENGTH:
        raise error("InvalidArgument", f"ID length should not exceed allowed limit of {ID_LENGTH}")
    if rule.get("Status") not in ("Enabled", "Disabled") or "Filter" not in rule or "Prefix" in rule:
        raise malformed_xml()
    if not any(rule.get(action) for action in ACTIONS):
        raise error("InvalidRequest", "At least one action needs to be specified in a rule.")
    check_filter(rule)
    check_expiration(rule.get("Expiration") or {})
    check_counts(rule)
    check_transitions(rule.get("Transitions") or [], rule.get("Expiration") or {}, "Days")
    check_transitions(rule.get("NoncurrentVersionTransitions") or [], {}, "NoncurrentDays")


def check_filter(rule: dict[str, Any]) -> None:
    """Refuse a filter of two conditions without ``And``, an ``And`` of one, and actions that tags cannot choose."""
    chosen = rule["Filter"] or {}
    both = chosen.get("And")
    if len(chosen) > 1 or (both is not None and len(both) + max(0, len(both.get("Tags") or []) - 1) < 2):
        raise malformed_xml()
    if "Tag" in chosen or (both or {}).get("Tags"):
        if rule.get("AbortIncompleteMultipartUpload"):
            raise error("InvalidRequest", "AbortIncompleteMultipartUpload cannot be specified with Tags.")
        if (rule.get("Expiration") or {}).get("ExpiredObjectDeleteMarker"):
            raise error("InvalidRequest", "ExpiredObjectDeleteMarker cannot be specified with Tags.")


def check_expiration(expiration: dict[str, Any]) -> None:
    """Refuse an expiration of no days, or with more than one time."""
    if len(expiration) > 1:
        raise malformed_xml()
    if expiration.get("Days", 1) <= 0:
        raise error("InvalidArgument", "'Days' for Expiration action must be a positive integer")


def check_counts(rule: dict[str, Any]) -> None:
    """Refuse days and numbers of versions that are none, and moments that are not a day's beginning.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_NoncurrentVersionExpiration.html
    """
    noncurrent = rule.get("NoncurrentVersionExpiration") or {}
    for days, what in (
        (noncurrent.get("NoncurrentDays"), "'NoncurrentDays' for NoncurrentVersionExpiration action"),
        (
            (rule.get("AbortIncompleteMultipartUpload") or {}).get("DaysAfterInitiation"),
            "'DaysAfterInitiation' for AbortIncompleteMultipartUpload action",
        ),
    ):
        if days is not None and days <= 0:
            raise error("InvalidArgument", f"{what} must be a positive integer")
    kept = noncurrent.get("NewerNoncurrentVersions")
    if kept is not None and not 1 <= kept <= KEPT_VERSIONS:
        raise error(
            "InvalidArgument",
            f"'NewerNoncurrentVersions' for NoncurrentVersionExpiration action must be between 1 and {KEPT_VERSIONS}",
        )
    for each in (rule.get("Expiration") or {}, *(rule.get("Transitions") or [])):
        moment = each.get("Date")
        if moment is not None and (moment.hour, moment.minute, moment.second) != (0, 0, 0):
            raise error("InvalidArgument", "'Date' must be at midnight GMT")


def check_transitions(transitions: list[dict[str, Any]], expiration: dict[str, Any], unit: str) -> None:
    """Refuse transitions upward, too early, too close, twice to one class, or after the expiration.

    :param unit: the member that holds the days
    """
    seen: dict[str, int] = {}
    for each in transitions:
        storage_class, days = each.get("StorageClass"), each.get(unit)
        if storage_class not in WATERFALL or ("Date" in each) == (days is not None):
            raise malformed_xml()
        if storage_class in seen:
            raise error("InvalidArgument", f"'{storage_class}' may be the StorageClass of one Transition action only")
        seen[storage_class] = days if days is not None else 0
        if days is None:
            continue
        if days < 0:
            raise error("InvalidArgument", f"'{unit}' for Transition action must be nonnegative")
        least = MINIMUM_DAYS.get(storage_class, 0)
        if days < least:
            raise error(
                "InvalidArgument",
                f"'{unit}' in Transition action must be greater than or equal to {least} "
                f"for storageClass '{storage_class}'",
            )
        if "Days" in expiration and expiration["Days"] <= days:
            raise error(
                "InvalidArgument",
                "'Days' in the Expiration action must be greater than 'Days' in the Transition action",
            )
    if seen.keys() >= set(NEVER):
        raise error("InvalidArgument", f"Objects cannot be transitioned from '{NEVER[0]}' to '{NEVER[1]}'")
    if any(each.get(unit) is None for each in transitions):
        return
    ordered = sorted(seen, key=WATERFALL.index)
    for earlier, later in itertools.pairwise(ordered):
        gap = MINIMUM_STAY.get(earlier, 1)
        if seen[later] - seen[earlier] < gap:
            raise error(
                "InvalidArgument",
                f"'{unit}' in the Transition action for StorageClass '{later}' must be {gap} days more than "
                f"'{unit}' in the Transition action for StorageClass '{earlier}'",
            )
