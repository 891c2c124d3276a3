"""Integrations of REST APIs with AWS services, which call them as the integration's role.

LocalStack (4.14.0) sends the key of the role's session without its token, which nobody takes for valid credentials,
and answers a role that API Gateway may not assume with its own error text.

https://docs.aws.amazon.com/apigateway/latest/developerguide/integration-request-basic-setup.html
"""

from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError
from localstack.aws.connect import (
    INTERNAL_REQUEST_PARAMS_HEADER,
    InternalRequestParameters,
    dump_dto,
)
from localstack.constants import INTERNAL_AWS_ACCESS_KEY_ID
from localstack.services.apigateway.next_gen.execute_api.gateway_response import ApiConfigurationError
from localstack.utils.aws.client_types import ServicePrincipal

from ..sessions import session_of


def headers(service_name: str, region_name: str, source_arn: str, role_arn: str | None) -> dict[str, str]:
    """Return the headers by which a call is the role's, or that of API Gateway itself where there is no role.

    :param source_arn: the method that is integrated
    :raises ApiConfigurationError: 500, API Gateway may not assume the role
    """
    marks = InternalRequestParameters(service_principal=ServicePrincipal.apigateway, source_arn=source_arn)
    try:
        session = session_of(role_arn) if role_arn else None
    except ClientError as error:
        raise ApiConfigurationError("Internal server error") from error
    key = session["AccessKeyId"] if session else INTERNAL_AWS_ACCESS_KEY_ID
    made = {
        "Authorization": (
            f"AWS4-HMAC-SHA256 Credential={key}/20160623/{region_name}/{service_name}/aws4_request, "
            "SignedHeaders=content-type;host;x-amz-date;x-amz-target, Signature=1234"
        ),
        INTERNAL_REQUEST_PARAMS_HEADER: dump_dto(marks),
    }
    return made | ({"X-Amz-Security-Token": session["SessionToken"]} if session else {})


def is_proxy_answer(is_valid: Callable[..., bool], integration: Any, answer: Any) -> bool:
    """Return whether a function's answer is one of a proxy integration; LocalStack takes a body that is no text.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html
    """
    return is_valid(answer) and not isinstance(answer.get("body"), dict | list)
