"""Custom domain names: a request with such a name as its Host goes to the API that its path is mapped to.

LocalStack and MiniStack keep names and mappings, and serve nothing under them.

https://docs.aws.amazon.com/apigateway/latest/developerguide/how-to-custom-domains.html
"""

from collections.abc import Iterator
from functools import cache
from typing import Any

from localstack.http import Request, Response
from localstack.services.apigateway.models import apigateway_stores
from localstack.services.edge import ROUTER

from .http.configuration import ask

MARK = "dva.custom_domain"
"""Says in a request's environment that it came by a custom domain name."""

NO_PATH = "(none)"
"""The base path of a mapping that has none."""

FORBIDDEN = '{"message":"Forbidden"}'

Mapping = tuple[str, str, str]
"""Base path, API, and stage, which is empty where the path names it."""


_OWNERS: dict[str, tuple[str, str]] = {}
"""Names to account and region of those who made them last."""


def serve(name: str, account: str, region: str) -> None:
    """Serve what is mapped to a domain name, from now on."""
    _OWNERS[name] = (account, region)
    _add_route(name)


@cache
def _add_route(name: str) -> None:
    def answer(request: Request, **_: Any) -> Response:
        return _answer(request, name, *_OWNERS[name])

    host = name + '<regex("(:[0-9]{2,5})?"):port>'
    for path in ("/", "/<path:path>"):
        ROUTER.add(path, host=host, endpoint=answer)


def _answer(request: Request, name: str, account: str, region: str) -> Response:
    from .endpoint import PREFIX, handler

    raw, _, query = (request.environ.get("RAW_URI") or request.path).partition("?")
    found = [item for item in _mappings(name, account, region) if _fits(item[0], raw)]
    if not found:
        return Response(FORBIDDEN, 403, mimetype="application/json")
    base, api, stage = max(found, key=lambda item: len(item[0]))
    rest = raw[len(base) + 1 :] if base else raw
    if not stage:
        stage, _, rest = rest.lstrip("/").partition("/")
    below = "/" + rest.lstrip("/")
    place = f"{PREFIX}/{api}" + ("" if stage == "$default" else f"/{stage}") + below
    request.environ["RAW_URI"] = place + (f"?{query}" if query else "")
    request.environ[MARK] = name
    return handler()(request, api_id=api, stage=stage, path=below.lstrip("/"))


def _fits(base: str, path: str) -> bool:
    return not base or f"{path}/".startswith(f"/{base}/")


def _mappings(name: str, account: str, region: str) -> Iterator[Mapping]:
    for entry in apigateway_stores[account][region].base_path_mappings.get(name) or []:
        base = entry["basePath"]
        yield "" if base == NO_PATH else base, entry["restApiId"], entry.get("stage") or ""
    if name in _OF_HTTP_APIS:
        answer = ask(account, region, "GET", f"/domainnames/{name}/apimappings")
        for item in answer.json().get("items") or [] if answer.ok else []:
            yield item.get("apiMappingKey") or "", item["apiId"], item["stage"]


_OF_HTTP_APIS: set[str] = set()


def serve_http_apis(name: str, account: str, region: str) -> None:
    """Serve a domain name that MiniStack keeps."""
    _OF_HTTP_APIS.add(name)
    serve(name, account, region)
