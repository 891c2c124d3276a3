"""Bucket policies that S3 refuses, and those that are public.

LocalStack 4.14 keeps any JSON object for a policy, has no ``GetBucketPolicyStatus``, and lets a public policy through
where the bucket blocks those. Who may do what by a policy is decided elsewhere.
"""

import functools
import json
import re
from typing import Any

from localstack.aws.api import RequestContext
from localstack.aws.spec import load_service
from localstack.services.s3.provider import S3Provider

from dva_localstack.iam import identities

from .errors import error

POLICY_BYTES = 20 * 1024
"""https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketPolicy.html"""

ELEMENTS = {"Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition"}
"""https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements.html"""

OPERATORS = re.compile(
    r"(ForA(ny|ll)(Value|Values):)?(String(Not)?(Equals|Like|EqualsIgnoreCase)|Numeric(Not)?Equals|"
    r"(Numeric|Date)(LessThan|GreaterThan)(Equals)?|Date(Not)?Equals|Bool|BinaryEquals|(Not)?IpAddress|"
    r"Arn(Not)?(Equals|Like))(IfExists)?|Null"
)
"""https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html"""

PRINCIPAL = re.compile(
    r"\*|\d{12}|arn:aws:(iam|sts)::(\d{12}|cloudfront):[\w+=,.@/-]+(/\*)?|A[A-Z]IA[A-Z0-9]{12,}|AROA\w+|AIDA\w+"
)
"""Accounts, ARNs and the unique ids that stand for deleted ones."""

NARROWING = {
    "aws:PrincipalArn",
    "aws:PrincipalOrgID",
    "aws:SourceArn",
    "aws:SourceAccount",
    "aws:SourceIp",
    "aws:SourceOrgID",
    "aws:SourceVpc",
    "aws:SourceVpce",
    "aws:userid",
    "aws:PrincipalAccount",
    "s3:DataAccessPointAccount",
    "s3:DataAccessPointArn",
}
"""Keys whose fixed values make a policy for everyone not public:
https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html"""


class CheckedPolicies(S3Provider):
    """An S3 provider that keeps only bucket policies that can be judged."""

    def put_bucket_policy(self, context: RequestContext, bucket: str, policy: str, **kwargs: Any) -> None:
        """Answer ``PutBucketPolicy``, unless the policy is malformed, or public where that is blocked."""
        _, s3_bucket = self._get_cross_account_bucket(context, bucket)
        document = parsed(policy)
        for statement in statements(document):
            check_statement(statement, bucket)
        if identities.missing_in(document):
            raise malformed("Invalid principal in policy")
        block = s3_bucket.public_access_block or {}
        if block.get("BlockPublicPolicy") and is_public(document):
            raise error(
                "AccessDenied",
                f"User: arn:aws:iam::{context.account_id}:root is not authorized to perform: s3:PutBucketPolicy on "
                f'resource: "arn:aws:s3:::{bucket}" because public policies are prevented by the BlockPublicPolicy '
                "setting in S3 Block Public Access.",
                403,
            )
        super().put_bucket_policy(context, bucket, policy, **kwargs)

    def get_bucket_policy_status(self, context: RequestContext, bucket: str, **kwargs: Any) -> Any:
        """Answer ``GetBucketPolicyStatus``."""
        policy = self.get_bucket_policy(context, bucket)["Policy"]
        return {"PolicyStatus": {"IsPublic": is_public(json.loads(policy))}}


def malformed(message: str) -> Exception:
    """Return the error for a policy that is none."""
    return error("MalformedPolicy", message)


def listed(value: Any) -> list[Any]:
    """Return a value that may stand alone as a list."""
    return value if isinstance(value, list) else [value]


def parsed(policy: str) -> dict[str, Any]:
    """Return a policy's document."""
    if len(policy.encode()) > POLICY_BYTES:
        raise malformed("Policy exceeds the maximum allowed document size.")
    try:
        document = json.loads(policy)
    except ValueError:
        document = None
    if not isinstance(document, dict):
        raise malformed("Policies must be valid JSON and the first byte must be '{'")
    if document.get("Version", "2008-10-17") not in ("2008-10-17", "2012-10-17"):
        raise malformed("The policy must contain a valid version string")
    if not document.get("Statement"):
        raise malformed("Missing required field Statement")
    if unknown := set(document) - {"Version", "Id", "Statement"}:
        raise malformed(f"Unknown field {min(unknown)}")
    return document


def statements(document: dict[str, Any]) -> list[dict[str, Any]]:
    """Return a policy's statements."""
    return listed(document["Statement"])


def check_statement(statement: Any, bucket: str) -> None:
    """Refuse a statement that S3 refuses in the policy of ``bucket``."""
    if not isinstance(statement, dict):
        raise malformed("Syntax errors in policy.")
    if unknown := set(statement) - ELEMENTS:
        raise malformed(f"Unknown field {min(unknown)}")
    if statement.get("Effect") not in ("Allow", "Deny"):
        raise malformed(f"Invalid effect: {statement.get('Effect')}")
    for name in ("Principal", "Action", "Resource"):
        if (name in statement) == (f"Not{name}" in statement):
            raise malformed(f"Missing required field {name}")
    check_principal(statement.get("Principal", statement.get("NotPrincipal")))
    for operator in statement.get("Condition") or {}:
        if not OPERATORS.fullmatch(operator):
            raise malformed(f"Invalid Condition type : {operator}")
    resources = listed(statement.get("Resource", statement.get("NotResource")))
    for resource in resources:
        pattern = r"arn:aws:s3:::" + re.escape(bucket) + r"(/.*)?"
        if (
            resource != "*"
            and not re.fullmatch(pattern, str(resource), re.DOTALL)
            and "*" not in resource.split("/")[0]
        ):
            raise malformed("Policy has invalid resource")
    for action in listed(statement.get("Action", statement.get("NotAction"))):
        check_action(str(action), resources)


def check_principal(principal: Any) -> None:
    """Refuse a principal that names no one."""
    if principal == "*":
        return
    if not isinstance(principal, dict) or not principal:
        raise malformed("Invalid policy syntax.")
    for kind, names in principal.items():
        if kind not in ("AWS", "Service", "Federated", "CanonicalUser"):
            raise malformed("Invalid policy syntax.")
        if kind == "AWS" and not all(PRINCIPAL.fullmatch(str(name)) for name in listed(names)):
            raise malformed("Invalid principal in policy")


def check_action(action: str, resources: list[str]) -> None:
    """Refuse an action that S3 has not, or one that does not go with any of the resources."""
    if action == "*":
        return
    if "*" in action or "?" in action:
        if not action.lower().startswith("s3:"):
            raise malformed("Policy has invalid action")
        return
    if action.lower() not in actions():
        raise malformed("Policy has invalid action")
    of_bucket = action.startswith("s3:List") and action != "s3:ListMultipartUploadParts"
    needed = [resource for resource in resources if resource == "*" or ("/" in resource) != of_bucket]
    if not needed and (of_bucket or action in ("s3:GetObject", "s3:PutObject", "s3:DeleteObject")):
        raise malformed("Action does not apply to any resource(s) in statement")


@functools.cache
def actions() -> set[str]:
    """Return S3's actions in lower case: those named as an operation, and those that are not."""
    operations = set(load_service("s3").operation_names)
    names = operations | {f"{name}Version" for name in operations if "Object" in name}
    names |= {re.sub(r"ObjectTagging$", "ObjectVersionTagging", name) for name in names}
    names |= {re.sub(r"ObjectAcl$", "ObjectVersionAcl", name) for name in names}
    return {f"s3:{name}".lower() for name in names | set(ACTIONS_WITHOUT_OPERATION.split())}


ACTIONS_WITHOUT_OPERATION = """
AbortMultipartUpload BypassGovernanceRetention DeleteObjectVersionTagging GetAccelerateConfiguration
GetAnalyticsConfiguration GetBucketCORS GetBucketLogging GetBucketNotification GetBucketObjectLockConfiguration
GetBucketPublicAccessBlock GetEncryptionConfiguration GetIntelligentTieringConfiguration GetInventoryConfiguration
GetLifecycleConfiguration GetMetricsConfiguration GetObjectVersionForReplication GetObjectVersionTorrent
GetReplicationConfiguration InitiateReplication ListBucket ListBucketMultipartUploads ListBucketVersions
ListMultipartUploadParts ListAllMyBuckets ObjectOwnerOverrideToBucketOwner PutAccelerateConfiguration
PutAnalyticsConfiguration PutBucketCORS PutBucketNotification PutBucketObjectLockConfiguration
PutBucketPublicAccessBlock PutEncryptionConfiguration PutIntelligentTieringConfiguration PutInventoryConfiguration
PutLifecycleConfiguration PutMetricsConfiguration PutReplicationConfiguration ReplicateDelete ReplicateObject
ReplicateTags
"""
"""https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html"""


def is_public(document: dict[str, Any]) -> bool:
    """Return whether a policy lets everyone do something.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html
    """
    return any(lets_everyone(statement) for statement in statements(document))


def lets_everyone(statement: dict[str, Any]) -> bool:
    """Return whether a statement allows everyone, with no fixed value that narrows it."""
    principal = statement.get("Principal")
    names = listed(principal.get("AWS", [])) if isinstance(principal, dict) else [principal]
    if statement["Effect"] != "Allow" or ("*" not in names and "NotPrincipal" not in statement):
        return False
    narrowing = {key.lower() for key in NARROWING}
    for operator, keys in (statement.get("Condition") or {}).items():
        for key, values in keys.items():
            fixed = all("*" not in str(value) and str(value) != "0.0.0.0/0" for value in listed(values))
            if key.lower() in narrowing and fixed and "Not" not in operator and not operator.endswith("IfExists"):
                return False
    return True
