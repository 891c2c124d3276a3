"""Who may ask for which field: the directives of a schema, and the fields that a Lambda authorizer denies.

https://docs.aws.amazon.com/appsync/latest/devguide/security-authz.html#using-additional-authorization-modes
"""

from contextvars import ContextVar
from typing import Any

from graphql import GraphQLSchema

DIRECTIVES = {
    "aws_api_key": "API_KEY",
    "aws_iam": "AWS_IAM",
    "aws_oidc": "OPENID_CONNECT",
    "aws_cognito_user_pools": "AMAZON_COGNITO_USER_POOLS",
    "aws_auth": "AMAZON_COGNITO_USER_POOLS",
    "aws_lambda": "AWS_LAMBDA",
}

DENIED: ContextVar[frozenset[str]] = ContextVar("denied_fields", default=frozenset())
"""Fields that the Lambda authorizer of the request denies, each as TYPE.FIELD."""


def repair(appsync: Any) -> None:
    """Fault: a directive is read and not asked; deniedFields are ignored."""
    from ministack.core import appsync_graphql

    run, authorizer = appsync_graphql.execute, appsync._invoke_lambda_authorizer
    execute_schema = appsync._execute_with_schema
    headers: ContextVar[dict[str, str]] = ContextVar("request_headers")

    def with_headers(
        api: str, sdl: str, query: str, variables: Any, name: Any, given: Any, authorize: Any = None
    ) -> Any:
        headers.set({str(key).lower(): value for key, value in (given or {}).items()})
        DENIED.set(frozenset())
        return execute_schema(api, sdl, query, variables, name, given, authorize)

    def execute(
        api: str, sdl: str, query: str, variables: Any, name: Any, field_resolver: Any, context: Any
    ) -> tuple[Any, list[Any]]:
        schema = appsync_graphql.build_api_schema(api, sdl)
        about = appsync._apis.get(api) or {}
        mode = mode_of(appsync, api, about, headers.get())
        groups = claims_of(appsync, about, headers.get())

        def resolver(source: Any, info: Any, **args: Any) -> Any:
            place = info.parent_type.name, info.field_name
            if not info.field_name.startswith("__") and not allowed(schema, place, mode, groups, about):
                raise appsync._unauthorized_field(*place)
            return field_resolver(source, info, **args)

        return run(api, sdl, query, variables, name, resolver, context)

    def invoke_authorizer(*arguments: Any, **named: Any) -> Any:
        from ministack.services import lambda_svc

        answers: list[Any] = []
        invoke = lambda_svc._execute_function_with_config_scope

        def noted(function: Any, event: Any) -> Any:
            answers.append(invoke(function, event))
            return answers[-1]

        lambda_svc._execute_function_with_config_scope = noted
        try:
            identity = authorizer(*arguments, **named)
        finally:
            lambda_svc._execute_function_with_config_scope = invoke
        DENIED.set(frozenset(denied_in(answers)))
        return identity

    appsync_graphql.execute = execute
    appsync._execute_with_schema = with_headers
    appsync._invoke_lambda_authorizer = invoke_authorizer


def denied_in(answers: list[Any]) -> list[str]:
    """Return the fields that an authorizer's answer denies: ``TYPE.FIELD``, or ARNs of them."""
    import json

    body = json.loads(answers[-1]["body"]) if answers and isinstance(answers[-1].get("body"), str) else {}
    fields = []
    for name in body.get("deniedFields") or []:
        kind, _, field = name.rpartition("/fields/")
        fields.append(f"{kind.rpartition('/types/')[2]}.{field}" if kind else name)
    return fields


def mode_of(appsync: Any, api: str, about: dict[str, Any], headers: dict[str, str]) -> str:
    """Return the way in which a request has shown who it is."""
    modes = appsync._auth_modes(about)
    given = headers.get("authorization") or ""
    if given.startswith("AWS4-HMAC-SHA256"):
        return "AWS_IAM"
    if headers.get("x-api-key") in (appsync._api_keys.get(api) or {}):
        return "API_KEY"
    for mode in ("AMAZON_COGNITO_USER_POOLS", "OPENID_CONNECT", "AWS_LAMBDA"):
        if mode in modes and given:
            return mode
    return about.get("authenticationType") or "API_KEY"


def claims_of(appsync: Any, about: dict[str, Any], headers: dict[str, str]) -> set[str]:
    """Return the groups in a user pool's token."""
    identity = appsync._cognito_identity(about, headers) or {}
    return set(identity.get("groups") or [])


def allowed(schema: GraphQLSchema, place: tuple[str, str], mode: str, groups: set[str], about: dict[str, Any]) -> bool:
    """Return whether a field is open to a way of authorization: its own directives, else its type's, else the default.

    :param groups: of the caller, for directives that name some
    """
    kind, field = place
    if f"{kind}.{field}" in DENIED.get():
        return False
    parent: Any = schema.type_map.get(kind)
    node = parent.fields[field].ast_node if parent and field in getattr(parent, "fields", {}) else None
    own = _modes(node) or _modes(parent.ast_node if parent else None)
    if own:
        return mode in own and (not own[mode] or bool(own[mode] & groups))
    return mode == (about.get("authenticationType") or "API_KEY")


def _modes(node: Any) -> dict[str, set[str]]:
    """Return the ways of authorization that directives name, each with the groups that it asks for."""
    found = {}
    for directive in getattr(node, "directives", None) or ():
        if mode := DIRECTIVES.get(directive.name.value):
            named = [argument.value for argument in directive.arguments if argument.name.value == "cognito_groups"]
            found[mode] = {value.value for group in named for value in getattr(group, "values", ())}
    return found
