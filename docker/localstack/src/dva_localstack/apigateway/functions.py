"""Lambda functions called for an API, as the service principal of API Gateway and with the API's source ARN."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from localstack.services.apigateway.next_gen.execute_api.integrations.aws import get_service_factory
from localstack.utils.aws.arns import extract_region_from_arn
from localstack.utils.aws.client_types import ServicePrincipal

INVOCATION_URI = re.compile(r":lambda:path/2015-03-31/functions/(?P<arn>[^/]+)/invocations$")
"""The form ``arn:aws:apigateway:REGION:lambda:path/2015-03-31/functions/FUNCTION_ARN/invocations``."""


@dataclass(frozen=True)
class Returned:
    """What a function returned."""

    payload: bytes
    failed: bool
    """Whether the function raised, timed out or could not start."""

    def json(self) -> Any:
        """Return the parsed payload, None where it is not JSON."""
        try:
            return json.loads(self.payload)
        except ValueError:
            return None


def function_arn(uri: str, stage_variables: Mapping[str, str] | None = None) -> str:
    """Return the ARN of the function in an integration or authorizer URI, or in a plain function ARN.

    :param uri: may contain ``${stageVariables.NAME}``
    :param stage_variables: their values
    """
    variables = stage_variables or {}
    uri = re.sub(r"\$\{stageVariables\.(\w+)\}", lambda match: variables.get(match[1], ""), uri)
    match = INVOCATION_URI.search(uri)
    return match["arn"] if match else uri


def invoke(arn: str, event: Mapping[str, Any], source_arn: str, role_arn: str | None = None) -> Returned:
    """Invoke a function and wait for its result.

    :param source_arn: the route or method for which it is called: a condition of the function's policy
    :param role_arn: a role to assume for the call; without one, the function's policy must allow API Gateway
    :raises botocore.exceptions.ClientError: the function is missing, throttled, or may not be invoked
    """
    client = get_service_factory(region_name=extract_region_from_arn(arn), role_arn=role_arn or "").lambda_
    answer = client.request_metadata(service_principal=ServicePrincipal.apigateway, source_arn=source_arn).invoke(
        FunctionName=arn, Payload=json.dumps(event).encode()
    )
    return Returned(answer["Payload"].read(), "FunctionError" in answer)
