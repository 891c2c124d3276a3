"""An account's settings of API Gateway.

LocalStack (4.14.0) gives every account a role for logs that nobody made.

https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-logging.html
"""

from typing import Any

from botocore.exceptions import ClientError
from localstack.aws.api.apigateway import BadRequestException

from ..sessions import session_of

DEFAULTS: dict[str, Any] = {
    "throttleSettings": {"burstLimit": 5000, "rateLimit": 10000.0},
    "features": ["UsagePlans"],
    "apiKeyVersion": "4",
}
"""https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-request-throttling.html"""


def settings(store: Any) -> Any:
    """Return the settings of the account and region of ``store``."""
    if not store._account:
        store._account.update(DEFAULTS)
    return store._account


def check_role(role_arn: str | None) -> None:
    """Refuse a role for logs that API Gateway may not assume."""
    try:
        if role_arn:
            session_of(role_arn)
    except ClientError as error:
        raise BadRequestException(
            "The role ARN does not have required permissions configured. Please grant trust permission for API "
            "Gateway and add the required role policy."
        ) from error
