"""AWS managed keys: made when a service first uses one, usable through that service only, by its account only.

Fault: LocalStack 4.14.0 makes a customer's key in their place, with a customer's policy, and has none for SQS and SNS.
https://docs.aws.amazon.com/kms/latest/developerguide/concepts.html#aws-managed-key
"""

import json
from typing import Any

from localstack.services.kms.models import KmsAlias, KmsKey, kms_stores

PREFIX = "alias/aws/"
SERVICES = frozenset(
    {"acm", "backup", "codecommit", "dynamodb", "ebs", "elasticfilesystem", "es", "glue", "kinesis", "kinesisvideo"}
    | {"lambda", "rds", "redshift", "s3", "secretsmanager", "sns", "sqs", "ssm", "xray"}
)
"""The services whose keys exist here: the names after ``alias/aws/``."""

ENDPOINTS = {"ebs": "ec2"}
"""The name in kms:ViaService, where it is not that of the alias."""

DESCRIPTIONS = {"s3": "Default key that protects my S3 objects when no other key is defined"}

USES = ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:CreateGrant", "kms:DescribeKey"]


def make(alias: str, account: str, region: str) -> str | None:
    """Return the id of the AWS managed key of an alias, made if it is used for the first time; None of other aliases.

    :param alias: such as ``alias/aws/s3``
    """
    service = alias.removeprefix(PREFIX)
    if not alias.startswith(PREFIX) or service not in SERVICES:
        return None
    store = kms_stores[account][region]
    if held := store.aliases.get(alias):
        return str(held.metadata["TargetKeyId"])
    default = f"Default key that protects my {service.upper()} data when no other key is defined"
    request: Any = {
        "Description": DESCRIPTIONS.get(service, default),
        "Policy": json.dumps(policy(service, account, region)),
    }
    key = KmsKey(request, account, region)
    key.metadata["KeyManager"] = "AWS"
    key.is_key_rotation_enabled = True
    key_id = str(key.metadata["KeyId"])
    store.keys[key_id] = key
    store.aliases[alias] = KmsAlias({"AliasName": alias, "TargetKeyId": key_id}, account, region)
    return key_id


def policy(service: str, account: str, region: str) -> dict[str, Any]:
    """Return the policy of an AWS managed key, which nobody can change."""
    through = f"{ENDPOINTS.get(service, service)}.{region}.amazonaws.com"
    return {
        "Version": "2012-10-17",
        "Id": f"auto-{service}-1",
        "Statement": [
            {
                "Sid": f"Allow access through {service} for all principals in the account that may use it",
                "Effect": "Allow",
                "Principal": {"AWS": "*"},
                "Action": USES,
                "Resource": "*",
                "Condition": {"StringEquals": {"kms:CallerAccount": account, "kms:ViaService": through}},
            },
            {
                "Sid": "Allow direct access to key metadata to the account",
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:aws:iam::{account}:root"},
                "Action": ["kms:Describe*", "kms:Get*", "kms:List*", "kms:RevokeGrant"],
                "Resource": "*",
            },
        ],
    }
