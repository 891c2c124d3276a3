"""The provider of HTTP and WebSocket APIs: MiniStack keeps them, the gateway serves them."""

import json
import urllib.parse
from typing import Any

from localstack.aws.api import RequestContext, ServiceRequest
from localstack.http import Response
from localstack.runtime.shutdown import SHUTDOWN_HANDLERS
from localstack.services.plugins import Service

from dva_localstack.providers import Forwarder

from .. import domains, endpoint
from ..websocket import channel, connections
from ..websocket import gateway as websocket_gateway
from . import gateway, openapi
from .call import domain_name
from .checks import check, missing
from .configuration import REGISTRY, Api, Record, Snapshot, ask, read


class HttpApis(Forwarder):
    """Every operation forwarded, with what AWS refuses refused, and with URLs that open."""

    def on_before_start(self) -> None:
        """Start MiniStack and add the paths on the gateway."""
        super().on_before_start()
        channel.repair()
        endpoint.install()
        endpoint.SERVERS.extend([gateway.serve, websocket_gateway.serve])
        SHUTDOWN_HANDLERS.register(connections.close_all)

    def forward(self, context: RequestContext, request: ServiceRequest) -> Response:
        """Send one request to MiniStack, unless AWS would refuse it, and note what it changes."""
        operation, wanted = context.operation.name, dict(request)
        check(operation, wanted)
        if made := DOCUMENTS.get(operation):
            return made(context, wanted)
        response = super().forward(context, request)
        if response.status_code == 404 and REGISTRY.get(wanted.get("ApiId") or "?") is None and "ApiId" in wanted:
            raise missing(f"Invalid API identifier specified {context.account_id}:{wanted['ApiId']}")
        if response.status_code >= 300:
            return response
        answer = json.loads(response.get_data()) if response.get_data() else {}
        if operation == "CreateApi":
            REGISTRY.add(Api(answer["apiId"], context.account_id, context.region, answer["protocolType"]))
            _quick_create(REGISTRY.get(answer["apiId"]), wanted)
        elif operation == "CreateDomainName":
            domains.serve_http_apis(wanted["DomainName"], context.account_id, context.region)
        api = REGISTRY.get(wanted.get("ApiId") or "")
        if operation == "DeleteApi" and api:
            REGISTRY.remove(api.id)
            connections.close_all(api.id)
        elif api and not operation.startswith("Get"):
            _note(api, operation, wanted, answer)
        if "Api" in operation and answer:
            for item in answer.get("items", [answer]):
                _open_endpoint(item)
        if operation == "GetApi":
            answer["tags"] = _tags(context, answer["apiId"])
        if answer:
            response.set_data(json.dumps(_page(answer, wanted)))
        return response


def _tags(context: RequestContext, api_id: str) -> Record:
    """Return an API's tags as they are now; MiniStack tells those that it was made with."""
    arn = urllib.parse.quote(f"arn:aws:apigateway:{context.region}::/apis/{api_id}", safe="")
    answer = ask(context.account_id, context.region, "GET", f"/tags/{arn}")
    return answer.json().get("tags") or {} if answer.ok else {}


def _page(answer: Record, wanted: Record) -> Record:
    """Return an answer's page; MiniStack answers with all that there is."""
    most = int(wanted.get("MaxResults") or 0)
    if "items" not in answer or not most:
        return answer
    start = int(wanted.get("NextToken") or 0)
    page = {**answer, "items": answer["items"][start : start + most]}
    return page | ({"nextToken": str(start + most)} if len(answer["items"]) > start + most else {})


def _note(api: Api, operation: str, wanted: Record, answer: Record) -> None:
    """Carry out what MiniStack leaves undone, and have the configuration read anew."""
    if operation == "CreateDeployment":
        api.deployments[answer["deploymentId"]] = read(api)
        if stage := wanted.get("StageName"):
            _send(api, "PATCH", f"/stages/{stage}", deploymentId=answer["deploymentId"])
    elif operation == "CreateIntegration" and not wanted.get("PayloadFormatVersion"):
        # AWS's default is 1.0, MiniStack's 2.0.
        answer["payloadFormatVersion"] = "1.0"
        _send(api, "PATCH", f"/integrations/{answer['integrationId']}", payloadFormatVersion="1.0")
    REGISTRY.changed(api.id)


def _quick_create(api: Api | None, wanted: Record) -> None:
    """Make the integration, the route and the stage of an API that was created with a target.

    https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/apis.html
    """
    if api is None or not (target := wanted.get("Target")):
        return
    if target.startswith("arn:"):
        integration = {"integrationType": "AWS_PROXY", "payloadFormatVersion": "2.0"}
    else:
        integration = {"integrationType": "HTTP_PROXY", "integrationMethod": "ANY", "payloadFormatVersion": "1.0"}
    made = _send(api, "POST", "/integrations", integrationUri=target, **integration)
    route = wanted.get("RouteKey") or "$default"
    _send(api, "POST", "/routes", routeKey=route, target=f"integrations/{made['integrationId']}")
    _send(api, "POST", "/stages", stageName="$default", autoDeploy=True)


def _import(context: RequestContext, wanted: Record) -> Response:
    """Make an API of an OpenAPI document."""
    document = openapi.parsed(wanted["Body"])
    answer = ask(context.account_id, context.region, "POST", "/apis", openapi.settings(document))
    answer.raise_for_status()
    api = Api(answer.json()["apiId"], context.account_id, context.region, "HTTP")
    REGISTRY.add(api)
    return _filled(api, document)


def _reimport(context: RequestContext, wanted: Record) -> Response:
    """Put what an OpenAPI document says in the place of an API's routes, integrations and authorizers."""
    document, api = openapi.parsed(wanted["Body"]), _api_of(context, wanted)
    current = REGISTRY.current(api)
    old = [f"/routes/{route['routeId']}" for route in current.routes]
    old += [f"/integrations/{name}" for name in current.integrations]
    old += [f"/authorizers/{name}" for name in current.authorizers]
    for path in old:
        ask(api.account, api.region, "DELETE", f"/apis/{api.id}{path}").raise_for_status()
    about = {name: value for name, value in openapi.settings(document).items() if name != "protocolType"}
    _send(api, "PATCH", "", **about)
    return _filled(api, document)


def _filled(api: Api, document: Record) -> Response:
    openapi.build(document, lambda path, settings: _send(api, "POST", path, **settings))
    REGISTRY.changed(api.id)
    item = {**REGISTRY.current(api).api}
    _open_endpoint(item)
    return Response(json.dumps(item), 201, mimetype="application/json")


def _export(context: RequestContext, wanted: Record) -> Response:
    """Return the OpenAPI document of an API, as it is or as a stage serves it."""
    api = _api_of(context, wanted)
    if wanted.get("Specification") != "OAS30" or wanted.get("OutputType") not in ("JSON", "YAML"):
        raise openapi.bad("Specification must be OAS30, and OutputType JSON or YAML")
    snapshot: Snapshot | None = REGISTRY.current(api)
    if name := wanted.get("StageName"):
        stage = REGISTRY.stages(api).get(name)
        snapshot = REGISTRY.deployed(api, stage) if stage else None
    if snapshot is None:
        raise missing(f"Invalid stage identifier specified {name}")
    # LocalStack reads a boolean of the query string as true, whatever it is.
    extensions = context.request.args.get("includeExtensions", "true").lower() != "false"
    document = openapi.exported(snapshot, extensions)
    text, media_type = openapi.written(document, wanted["OutputType"])
    return Response(text, 200, mimetype=media_type)


def _api_of(context: RequestContext, wanted: Record) -> Api:
    api = REGISTRY.get(wanted["ApiId"])
    if api is None or api.account != context.account_id or api.protocol != "HTTP":
        raise missing(f"Invalid API identifier specified {context.account_id}:{wanted['ApiId']}")
    return api


DOCUMENTS = {"ImportApi": _import, "ReimportApi": _reimport, "ExportApi": _export}
"""Operations on OpenAPI documents, which MiniStack has not."""


def _send(api: Api, verb: str, path: str, **data: Any) -> Record:
    answer = ask(api.account, api.region, verb, f"/apis/{api.id}{path}", data)
    answer.raise_for_status()
    return answer.json()


def _open_endpoint(item: Record) -> None:
    if "apiEndpoint" in item:
        scheme = "ws" if item.get("protocolType") == "WEBSOCKET" else "http"
        item["apiEndpoint"] = f"{scheme}://{domain_name(item['apiId'])}"


def create_service() -> Service:
    """Return the API Gateway service for HTTP and WebSocket APIs."""
    return Service.for_provider(HttpApis("apigatewayv2"), dispatch_table_factory=Forwarder.dispatch_table)
