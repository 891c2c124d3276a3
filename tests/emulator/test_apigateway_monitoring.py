"""How an API is debugged: its access logs, its execution logs and its metrics in CloudWatch."""

import datetime
import json
from collections.abc import Callable
from typing import Any

import pytest
from apis import HttpApi, RestApi, allow_gateway
from botocore.exceptions import ClientError

FORMAT = '{"id": "$context.requestId", "status": "$context.status", "path": "$context.resourcePath"}'


def let_write(aws: Any) -> None:
    """Give the account a role with which API Gateway writes logs."""
    trust = {"Effect": "Allow", "Principal": {"Service": "apigateway.amazonaws.com"}, "Action": "sts:AssumeRole"}
    made = aws("iam").create_role(
        RoleName="logs", AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    )
    managed = "arn:aws:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs"
    aws("iam").attach_role_policy(RoleName="logs", PolicyArn=managed)
    patch = [{"op": "replace", "path": "/cloudwatchRoleArn", "value": made["Role"]["Arn"]}]
    aws("apigateway").update_account(patchOperations=patch)


def messages(aws: Any, group: str) -> list[str]:
    """Return the messages in a log group."""
    try:
        return [event["message"] for event in aws("logs").filter_log_events(logGroupName=group)["events"]]
    except aws("logs").exceptions.ResourceNotFoundException:
        return []


def total(aws: Any, metric: str, **dimensions: str) -> float:
    """Return the sum of a metric's values."""
    now = datetime.datetime.now(datetime.UTC)
    points = aws("cloudwatch").get_metric_statistics(
        Namespace="AWS/ApiGateway",
        MetricName=metric,
        Dimensions=[{"Name": name, "Value": value} for name, value in dimensions.items()],
        StartTime=now - datetime.timedelta(minutes=5),
        EndTime=now + datetime.timedelta(minutes=5),
        Period=3600,
        Statistics=["Sum"],
    )["Datapoints"]
    return sum(point["Sum"] for point in points)


def test_an_access_log_has_a_line_for_each_request(aws: Any, eventually: Callable[..., Any]) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-logging.html"""
    let_write(aws)
    aws("logs").create_log_group(logGroupName="access")
    api = RestApi(aws)
    api.mock("/pets")
    api.deploy()
    group = f"arn:aws:logs:us-east-1:{aws.id}:log-group:access"
    api.settings(**{"/accessLogSettings/destinationArn": group, "/accessLogSettings/format": FORMAT})
    answer = api.call("/pets")
    api.call("/absent")
    lines = eventually(lambda: len(found := messages(aws, "access")) == 2 and [json.loads(line) for line in found])
    assert {"id": answer.headers["x-amzn-RequestId"], "status": "200", "path": "/pets"} in lines
    assert {line["status"]: line["path"] for line in lines} == {"200": "/pets", "403": "-"}


def test_an_execution_log_tells_each_step(aws: Any, eventually: Callable[..., Any]) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/view-cloudwatch-log-events-in-cloudwatch-console.html"""
    let_write(aws)
    api = RestApi(aws)
    api.mock("/pets")
    api.deploy()
    api.settings(**{"/*/*/logging/loglevel": "INFO", "/*/*/logging/dataTrace": "true"})
    request = api.call("/pets?kind=dog").headers["x-amzn-RequestId"]
    lines = eventually(lambda: messages(aws, f"API-Gateway-Execution-Logs_{api.id}/test"))
    assert f"({request}) HTTP Method: GET, Resource Path: /pets" in lines
    assert f"({request}) Method request query string: {{kind=dog}}" in lines
    assert lines[-1] == f"({request}) Method completed with status: 200"


def test_an_execution_log_tells_why_a_function_failed(functions: Any, eventually: Callable[..., Any]) -> None:
    """https://repost.aws/knowledge-center/malformed-502-api-gateway"""
    aws = functions.account
    let_write(aws)
    api = RestApi(aws)
    name = functions.deploy("def handler(event, context): return 'text'")
    for path in ("/malformed", "/forbidden"):
        api.function(path, name)
    allow_gateway(aws, name, f"{api.arn}/*/GET/malformed")
    api.deploy()
    api.settings(**{"/*/*/logging/loglevel": "ERROR"})
    assert [api.call(path).status_code for path in ("/malformed", "/forbidden")] == [502, 500]
    fault = "Execution failed due to configuration error: "
    group = f"API-Gateway-Execution-Logs_{api.id}/test"
    lines = eventually(lambda: len(found := messages(aws, group)) == 4 and " ".join(found))
    assert f"{fault}Malformed Lambda proxy response" in lines
    assert f"{fault}Invalid permissions on Lambda function" in lines


def test_a_role_for_logs_has_to_trust_the_gateway(aws: Any) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-logging.html"""
    client = aws("apigateway")
    assert "cloudwatchRoleArn" not in client.get_account()
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    role = aws("iam").create_role(RoleName="logs", AssumeRolePolicyDocument=document)["Role"]["Arn"]
    with pytest.raises(ClientError, match="Please grant trust permission for API Gateway") as refused:
        client.update_account(patchOperations=[{"op": "replace", "path": "/cloudwatchRoleArn", "value": role}])
    assert refused.value.response["Error"]["Code"] == "BadRequestException"


def test_metrics_count_requests_and_errors(aws: Any, eventually: Callable[..., Any]) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-metrics-and-dimensions.html"""
    api = RestApi(aws)
    api.mock("/pets")
    api.deploy()
    for path in ("/pets", "/pets", "/absent"):
        api.call(path)
    stage = {"ApiName": "api", "Stage": "test"}
    eventually(lambda: total(aws, "Count", **stage) == 3)
    assert total(aws, "4XXError", **stage) == 1
    assert total(aws, "5XXError", ApiName="api") == 0
    assert total(aws, "Latency", ApiName="api") > 0


def test_http_apis_have_logs_and_metrics_of_their_own(aws: Any, eventually: Callable[..., Any]) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-logging-variables.html"""
    aws("logs").create_log_group(logGroupName="access")
    api = HttpApi(aws)
    settings = {
        "DestinationArn": f"arn:aws:logs:us-east-1:{aws.id}:log-group:access",
        "Format": "$context.requestId $context.status $context.routeKey",
    }
    api.client.update_stage(ApiId=api.id, StageName="$default", AccessLogSettings=settings)
    request = api.call("/absent").headers["Apigw-Requestid"]
    assert eventually(lambda: messages(aws, "access")) == [f"{request} 404 -"]
    eventually(lambda: total(aws, "4xx", ApiId=api.id) == 1)
    assert total(aws, "Count", ApiId=api.id, Stage="$default") == 1


def test_statistics_are_those_of_the_very_dimensions(aws: Any) -> None:
    """https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_concepts.html#dimension-combinations"""
    api, stage = {"Name": "ApiName", "Value": "shop"}, {"Name": "Stage", "Value": "test"}
    for dimensions in ([api], [api, stage]):
        data = [{"MetricName": "Count", "Dimensions": dimensions, "Value": 1}]
        aws("cloudwatch").put_metric_data(Namespace="AWS/ApiGateway", MetricData=data)
    assert total(aws, "Count", ApiName="shop") == 1
    assert total(aws, "Count", ApiName="shop", Stage="test") == 1
    assert total(aws, "Count", Stage="test") == 0
