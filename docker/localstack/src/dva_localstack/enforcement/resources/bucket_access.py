"""Who may use a bucket by its own policy and access control lists, and what Block Public Access takes away.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html
https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html
"""

import json
from collections.abc import Mapping
from typing import Any

from dva_localstack.iam.identities import parsed
from dva_localstack.policy import Policy

from . import buckets

GROUPS = "http://acs.amazonaws.com/groups/global/"
ALL_USERS, AUTHENTICATED_USERS = f"{GROUPS}AllUsers", f"{GROUPS}AuthenticatedUsers"

BUCKET_ACTIONS = {
    "READ": ["s3:ListBucket", "s3:ListBucketVersions", "s3:ListBucketMultipartUploads"],
    "READ_ACP": ["s3:GetBucketAcl"],
    "WRITE": ["s3:PutObject"],
    "WRITE_ACP": ["s3:PutBucketAcl"],
}
OBJECT_ACTIONS = {
    "READ": ["s3:GetObject", "s3:GetObjectVersion"],
    "READ_ACP": ["s3:GetObjectAcl", "s3:GetObjectVersionAcl"],
    "WRITE_ACP": ["s3:PutObjectAcl", "s3:PutObjectVersionAcl"],
}
"""What an ACL's permissions allow: https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html#permissions"""


def policy(arn: str) -> Policy | None:
    """Return the policy that counts for a bucket or object: the bucket's, and statements for what ACLs grant."""
    name, _, key = arn.split(":", 5)[5].partition("/")
    bucket = buckets.find(name)
    if bucket is None:
        return None
    block: Mapping[str, bool] = bucket.public_access_block or {}
    text = buckets.policy(name)
    try:
        document = parsed(text) if text else {"Version": "2012-10-17", "Statement": []}
    except json.JSONDecodeError:
        document = {"Version": "2012-10-17", "Statement": []}
    statements = document.get("Statement", [])
    own: list[Any] = list(statements) if isinstance(statements, list) else [statements]
    if block.get("RestrictPublicBuckets") and any(is_public(each) for each in own):
        own = [*(restricted(each, bucket.bucket_account_id) for each in own)]
    granted = acl_statements(bucket, arn, key, bool(block.get("IgnorePublicAcls")))
    if not own and not granted:
        return None
    return Policy(f"bucket policy of {name!r}", {**document, "Statement": [*own, *granted]})


def is_public(statement: Mapping[str, Any]) -> bool:
    """Tell whether a statement lets everybody in, with no condition that names who or where."""
    from dva_localstack.s3.policies import lets_everyone

    return lets_everyone(dict(statement))


def restricted(statement: Mapping[str, Any], account: str) -> Mapping[str, Any]:
    """Return a public statement cut down to the bucket owner's account and to services, others unchanged."""
    if statement.get("Effect") != "Allow" or not is_public(statement):
        return statement
    return {**statement, "Principal": {"AWS": f"arn:aws:iam::{account}:root", "Service": "*"}}


def acl_statements(bucket: Any, arn: str, key: str, ignore_public: bool) -> list[dict[str, Any]]:
    """Return statements for the grants of a bucket's ACL, or of an object's and what the bucket's says of objects."""
    if bucket.object_ownership in (None, "BucketOwnerEnforced"):
        return []
    item = buckets.current(bucket, key, None) if key else None
    acl = getattr(item, "acl", None) if key else bucket.acl
    table = OBJECT_ACTIONS if key else BUCKET_ACTIONS
    found = [*grants(acl, table, ignore_public)]
    if key:
        found += [
            each for each in grants(bucket.acl, BUCKET_ACTIONS, ignore_public) if "s3:PutObject" in each["Action"]
        ]
    return [{**each, "Resource": arn} for each in found]


def grants(acl: Any, table: Mapping[str, list[str]], ignore_public: bool) -> list[dict[str, Any]]:
    """Return a statement for each grant of an ACL to a public group."""
    found = []
    for grant in (acl or {}).get("Grants", ()):
        group = grant["Grantee"].get("URI")
        if group not in (ALL_USERS, AUTHENTICATED_USERS) or ignore_public:
            continue
        permission = grant["Permission"]
        actions = (
            [each for every in table.values() for each in every]
            if permission == "FULL_CONTROL"
            else table.get(permission)
        )
        condition = {} if group == ALL_USERS else {"Null": {"aws:PrincipalAccount": "false"}}
        found.append(
            {
                "Sid": f"ACL {permission}",
                "Effect": "Allow",
                "Principal": "*",
                "Action": actions or [],
                "Condition": condition,
            }
        )
    return found
