"""With whose permissions a stack's resources are made: the caller's, or those of the stack's role."""

from typing import Any

from botocore.exceptions import ClientError
from localstack.aws.api import RequestContext
from localstack.aws.connect import connect_to
from localstack.constants import INTERNAL_AWS_SECRET_ACCESS_KEY
from localstack.services.cloudformation.engine.validations import ValidationError

from dva_localstack.enforcement import callers

PRINCIPAL, SESSION = "cloudformation", "AWSCloudFormation"


def remember(stack: Any, context: RequestContext, request: Any) -> None:
    """Note with whose permissions the operation that begins works. A stack's role stays until another one is named.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-iam-servicerole.html

    :raises ValidationError: CloudFormation cannot take on the role
    """
    role = request.get("RoleARN") or getattr(stack, "role_arn", None)
    stack.credentials = of_role(role) if role else of_caller(context)
    stack.role_arn = role
    stack.request_token = request.get("ClientRequestToken")


def of_caller(context: RequestContext) -> dict[str, str]:
    """Return the caller's credentials; those of the account's root where nobody else is known."""
    key = callers.key_of(context)
    known = bool(key) and not str(key).isdigit() and key != callers.DEFAULT_KEY
    token = callers.token_of(context) if known else ""
    return written(str(key) if known else context.account_id, token or "")


def of_role(role: str) -> dict[str, str]:
    """Return credentials of a role that trusts CloudFormation.

    :raises ValidationError: it does not, or there is none
    """
    sts = connect_to().sts.request_metadata(service_principal=PRINCIPAL)
    try:
        session = sts.assume_role(RoleArn=role, RoleSessionName=SESSION)["Credentials"]
    except ClientError as error:
        raise ValidationError(f"Role {role} is invalid or cannot be assumed") from error
    return written(session["AccessKeyId"], session["SessionToken"])


def written(key: str, token: str) -> dict[str, str]:
    """Return credentials as LocalStack's resource providers get them. Calls within the emulator are not signed."""
    return {"accessKeyId": key, "secretAccessKey": INTERNAL_AWS_SECRET_ACCESS_KEY, "sessionToken": token}
