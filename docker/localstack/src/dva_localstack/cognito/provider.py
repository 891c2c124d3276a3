"""The provider of user pools: MiniStack, and the paths on the gateway that go with it."""

import json
import re
from typing import Any

import requests
from botocore.exceptions import BotoCoreError, ClientError
from localstack.aws.api import CommonServiceException, RequestContext, ServiceRequest
from localstack.aws.connect import connect_to
from localstack.http import Request, Response
from localstack.services.edge import ROUTER
from localstack.utils.aws.arns import parse_arn

from dva_localstack import constraints
from dva_localstack.ministack import GATEWAY_KEY, SIDECAR
from dva_localstack.providers import Forwarder

POOL = "<regex('[a-z0-9-]+_[0-9A-Za-z]+'):pool>"
"""A user pool's id in a path. No S3 bucket has such a name, so that the paths are free."""

PASSED = ("accept", "authorization", "content-type", "cookie", "origin")
"""Headers of a browser's request that MiniStack gets to see."""


class UserPools(Forwarder):
    """User pools: every operation forwarded, and keys, sign-in pages, codes and triggers served on the gateway."""

    def on_before_start(self) -> None:
        """Start MiniStack and add the paths."""
        super().on_before_start()
        ROUTER.add(f"/{POOL}/.well-known/<path:document>", endpoint=_pass_on)
        ROUTER.add("/_cognito/<path:path>", endpoint=_pass_on)
        ROUTER.add("/_dva/cognito/codes", endpoint=_pass_on, methods=["GET"])
        ROUTER.add("/_dva/cognito/trigger", endpoint=_trigger, methods=["POST"])

    def forward(self, context: RequestContext, request: ServiceRequest) -> Response:
        """Forward a request that keeps to the limits of AWS's model.

        :raises CommonServiceException: ``InvalidParameterException``
        """
        if problem := constraints.message(context.operation.input_shape, request):
            raise CommonServiceException("InvalidParameterException", problem)
        return super().forward(context, request)


def _pass_on(request: Request, **path: Any) -> Response:
    """Answer with what MiniStack answers to the same path."""
    with requests.Session() as session:
        session.trust_env = False
        answer = session.request(
            request.method,
            SIDECAR.url + request.full_path.rstrip("?"),
            headers={name: value for name, value in request.headers.items() if name.lower() in PASSED},
            data=request.get_data(),
            allow_redirects=False,
            timeout=60,
        )
    kept = ("content-type", "location", "cache-control", "www-authenticate", "set-cookie")
    headers = [(name, value) for name, value in answer.headers.items() if name.lower() in kept]
    return Response(answer.content, answer.status_code, headers)


def _trigger(request: Request) -> Response:
    """Invoke a Lambda trigger for MiniStack, as the user pool that it runs for.

    Cognito calls as the principal ``cognito-idp.amazonaws.com`` for the pool's ARN: what the function's policy
    must allow. https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-working-with-lambda-triggers.html
    """
    if request.headers.get("X-Dva-Key") != GATEWAY_KEY:
        return Response("Not Found", 404)
    asked = request.get_json()
    arn = parse_arn(asked["function"])
    client = connect_to(aws_access_key_id=arn["account"], region_name=arn["region"]).lambda_
    try:
        answer = client.request_metadata(source_arn=asked["source"], service_principal="cognito-idp").invoke(
            FunctionName=asked["function"], Payload=json.dumps(asked["event"])
        )
    except ClientError as error:
        return _json({"refused": re.sub(r"Exception$", "", error.response["Error"]["Code"]) + "Exception"})
    except BotoCoreError as error:
        return _json({"refused": type(error).__name__})
    body = answer["Payload"].read()
    return _json({"payload": json.loads(body) if body else None, "error": answer.get("FunctionError")})


def _json(value: Any) -> Response:
    return Response(json.dumps(value), mimetype="application/json")
