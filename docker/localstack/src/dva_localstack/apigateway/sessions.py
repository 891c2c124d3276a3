"""Sessions of roles that API Gateway takes on."""

from functools import lru_cache
from typing import Any

from localstack.aws.connect import connect_to
from localstack.utils.aws.client_types import ServicePrincipal

SESSION_NAME = "BackplaneAssumeRoleSession"
"""AWS's name for the sessions of API Gateway."""


@lru_cache(maxsize=64)
def session_of(role_arn: str) -> Any:
    """Return credentials of a role that trusts API Gateway.

    :raises botocore.exceptions.ClientError: it does not, or there is none
    """
    sts = connect_to().sts.request_metadata(service_principal=ServicePrincipal.apigateway)
    return sts.assume_role(RoleArn=role_arn, RoleSessionName=SESSION_NAME)["Credentials"]
