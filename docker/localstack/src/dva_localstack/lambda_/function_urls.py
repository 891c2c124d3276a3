"""Function URLs that open anywhere: ``http://localhost:PORT/_lambda-url/<id>/`` in place of a subdomain.

LocalStack answers on ``<id>.lambda-url.<region>.<host>``. Names below ``localhost`` resolve in browsers and
curl but not in every resolver that Python uses, so the URL that the API returns is a path on the gateway.
A request there is handed to LocalStack's own route, under the host name that the route expects.

LocalStack also takes any ``body`` in a function's result for the response. On AWS a result without
``statusCode`` is the response's body as a whole. It opens every URL to everybody, and does not know the condition
``InvokedViaFunctionUrl`` of permissions.
"""

import dataclasses
import json
from typing import Any

from localstack.aws.api import handler
from localstack.http import Request, Response
from localstack.services.edge import ROUTER
from localstack.services.lambda_ import api_utils, urlrouter
from localstack.services.lambda_.invocation.models import lambda_stores
from localstack.services.lambda_.provider import LambdaProvider
from localstack.utils.patch import patch
from localstack.utils.urls import localstack_host
from werkzeug.exceptions import NotFound

from dva_localstack.enforcement import function_url

PREFIX = "/_lambda-url"


class PathFunctionUrls(LambdaProvider):
    """A Lambda provider whose function URLs are paths on the gateway."""

    def on_after_init(self) -> None:
        """Add the routes for :data:`PREFIX`."""
        super().on_after_init()
        patch(urlrouter.lambda_result_to_response)(_response_of)
        ROUTER.add(f"{PREFIX}/<url_id>", endpoint=_redirect_to_root)
        ROUTER.add(f"{PREFIX}/<url_id>/", endpoint=_forward, defaults={"path": ""})
        ROUTER.add(f"{PREFIX}/<url_id>/<path:path>", endpoint=_forward)

    def create_function_url_config(self, context: Any, function_name: str, *args: Any, **kwargs: Any) -> Any:
        """Answer ``CreateFunctionUrlConfig`` with a URL that opens anywhere."""
        response = super().create_function_url_config(context, function_name, *args, **kwargs)
        for function in _functions_of_all_accounts():
            for qualifier, config in function.function_url_configs.items():
                if config.url == response["FunctionUrl"]:
                    url = f"http://{localstack_host().host_and_port()}{PREFIX}/{config.url_id}/"
                    function.function_url_configs[qualifier] = dataclasses.replace(config, url=url)
                    return {**response, "FunctionUrl": url}
        return response

    @handler("AddPermission", expand=False)
    def add_permission(self, context: Any, request: Any) -> Any:
        """Answer ``AddPermission``; one that is for function URLs only gets its condition.

        https://docs.aws.amazon.com/lambda/latest/api/API_AddPermission.html
        """
        response = super().add_permission(context, request)
        if not json.loads(context.request.get_data() or "{}").get("InvokedViaFunctionUrl"):
            return response
        name, qualifier = api_utils.get_name_and_qualifier(request["FunctionName"], request.get("Qualifier"), context)
        account, region = api_utils.get_account_and_region(request["FunctionName"], context)
        function = self._get_function(name, account, region)
        resolved, _ = self._resolve_fn_qualifier(function, qualifier)
        statements = function.permissions[resolved].policy.Statement
        statement = next(one for one in statements if one["Sid"] == request["StatementId"])
        statement.setdefault("Condition", {})["Bool"] = {"lambda:InvokedViaFunctionUrl": "true"}
        return {"Statement": json.dumps(statement)}


def _functions_of_all_accounts() -> list[Any]:
    return [
        function
        for account in list(lambda_stores.values())
        for store in list(account.values())
        for function in list(store.functions.values())
    ]


def _config_of(url_id: str) -> Any:
    for function in _functions_of_all_accounts():
        for config in function.function_url_configs.values():
            if config.url_id.lower() == url_id.lower():
                return config
    return None


def _response_of(to_response: Any, result: Any) -> Response:
    try:
        returned = json.loads(result.payload)
    except ValueError:
        return to_response(result)
    if isinstance(returned, dict) and "statusCode" not in returned:
        whole = {"statusCode": 200, "body": json.dumps(returned, separators=(",", ":"), ensure_ascii=False)}
        result = dataclasses.replace(result, payload=json.dumps(whole).encode())
    return to_response(result)


def _redirect_to_root(request: Request, url_id: str) -> Response:
    return Response(status=308, headers={"Location": f"{PREFIX}/{url_id}/"})


def _forward(request: Request, url_id: str, path: str) -> Response:
    config = _config_of(url_id)
    if config is None:
        # What AWS answers on the host name of a URL that does not exist (or no longer).
        return Response(
            '{"Message":"Forbidden. For troubleshooting Function URL authorization issues, '
            'see: https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html"}',
            status=403,
            mimetype="application/json",
        )
    if refusal := function_url.refusal(request, config.function_arn, config.auth_type):
        return refusal
    region = config.function_arn.split(":")[3]
    headers = request.headers.copy()
    headers["Host"] = f"{url_id}.lambda-url.{region}.{localstack_host().host_and_port()}"
    inner = Request(
        method=request.method,
        path=f"/{path}",
        headers=headers,
        body=request.get_data(),
        scheme=request.scheme,
        root_path="",
        query_string=request.query_string,
        remote_addr=request.remote_addr,
    )
    try:
        return ROUTER.dispatch(inner)
    except NotFound:
        return Response("Not Found", status=404)
