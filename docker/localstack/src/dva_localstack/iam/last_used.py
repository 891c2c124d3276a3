"""When an access key or a role was last used, for which service and where.

LocalStack 4.14.0 never says: moto notes it in its own server only.
https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccessKeyLastUsed.html
https://docs.aws.amazon.com/IAM/latest/APIReference/API_RoleLastUsed.html
"""

from datetime import UTC, datetime

from moto.iam.models import AccessKeyLastUsed

from dva_localstack.iam import identities
from dva_localstack.policy import Principal

GLOBAL = frozenset({"cloudfront", "iam", "route53", "sts"})
"""Services whose calls are said to come from us-east-1."""


def note(principal: Principal, key: str, service: str, region: str) -> None:
    """Note a call.

    :param key: the access key
    :param service: botocore's name of what was called
    """
    where = "us-east-1" if service in GLOBAL else region
    now = datetime.now(UTC).replace(tzinfo=None)
    if principal.kind == "role":
        role = identities.moto_role(principal.account, principal.role_arn.rpartition("/")[2])
        if role:
            role.last_used, role.last_used_region = now, where  # type: ignore[assignment]
    elif principal.kind == "user":
        user = identities.backend(principal.account).users.get(principal.arn.rpartition("/")[2])
        for held in user.access_keys if user else ():
            if held.access_key_id == key:
                held.last_used = AccessKeyLastUsed(now, service, where)
