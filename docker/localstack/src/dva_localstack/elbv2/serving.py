"""Application load balancers that answer, at a path of the gateway: rules, fixed answers, redirects and functions.

https://docs.aws.amazon.com/elasticloadbalancing/latest/application/listener-rules.html
"""

import fnmatch
import ipaddress
import random
import re
from typing import Any

from localstack.http import Request, Response

from dva_localstack.elbv2 import functions

PREFIX = "/_aws/elb/<balancer>/<int:port>"
"""Where a load balancer is: the last part of its ARN, and the port of a listener."""

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


def install() -> None:
    """Serve load balancers on the gateway."""
    from localstack.services.edge import ROUTER

    ROUTER.add(f"{PREFIX}/", endpoint=serve, defaults={"path": ""}, methods=METHODS)
    ROUTER.add(f"{PREFIX}/<path:path>", endpoint=serve, methods=METHODS)


def serve(request: Request, balancer: str, port: int, path: str) -> Response:
    """Answer a request as the first rule says whose conditions it meets."""
    listener = listener_of(balancer, port)
    if listener is None:
        return Response("No load balancer listens here", 404, mimetype="text/plain")
    raw = request.environ.get("RAW_URI") or request.path
    path = "/" + raw.partition("?")[0].split(f"/{balancer}/{port}/", 1)[-1]
    rules = sorted(listener._non_default_rules.values(), key=lambda one: int(one.priority))
    for rule in [*rules, *listener._default_rule.values()]:
        if all(meets(request, path, condition) for condition in rule.conditions):
            return act(request, path, port, sorted(rule.actions, key=lambda one: int(one.data.get("Order") or 0))[-1])
    return Response("", 404)


def listener_of(balancer: str, port: int) -> Any:
    """Return a listener of a load balancer in any account, None if there is none."""
    from moto.elbv2.models import elbv2_backends

    for regions in list(elbv2_backends.values()):
        for backend in list(regions.values()):
            for arn, found in list(backend.load_balancers.items()):
                if arn.endswith(f"/{balancer}"):
                    return next((one for one in found.listeners.values() if int(one.port or 0) == port), None)
    return None


def meets(request: Request, path: str, condition: dict[str, Any]) -> bool:
    """Tell whether a request meets one condition: any of its values does."""
    from dva_localstack.elbv2.refusals import values_of

    field, values = condition["Field"], values_of(condition)
    if field == "path-pattern":
        return any(fnmatch.fnmatchcase(path, pattern(value)) for value in values)
    if field == "host-header":
        host = request.host.partition(":")[0].lower()
        return any(fnmatch.fnmatchcase(host, pattern(value.lower())) for value in values)
    if field == "http-request-method":
        return request.method in values
    if field == "http-header":
        found = request.headers.getlist(condition["HttpHeaderConfig"]["HttpHeaderName"])
        return any(fnmatch.fnmatchcase(one.lower(), pattern(value.lower())) for one in found for value in values)
    if field == "query-string":
        pairs = [(name.lower(), value.lower()) for name, value in request.args.items(multi=True)]
        return any(
            fnmatch.fnmatchcase(name, pattern(one.get("Key", "*").lower()))
            and fnmatch.fnmatchcase(value, pattern(one["Value"].lower()))
            for one in values
            for name, value in pairs
        )
    address = ipaddress.ip_address(request.remote_addr or "127.0.0.1")
    return any(address in ipaddress.ip_network(value, strict=False) for value in values)


def pattern(text: str) -> str:
    """Return a pattern for fnmatch in which, as in rules, only ``*`` and ``?`` are special."""
    return text.replace("[", "[[]")


def act(request: Request, path: str, port: int, action: Any) -> Response:
    """Answer as an action says."""
    if action.type == "fixed-response":
        fixed = action.data["FixedResponseConfig"]
        kind = fixed.get("ContentType") or "text/plain"
        return Response(fixed.get("MessageBody") or "", int(fixed["StatusCode"]), content_type=kind)
    if action.type == "redirect":
        return redirect(request, path, port, action.data["RedirectConfig"])
    if action.type == "forward":
        return forward(request, path, port, action.data)
    return Response("Actions that authenticate are not served", 501, mimetype="text/plain")


def redirect(request: Request, path: str, port: int, settings: dict[str, Any]) -> Response:
    """Return a redirection, in whose parts ``#{host}`` and its like stand for those of the request."""
    own = {
        "protocol": "http",
        "host": request.host.partition(":")[0],
        "port": str(port),
        "path": path.removeprefix("/"),
        "query": request.query_string.decode("latin-1"),
    }
    defaults = {
        "Protocol": "#{protocol}",
        "Host": "#{host}",
        "Port": "#{port}",
        "Path": "/#{path}",
        "Query": "#{query}",
    }
    parts = {
        name: re.sub(r"#\{(\w+)\}", lambda found: own.get(found[1], ""), str(settings.get(name) or form))
        for name, form in defaults.items()
    }
    query = f"?{parts['Query']}" if parts["Query"] else ""
    where = f"{parts['Protocol'].lower()}://{parts['Host']}:{parts['Port']}{parts['Path']}{query}"
    return Response("", 301 if settings["StatusCode"] == "HTTP_301" else 302, {"Location": where})


def forward(request: Request, path: str, port: int, action: dict[str, Any]) -> Response:
    """Have a target group answer, by weight if there are several."""
    from moto.elbv2.models import elbv2_backends

    rows = (action.get("ForwardConfig") or {}).get("TargetGroups") or [{"TargetGroupArn": action.get("TargetGroupArn")}]
    weights = [int(row.get("Weight", 1)) for row in rows]
    if not any(weights):
        return Response("", 503)
    arn = random.choices(rows, weights)[0]["TargetGroupArn"]
    region, account = arn.split(":")[3:5]
    group = elbv2_backends[account][region].target_groups.get(arn)
    if group is None or group.target_type != "lambda" or not group.targets:
        return Response("503 Service Temporarily Unavailable", 503, mimetype="text/plain")
    multiple = str(group.attributes.get("lambda.multi_value_headers.enabled")).lower() == "true"
    return functions.answer(request, path, port, arn, next(iter(group.targets)), multiple)
