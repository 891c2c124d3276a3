"""Cross-origin requests to an HTTP API with a CORS configuration, which answers preflights by itself.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-cors.html
"""

from localstack.http import Response

from .configuration import Record


def is_preflight(verb: str, headers: dict[str, str]) -> bool:
    """Return whether a browser asks what it may do."""
    return verb == "OPTIONS" and "origin" in headers and "access-control-request-method" in headers


def preflight(cors: Record, origin: str) -> Response:
    """Return the answer to a preflight: 204, without CORS headers where the origin is not allowed."""
    answer = Response(status=204)
    answer.headers.extend(allowed(cors, origin, preflight=True))
    return answer


def allowed(cors: Record, origin: str, preflight: bool = False) -> dict[str, str]:
    """Return the headers that let a page of ``origin`` read an answer; none where it may not."""
    origins = cors.get("allowOrigins") or []
    scheme = origin.partition("://")[0]
    if not origin or not {"*", origin, f"{scheme}://*"} & {*origins}:
        return {}
    headers = {"Access-Control-Allow-Origin": "*" if origins == ["*"] else origin}
    if cors.get("allowCredentials"):
        headers["Access-Control-Allow-Credentials"] = "true"
    lists = {"Access-Control-Expose-Headers": cors.get("exposeHeaders")}
    if preflight:
        lists["Access-Control-Allow-Methods"] = cors.get("allowMethods")
        lists["Access-Control-Allow-Headers"] = cors.get("allowHeaders")
        if cors.get("maxAge") is not None:
            headers["Access-Control-Max-Age"] = str(cors["maxAge"])
    return headers | {name: ",".join(values) for name, values in lists.items() if values}


def apply(cors: Record, origin: str, answer: Response) -> None:
    """Put the configuration's headers into an answer; those of the integration are ignored."""
    for name in [name for name, _ in answer.headers if name.lower().startswith("access-control-")]:
        del answer.headers[name]
    answer.headers.extend(allowed(cors, origin))
