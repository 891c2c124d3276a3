"""What AppSync refuses to configure, and MiniStack takes.

https://docs.aws.amazon.com/appsync/latest/APIReference/API_Operations.html
"""

import time
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

AUTHORIZATION = {
    "API_KEY": None,
    "AWS_IAM": None,
    "AMAZON_COGNITO_USER_POOLS": "userPoolConfig",
    "OPENID_CONNECT": "openIDConnectConfig",
    "AWS_LAMBDA": "lambdaAuthorizerConfig",
}
"""Ways of authorization to the settings that each needs."""

SOURCES = {
    "NONE": None,
    "AWS_LAMBDA": "lambdaConfig",
    "AMAZON_DYNAMODB": "dynamodbConfig",
    "HTTP": "httpConfig",
    "AMAZON_EVENTBRIDGE": "eventBridgeConfig",
    "AMAZON_OPENSEARCH_SERVICE": "openSearchServiceConfig",
    "AMAZON_ELASTICSEARCH": "elasticsearchConfig",
    "RELATIONAL_DATABASE": "relationalDatabaseConfig",
    "AMAZON_BEDROCK_RUNTIME": None,
}
DAY = 86_400
VALIDITY = (DAY, 365 * DAY)
"""Seconds for which a key may be valid: https://docs.aws.amazon.com/appsync/latest/APIReference/API_CreateApiKey.html"""

Refusal = tuple[str, str] | None

UPDATES: ContextVar[bool] = ContextVar("updates", default=False)
"""Whether MiniStack makes anew what is there, which is how it updates."""


def repair(appsync: Any) -> None:
    """Faults: any text is a schema, and nothing is compared with what is there."""
    from ministack.core import appsync_graphql

    start = appsync._start_schema_creation

    def start_schema_creation(api: str, body: Any) -> Any:
        answer = start(api, body)
        made = appsync._schemas.get(api)
        if answer[0] == 200 and made:
            try:
                schema = appsync_graphql.build_api_schema(api, made["definition"])
                if schema.query_type is None:
                    raise ValueError("There is no top level schema object, or it has no query")
            except Exception as error:
                made |= {"status": "FAILED", "details": f"Schema Creation Status is FAILED: {error}"}
                appsync._schemas[api] = made
        return answer

    appsync._start_schema_creation = start_schema_creation
    for name, rule in RULES.items():
        _before(appsync, name, rule)
    for name in ("_update_resolver", "_update_data_source"):
        _marked(appsync, name)


def _marked(appsync: Any, name: str) -> None:
    original = getattr(appsync, name)

    def operation(*arguments: Any) -> Any:
        before = UPDATES.set(True)
        try:
            return original(*arguments)
        finally:
            UPDATES.reset(before)

    setattr(appsync, name, operation)


def _before(appsync: Any, name: str, rule: Callable[..., Refusal]) -> None:
    from ministack.core.responses import error_response_json

    original = getattr(appsync, name)

    def operation(*arguments: Any) -> Any:
        if refusal := rule(appsync, *arguments):
            code, message = refusal
            return error_response_json(code, message, 404 if code.startswith("NotFound") else 400)
        return original(*arguments)

    setattr(appsync, name, operation)


def bad(message: str) -> Refusal:
    """Return a refusal."""
    return "BadRequestException", message


def _api(appsync: Any, body: Any) -> Refusal:
    for provider in [body, *(body.get("additionalAuthenticationProviders") or [])]:
        mode = provider.get("authenticationType")
        if mode not in AUTHORIZATION:
            return bad(f"Invalid authentication type {mode}. It must be one of {', '.join(AUTHORIZATION)}.")
        needed = AUTHORIZATION[mode]
        if needed and not provider.get(needed):
            return bad(f"{needed} is required for the authentication type {mode}.")
    return None


def _key(appsync: Any, api: str, body: Any) -> Refusal:
    if (expires := body.get("expires")) is None:
        return None
    least, most = VALIDITY
    # A key's end is rounded down to the hour.
    if not least - 3600 <= int(expires) - time.time() <= most + 3600:
        return (
            "ApiKeyValidityOutOfBoundsException",
            "API key must be valid for a minimum of 1 day, and a maximum of 365 days.",
        )
    return None


def _source(appsync: Any, api: str, body: Any) -> Refusal:
    kind, name = body.get("type"), body.get("name")
    if name in (appsync._data_sources.get(api) or {}) and not UPDATES.get():
        return bad(f"Data source with name {name} already exists")
    if kind not in SOURCES:
        return bad(f"Invalid data source type {kind}. It must be one of {', '.join(SOURCES)}.")
    needed = SOURCES[kind]
    if needed and not body.get(needed):
        return bad(f"{needed} is required for data sources of type {kind}.")
    return None


def _source_unused(appsync: Any, api: str, name: str) -> Refusal:
    fields = [field for kind in (appsync._resolvers.get(api) or {}).values() for field in kind.values()]
    functions = (appsync._functions.get(api) or {}).values()
    if any(unit.get("dataSourceName") == name for unit in [*fields, *functions]):
        return bad(f"Cannot delete data source {name}: it is attached to resolvers or functions.")
    return None


def _has_source(appsync: Any, api: str, body: Any) -> Refusal:
    name = body.get("dataSourceName")
    if name and name not in (appsync._data_sources.get(api) or {}):
        return "NotFoundException", f"No data source found named {name}"
    return None


def _resolver(appsync: Any, api: str, kind: str, body: Any) -> Refusal:
    from ministack.core import appsync_graphql

    if missing := _has_source(appsync, api, body):
        return missing
    field = body.get("fieldName")
    if field in ((appsync._resolvers.get(api) or {}).get(kind) or {}) and not UPDATES.get():
        return bad("Only one resolver is allowed per field.")
    if made := appsync._schemas.get(api):
        try:
            types = appsync_graphql.build_api_schema(api, made["definition"]).type_map
        except Exception:
            return None
        if field not in getattr(types.get(kind), "fields", {}):
            return "NotFoundException", f"No field named {field} found on type {kind}"
    for function in (body.get("pipelineConfig") or {}).get("functions") or []:
        if function not in (appsync._functions.get(api) or {}):
            return "NotFoundException", f"No function found with id {function}"
    return None


RULES: dict[str, Callable[..., Refusal]] = {
    "_create_graphql_api": _api,
    "_create_api_key": _key,
    "_create_data_source": _source,
    "_delete_data_source": _source_unused,
    "_create_function": _has_source,
    "_create_resolver": _resolver,
}
