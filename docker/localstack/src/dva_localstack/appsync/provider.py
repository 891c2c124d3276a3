"""AppSync's operations are forwarded to MiniStack; its GraphQL endpoints are served on the gateway by path."""

import json
import re
from collections.abc import Mapping
from typing import Any

import requests
from localstack.aws.api import RequestContext, ServiceRequest
from localstack.http import Request, Response
from localstack.runtime.shutdown import SHUTDOWN_HANDLERS
from localstack.services.edge import ROUTER
from localstack.services.plugins import Service
from localstack.utils.urls import localstack_host
from requests.structures import CaseInsensitiveDict
from rolo.websocket.request import WebSocketRequest

from dva_localstack.apigateway.websocket import channel
from dva_localstack.cognito.tokens import InvalidToken, pool_of_issuer, verify
from dva_localstack.ministack import GATEWAY_KEY, SIDECAR
from dva_localstack.providers import Forwarder

from . import subscriptions

PATH = "/_aws/appsync"

URL = re.compile(r"https://([a-z0-9]+)\.appsync-api\.([a-z0-9-]+)\.amazonaws\.com/graphql")

REALTIME_URL = re.compile(r"wss://([a-z0-9]+)\.appsync-realtime-api\.([a-z0-9-]+)\.amazonaws\.com/graphql")

TIMEOUT_SECONDS = 35
"""AppSync ends a query after 30: https://docs.aws.amazon.com/general/latest/gr/appsync.html"""


class GraphqlApis(Forwarder):
    """Faults of MiniStack's: its URLs are AWS's, and it takes any token."""

    def __init__(self) -> None:
        super().__init__("appsync")
        self.apis: dict[str, dict[str, Any]] = {}
        """API ids to owner and region, and what the API last said of itself."""

    def on_before_start(self) -> None:
        """Serve the GraphQL endpoints."""
        super().on_before_start()
        channel.repair()
        SHUTDOWN_HANDLERS.register(subscriptions.close_all)
        ROUTER.add(f"{PATH}/<api>/graphql", self.serve, methods=["POST"])
        ROUTER.add(f"{PATH}/<api>/graphql", self.subscribe, methods=["WEBSOCKET"])

    def forward(self, context: RequestContext, request: ServiceRequest) -> Response:
        """Forward an operation; tell URLs that open here, and remember whose the API is."""
        answer = super().forward(context, request)
        wanted: Any = request
        if context.operation.name == "StartSchemaCreation" and answer.status_code == 200:
            self.apis[wanted["apiId"]]["schema"] = bytes(wanted["definition"]).decode()
        if context.operation.name == "DeleteGraphqlApi" and answer.status_code < 300:
            self.apis.pop(wanted["apiId"], None)
            subscriptions.close_all(wanted["apiId"])
        text = paged(wanted, answer.get_data(as_text=True))
        host = localstack_host().host_and_port()
        for api, _ in URL.findall(text):
            self.apis.setdefault(api, {"account": context.account_id, "region": context.region})
        if "graphqlApi" in text and context.operation.name in ("CreateGraphqlApi", "UpdateGraphqlApi", "GetGraphqlApi"):
            described = json.loads(text).get("graphqlApi") or {}
            if described.get("apiId") in self.apis:
                self.apis[described["apiId"]]["about"] = described
        text = REALTIME_URL.sub(rf"ws://{host}{PATH}/\1/graphql", text)
        answer.set_data(URL.sub(rf"http://{host}{PATH}/\1/graphql", text))
        return answer

    def serve(self, request: Request, api: str) -> Response:
        """Answer a GraphQL request."""
        known = self.apis.get(api)
        if not known:
            return refusal(404, "NotFoundException", "GraphQL API not found.")
        headers = {
            name: value for name, value in request.headers.items() if name.lower() not in ("host", "content-length")
        }
        fault = token_fault(known.get("about") or {}, request.headers)
        if fault:
            return refusal(401, "UnauthorizedException", fault)
        answer = self.ask(api, known, request.get_data(), headers)
        if schema := known.get("schema"):
            subscriptions.publish(api, schema, request.get_data(), answer.content)
        return Response(answer.content, answer.status_code, {"Content-Type": "application/json"})

    def subscribe(self, request: WebSocketRequest, api: str) -> Response:
        """Serve a connection for subscriptions until it ends."""
        known = self.apis.get(api)
        if not known:
            return refusal(404, "NotFoundException", "GraphQL API not found.")

        def ask(query: dict[str, Any], headers: dict[str, str]) -> requests.Response | None:
            if token_fault(known.get("about") or {}, CaseInsensitiveDict(headers)):
                return None
            return self.ask(api, known, json.dumps(query).encode(), headers)

        return subscriptions.serve(request, api, ask)

    def ask(self, api: str, known: dict[str, Any], data: bytes, headers: Mapping[str, str]) -> requests.Response:
        """Send a GraphQL request to MiniStack as the API's account."""
        return requests.post(
            f"{SIDECAR.url}/v1/apis/{api}/graphql",
            data=data,
            headers={
                **headers,
                "X-Dva-Key": GATEWAY_KEY,
                "X-Dva-Account": known["account"],
                "X-Dva-Region": known["region"],
            },
            timeout=TIMEOUT_SECONDS,
        )


def paged(request: Mapping[str, Any], text: str) -> str:
    """Return an answer's page; MiniStack answers with all that there is."""
    most = request.get("maxResults")
    if not most or not text.startswith("{"):
        return text
    answer = json.loads(text)
    start = int(request.get("nextToken") or 0)
    for name, items in answer.items():
        if isinstance(items, list):
            answer[name] = items[start : start + most]
            if len(items) > start + most:
                return json.dumps(answer | {"nextToken": str(start + most)})
            return json.dumps({key: value for key, value in answer.items() if key != "nextToken"})
    return text


def token_fault(about: dict[str, Any], headers: Any) -> str:
    """Return why a token of a user pool is not taken, or an empty text where none is given or none is asked for."""
    providers = [about, *(about.get("additionalAuthenticationProviders") or [])]
    pools = {
        item["userPoolConfig"]["userPoolId"]
        for item in providers
        if item.get("authenticationType") == "AMAZON_COGNITO_USER_POOLS" and item.get("userPoolConfig")
    }
    given = headers.get("Authorization") or ""
    if not pools or not given or given.startswith("AWS4-HMAC-SHA256") or headers.get("x-api-key"):
        return ""
    try:
        claims = verify(given.removeprefix("Bearer "))
    except InvalidToken as error:
        return "Token has expired." if error.reason == "expired" else "Valid authorization header not provided."
    return "" if pool_of_issuer(claims.get("iss", "")) in pools else "Token does not have the required issuer."


def refusal(status: int, kind: str, message: str) -> Response:
    """Return AppSync's answer to a request that it does not take."""
    body = {"errors": [{"errorType": kind, "message": message}]}
    return Response(json.dumps(body), status, {"Content-Type": "application/json"})


def create_service() -> Service:
    """Return AppSync."""
    return Service.for_provider(GraphqlApis(), dispatch_table_factory=Forwarder.dispatch_table)
