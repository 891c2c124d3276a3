"""AppSync's resolvers run in the API's account, on LocalStack's functions and on tables by DynamoDB's own API."""

import functools
import json
import os
from types import ModuleType
from typing import Any

from . import checks, permissions, resolvers, templates

KEY = os.environ.get("DVA_GATEWAY_KEY", "")


def apply(appsync: ModuleType) -> None:
    """Repair AppSync before its first request."""
    repair_scope(appsync)
    repair_functions()
    repair_tables(appsync)
    templates.repair()
    resolvers.repair(appsync)
    permissions.repair(appsync)
    checks.repair(appsync)


def repair_scope(appsync: Any) -> None:
    """Fault: a GraphQL request without a signature belongs to no account. The gateway tells which."""
    from ministack.core.responses import set_request_account_id, set_request_region

    original = appsync.handle_request

    async def handle_request(method: str, path: str, headers: dict[str, str], body: bytes, query: Any) -> Any:
        if KEY and headers.get("x-dva-key") == KEY:
            set_request_account_id(headers["x-dva-account"])
            set_request_region(headers["x-dva-region"])
        if path == "/v1/dataplane-evaluatetemplate":
            return appsync._json(200, templates.evaluate(json.loads(body)))
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
    appsync._DATA_SOURCE_HANDLERS["AMAZON_EVENTBRIDGE"] = put_events


def put_events(api: str, source: dict[str, Any], request: Any, context: Any) -> Any:
    """Put events on the bus of a data source, and return what AppSync gives as the result.

    https://docs.aws.amazon.com/appsync/latest/devguide/aws-appsync-resolver-reference-eventbridge.html
    """
    bus = (source.get("eventBridgeConfig") or {}).get("eventBusArn", "")
    region, account = bus.split(":")[3:5]
    entries = [
        {
            "EventBusName": bus,
            "Source": event["source"],
            "DetailType": event["detailType"],
            "Detail": json.dumps(event["detail"]),
            **({"Resources": event["resources"]} if event.get("resources") else {}),
        }
        for event in (request or {}).get("events") or []
    ]
    answer = client("events", account, region).put_events(Entries=entries)
    return {"Entries": answer["Entries"], "FailedEntryCount": answer["FailedEntryCount"]}


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
