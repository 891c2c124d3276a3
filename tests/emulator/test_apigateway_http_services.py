"""HTTP APIs in front of AWS services, and what cannot be configured for them."""

import json
from typing import Any

import pytest
from apis import HttpApi, function_arn, invocation_uri, seen
from botocore.exceptions import ClientError


def role(aws: Any, *actions: str) -> str:
    """Return the ARN of a role that API Gateway may assume and that may do ``actions``."""
    trust = {"Effect": "Allow", "Principal": {"Service": "apigateway.amazonaws.com"}, "Action": "sts:AssumeRole"}
    policy = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
    trusts, allows = (json.dumps({"Version": "2012-10-17", "Statement": part}) for part in (trust, policy))
    arn = aws("iam").create_role(RoleName="gateway", AssumeRolePolicyDocument=trusts)["Role"]["Arn"]
    aws("iam").put_role_policy(RoleName="gateway", PolicyName="inline", PolicyDocument=allows)
    return arn


def integrated(aws: Any, subtype: str, parameters: dict[str, str], *actions: str) -> HttpApi:
    """Return an API whose ``POST /`` calls a service."""
    api = HttpApi(aws)
    made = api.client.create_integration(
        ApiId=api.id,
        IntegrationType="AWS_PROXY",
        IntegrationSubtype=subtype,
        PayloadFormatVersion="1.0",
        CredentialsArn=role(aws, *actions),
        RequestParameters=parameters,
    )
    api.route("POST /", made["IntegrationId"])
    return api


def refusal(call: Any, **request: Any) -> tuple[str, str]:
    """Return code and message of a refused call."""
    with pytest.raises(ClientError) as refused:
        call(**request)
    error = refused.value.response["Error"]
    return error["Code"], error["Message"]


def test_a_route_sends_to_a_queue(aws: Any) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-aws-services.html"""
    queue = aws("sqs").create_queue(QueueName="orders")["QueueUrl"]
    parameters = {"QueueUrl": queue, "MessageBody": "$request.body.text"}
    api = integrated(aws, "SQS-SendMessage", parameters, "sqs:SendMessage")
    answer = api.call("/", "POST", json={"text": "hello"})
    assert answer.status_code == 200
    assert "<MessageId>" in answer.text
    assert aws("sqs").receive_message(QueueUrl=queue)["Messages"][0]["Body"] == "hello"


def test_a_route_puts_an_event(aws: Any) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-aws-services-reference.html#EventBridge-PutEvents"""
    parameters = {"Detail": "$request.body.order", "DetailType": "placed", "Source": "$context.stage"}
    api = integrated(aws, "EventBridge-PutEvents", parameters, "events:PutEvents")
    status, body = seen(api.call("/", "POST", json={"order": {"id": 7}}))
    assert (status, body["FailedEntryCount"]) == (200, 0)
    assert body["Entries"][0]["EventId"]


def test_the_role_decides(aws: Any) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-aws-services.html"""
    parameters = {"StreamName": "clicks", "Data": "$request.body", "PartitionKey": "a"}
    api = integrated(aws, "Kinesis-PutRecord", parameters, "kinesis:GetRecords")
    status, body = seen(api.call("/", "POST", json={}))
    assert (status, body["__type"]) == (400, "AccessDeniedException")


def test_an_integration_with_a_service_has_all_that_it_needs(aws: Any) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-aws-services-reference.html"""
    api = HttpApi(aws)
    place = {"ApiId": api.id, "IntegrationType": "AWS_PROXY", "PayloadFormatVersion": "1.0"}
    send = {**place, "IntegrationSubtype": "SQS-SendMessage"}
    named = {"CredentialsArn": role(aws, "sqs:SendMessage")}
    wrong = [
        {**send, **named, "RequestParameters": {"QueueUrl": "https://example.com/q"}},
        {**send, "RequestParameters": {"QueueUrl": "https://example.com/q", "MessageBody": "a"}},
        {**place, **named, "IntegrationSubtype": "S3-PutObject", "RequestParameters": {}},
    ]
    for request in wrong:
        assert refusal(api.client.create_integration, **request)[0] == "BadRequestException", request


def test_cors_of_everybody_takes_no_credentials(aws: Any) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-cors.html"""
    create = {"Name": "api", "ProtocolType": "HTTP"}
    for cors in (
        {"AllowOrigins": ["*"], "AllowCredentials": True},
        {"AllowOrigins": ["example.com"]},
        {"MaxAge": 86401},
    ):
        assert refusal(aws("apigatewayv2").create_api, **create, CorsConfiguration=cors)[0] == "BadRequestException"


def test_integrations_are_checked(aws: Any) -> None:
    """https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/apis-apiid-integrations.html"""
    api = HttpApi(aws)
    function = {"IntegrationType": "AWS_PROXY", "IntegrationUri": function_arn(aws.id, "any")}
    server = {"IntegrationType": "HTTP_PROXY", "IntegrationUri": "http://127.0.0.1/", "PayloadFormatVersion": "1.0"}
    wrong = [
        {**function, "PayloadFormatVersion": "3.0"},
        {**server, "IntegrationMethod": "GET", "PayloadFormatVersion": "2.0"},
        server,
        {**server, "IntegrationMethod": "GET", "RequestParameters": {"header.X": "1"}},
        {"IntegrationType": "LAMBDA"},
    ]
    for request in wrong:
        assert refusal(api.client.create_integration, ApiId=api.id, **request)[0] == "BadRequestException", request


def test_an_authorizer_in_use_stays(aws: Any) -> None:
    """https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/apis-apiid-authorizers-authorizerid.html"""
    api = HttpApi(aws)
    authorizer = api.client.create_authorizer(
        ApiId=api.id,
        Name="who",
        AuthorizerType="REQUEST",
        AuthorizerUri=invocation_uri(aws.id, "any"),
        AuthorizerPayloadFormatVersion="2.0",
        IdentitySource=["$request.header.Authorization"],
    )["AuthorizerId"]
    server = api.server("http://127.0.0.1/")
    api.route("GET /", server, AuthorizationType="CUSTOM", AuthorizerId=authorizer)
    assert refusal(api.client.delete_authorizer, ApiId=api.id, AuthorizerId=authorizer)[0] == "ConflictException"
    wrong = {"RouteKey": "GET /a", "AuthorizationType": "BASIC"}
    assert refusal(api.client.create_route, ApiId=api.id, **wrong)[0] == "BadRequestException"


def test_apis_come_by_pages_and_with_their_tags(aws: Any) -> None:
    """https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/apis.html"""
    client = aws("apigatewayv2")
    made = [client.create_api(Name="api", ProtocolType="HTTP", Tags={"a": "1"})["ApiId"] for _ in range(3)]
    first = client.get_apis(MaxResults="2")
    rest = client.get_apis(MaxResults="2", NextToken=first["NextToken"])
    assert {item["ApiId"] for item in first["Items"] + rest["Items"]} == {*made}
    arn = f"arn:aws:apigateway:us-east-1::/apis/{made[0]}"
    client.tag_resource(ResourceArn=arn, Tags={"b": "2"})
    assert client.get_api(ApiId=made[0])["Tags"] == {"a": "1", "b": "2"}
