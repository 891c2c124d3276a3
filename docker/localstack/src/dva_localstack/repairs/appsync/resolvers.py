"""Resolvers that are mapping templates: of one data source, or pipelines of functions.

https://docs.aws.amazon.com/appsync/latest/devguide/resolver-mapping-template-reference-overview.html
"""

from typing import Any

from .batches import Canceled
from .templates import TemplateError, render

Data = dict[str, Any]


def repair(appsync: Any) -> None:
    """Fault: mapping templates are ignored, and what to do is guessed from a field's name."""
    original = appsync._resolve_field

    def resolve(
        api: str, resolver: Any, args: Any, sub_fields: Any, variables: Any, field_name: Any = None,
        identity: Any = None, request_headers: Any = None, source: Any = None, appended_errors: Any = None,
        type_name: Any = None,
    ) -> Any:  # fmt: skip
        given = (args, sub_fields, variables, field_name, identity, request_headers, source, appended_errors, type_name)
        pipeline = resolver.get("kind") == "PIPELINE"
        if resolver.get("code") or not (resolver.get("requestMappingTemplate") or pipeline):
            if _kind(appsync, api, resolver) == "AMAZON_DYNAMODB" and not resolver.get("code"):
                raise appsync._AppSyncResolverError("The resolver has no request mapping template.", "MappingTemplate")
            return original(api, resolver, *given)
        context: Data = {
            "arguments": args or {},
            "args": args or {},
            "identity": identity,
            "source": source or {},
            "stash": {},
            "prev": {"result": None},
            "env": appsync._api_env(api),
            "request": {"headers": request_headers or {}},
            "info": {"fieldName": field_name, "parentTypeName": type_name, "variables": variables or {}},
            "outErrors": [],
        }
        run = _pipeline if pipeline else _unit
        try:
            return run(appsync, api, resolver, context)
        except TemplateError as error:
            raise appsync._AppSyncResolverError(str(error), error.kind, error.data) from error
        finally:
            if appended_errors is not None:
                appended_errors.extend({**error, "path": [field_name]} for error in context["outErrors"])

    appsync._resolve_field = resolve


def _kind(appsync: Any, api: str, unit: Data) -> str:
    source = (appsync._data_sources.get(api) or {}).get(unit.get("dataSourceName") or "") or {}
    return source.get("type") or ""


def _unit(appsync: Any, api: str, unit: Data, context: Data) -> Any:
    """Run the templates of a resolver or of a pipeline's function around its data source."""
    request = render(unit["requestMappingTemplate"], context)
    source = (appsync._data_sources.get(api) or {}).get(unit.get("dataSourceName") or "") or {}
    answer = unit.get("responseMappingTemplate") or ""
    context["error"] = None
    try:
        if source.get("type") == "NONE":
            result = (request or {}).get("payload")
        else:
            result = _call(appsync, api, source, request, context)
    except (appsync._AppSyncResolverError, Canceled) as error:
        kind = error.kind if isinstance(error, Canceled) else error.error_type
        if ".error" not in answer:
            raise appsync._AppSyncResolverError(str(error), kind) from error
        context["error"] = {"message": str(error), "type": kind}
        result = error.result if isinstance(error, Canceled) else None
    context["result"] = result
    return render(answer, context) if answer else result


def _call(appsync: Any, api: str, source: Data, request: Any, context: Data) -> Any:
    handler = appsync._DATA_SOURCE_HANDLERS.get(source.get("type"))
    if handler is None:
        raise appsync._AppSyncResolverError(f"The emulator has no data sources {source.get('type')}.", "NotImplemented")
    return handler(api, source, request, context)


def _pipeline(appsync: Any, api: str, resolver: Data, context: Data) -> Any:
    """Run the before template, the functions in their order, and the after template."""
    if before := resolver.get("requestMappingTemplate"):
        context["prev"] = {"result": render(before, context)}
    for name in (resolver.get("pipelineConfig") or {}).get("functions") or []:
        function = (appsync._functions.get(api) or {}).get(name)
        if function is None:
            raise appsync._AppSyncResolverError(f"Pipeline function {name} not found", "InvalidResolver")
        context["prev"] = {"result": _stage(appsync, api, function, context)}
    context["result"] = context["prev"]["result"]
    after = resolver.get("responseMappingTemplate")
    return render(after, context) if after else context["result"]


def _stage(appsync: Any, api: str, function: Data, context: Data) -> Any:
    if not function.get("code"):
        return _unit(appsync, api, function, context)
    info = context["info"]
    _, value = appsync._run_js_stage(
        api, function, context["args"], context["identity"], context["source"], context["request"]["headers"],
        info["variables"], info["fieldName"], info["parentTypeName"], context["stash"], context["prev"]["result"],
        context["outErrors"],
    )  # fmt: skip
    return value
