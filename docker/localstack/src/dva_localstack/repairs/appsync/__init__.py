"""AppSync's resolvers run in the API's account, on LocalStack's functions and on tables by DynamoDB's own API."""

import functools
import json
import os
from types import ModuleType
from typing import Any

KEY = os.environ.get("DVA_GATEWAY_KEY", "")


def apply(appsync: ModuleType) -> None:
    """Repair AppSync before its first request."""
    repair_scope(appsync)
    repair_functions()
    repair_tables(appsync)
    repair_templates(appsync)
    repair_checks(appsync)


def repair_scope(appsync: Any) -> None:
    """Fault: a GraphQL request without a signature belongs to no account. The gateway tells which."""
    from ministack.core.responses import set_request_account_id, set_request_region

    original = appsync.handle_request

    async def handle_request(method: str, path: str, headers: dict[str, str], body: bytes, query: Any) -> Any:
        if KEY and headers.get("x-dva-key") == KEY:
            set_request_account_id(headers["x-dva-account"])
            set_request_region(headers["x-dva-region"])
        return await original(method, path, headers, body, query)

    appsync.handle_request = handle_request


def repair_functions() -> None:
    """Fault: data sources and authorizers call MiniStack's own Lambda, where no function is."""
    from ministack.services import lambda_svc

    lambda_svc._get_func_record_for_ref = lambda reference: ({"arn": reference}, {"arn": reference}, reference)
    lambda_svc._execution_record_for_config = lambda function, config: config
    lambda_svc._execute_function_with_config_scope = invoke


def repair_tables(appsync: Any) -> None:
    """Fault: queries are scans without conditions, and conditions and update expressions are ignored."""
    from botocore.exceptions import ClientError
    from ministack.core.responses import get_account_id, get_region

    from .tables import ask, error_of

    def resolve(api: str, source: dict[str, Any], request: Any, context: Any) -> Any:
        config = source.get("dynamodbConfig") or {}
        try:
            dynamodb = client("dynamodb", get_account_id(), config.get("awsRegion") or get_region())
            return ask(dynamodb, config.get("tableName", ""), request or {})
        except ClientError as error:
            kind, message = error_of(error)
            raise appsync._AppSyncResolverError(message, kind) from error
        except (ValueError, KeyError) as error:
            raise appsync._AppSyncResolverError(str(error), "MappingTemplate") from error

    appsync._DATA_SOURCE_HANDLERS["AMAZON_DYNAMODB"] = resolve


def repair_templates(appsync: Any) -> None:
    """Fault: mapping templates are ignored, and what to do is guessed from a field's name."""
    from .templates import TemplateError, render

    original = appsync._resolve_field

    def resolve(
        api: str, resolver: Any, args: Any, sub_fields: Any, variables: Any, field_name: Any = None,
        identity: Any = None, request_headers: Any = None, source: Any = None, appended_errors: Any = None,
        type_name: Any = None,
    ) -> Any:  # fmt: skip
        given = (args, sub_fields, variables, field_name, identity, request_headers, source, appended_errors, type_name)
        template = resolver.get("requestMappingTemplate")
        data_source = appsync._data_sources.get(api, {}).get(resolver.get("dataSourceName", "")) or {}
        kind = data_source.get("type")
        if not template or resolver.get("kind") == "PIPELINE":
            if kind == "AMAZON_DYNAMODB" and not resolver.get("code"):
                raise appsync._AppSyncResolverError("The resolver has no request mapping template.", "MappingTemplate")
            return original(api, resolver, *given)
        context: dict[str, Any] = {
            "arguments": args or {},
            "args": args or {},
            "identity": identity,
            "source": source or {},
            "stash": {},
            "request": {"headers": request_headers or {}},
            "info": {"fieldName": field_name, "parentTypeName": type_name, "variables": variables or {}},
        }
        try:
            request = render(template, context)
            if kind == "NONE":
                result = (request or {}).get("payload")
            else:
                result = appsync._DATA_SOURCE_HANDLERS[kind](api, data_source, request, context)
            context["result"] = result
            answer = resolver.get("responseMappingTemplate")
            return render(answer, context) if answer else result
        except TemplateError as error:
            raise appsync._AppSyncResolverError(str(error), error.kind, error.data) from error

    appsync._resolve_field = resolve


def repair_checks(appsync: Any) -> None:
    """Faults: any text is a schema, and a resolver may name a data source that is not there."""
    from ministack.core import appsync_graphql
    from ministack.core.responses import error_response_json

    start, create = appsync._start_schema_creation, appsync._create_resolver

    def start_schema_creation(api: str, body: Any) -> Any:
        answer = start(api, body)
        made = appsync._schemas.get(api)
        if answer[0] == 200 and made:
            try:
                appsync_graphql.build_api_schema(api, made["definition"])
            except Exception as error:
                made |= {"status": "FAILED", "details": f"Schema Creation Status is FAILED: {error}"}
                appsync._schemas[api] = made
        return answer

    def create_resolver(api: str, type_name: str, body: Any) -> Any:
        name = body.get("dataSourceName")
        if name and name not in (appsync._data_sources.get(api) or {}):
            return error_response_json("NotFoundException", f"No data source found named {name}.", 404)
        return create(api, type_name, body)

    appsync._start_schema_creation, appsync._create_resolver = start_schema_creation, create_resolver


def invoke(function: dict[str, str], event: Any) -> dict[str, Any]:
    """Invoke LocalStack's function; return what MiniStack's Lambda would have."""
    arn = function["arn"]
    region, account = arn.split(":")[3:5]
    answer = client("lambda", account, region).invoke(FunctionName=arn, Payload=json.dumps(event, default=str).encode())
    payload = json.loads(answer["Payload"].read() or b"null")
    if answer.get("FunctionError"):
        return {"error": True, "body": payload}
    return {"body": json.dumps(payload)}


@functools.cache
def client(service: str, account: str, region: str) -> Any:
    """Return a client of one of LocalStack's services in an account."""
    import boto3

    return boto3.client(
        service,
        endpoint_url=os.environ["DVA_GATEWAY_URL"],
        region_name=region,
        aws_access_key_id=account,
        aws_secret_access_key="test",
    )
