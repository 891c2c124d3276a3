"""REST APIs in front of AWS services: no function in between, the calls are those of the integration's role."""

import json
from typing import Any

import pytest
from apis import RestApi, seen
from botocore.exceptions import ClientError

FORM = {"integration.request.header.Content-Type": "'application/x-www-form-urlencoded'"}


def role(aws: Any, *actions: str) -> str:
    """Return the ARN of a role that API Gateway may assume and that may do ``actions``."""
    trust = {"Effect": "Allow", "Principal": {"Service": "apigateway.amazonaws.com"}, "Action": "sts:AssumeRole"}
    policy = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
    iam = aws("iam")
    arn = iam.create_role(RoleName="gateway", AssumeRolePolicyDocument=document(trust))["Role"]["Arn"]
    iam.put_role_policy(RoleName="gateway", PolicyName="inline", PolicyDocument=document(policy))
    return arn


def document(statement: dict[str, Any]) -> str:
    """Return a policy of one statement."""
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def integrated(aws: Any, uri: str, template: str, *actions: str, **settings: Any) -> RestApi:
    """Return an API whose ``POST /`` calls a service with what a template makes; 4xx answers are passed on as 400."""
    api = RestApi(aws)
    place = api.method("/", "POST")
    api.client.put_integration(
        **place,
        type="AWS",
        integrationHttpMethod="POST",
        uri=f"arn:aws:apigateway:us-east-1:{uri}",
        credentials=role(aws, *actions),
        requestTemplates={"application/json": template},
        **settings,
    )
    for status, pattern in (("200", ""), ("400", r"4\d{2}")):
        api.client.put_method_response(**place, statusCode=status)
        api.client.put_integration_response(**place, statusCode=status, selectionPattern=pattern)
    api.deploy()
    return api


def test_a_method_sends_to_a_queue(aws: Any) -> None:
    """https://docs.aws.amazon.com/prescriptive-guidance/latest/patterns/integrate-amazon-api-gateway-with-amazon-sqs-to-handle-asynchronous-rest-apis.html"""
    queue = aws("sqs").create_queue(QueueName="orders")["QueueUrl"]
    template = "Action=SendMessage&MessageBody=$util.urlEncode($input.body)"
    api = integrated(aws, f"sqs:path/{aws.id}/orders", template, "sqs:SendMessage", requestParameters=FORM)
    answer = api.call("/", "POST", json={"id": 7})
    assert answer.status_code == 200
    assert answer.json()["SendMessageResponse"]["SendMessageResult"]["MessageId"]
    assert json.loads(aws("sqs").receive_message(QueueUrl=queue)["Messages"][0]["Body"]) == {"id": 7}


def test_a_method_puts_an_item(aws: Any) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/api-as-dynamodb-proxy.html"""
    table = {"TableName": "pets", "BillingMode": "PAY_PER_REQUEST"}
    aws("dynamodb").create_table(
        **table,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
    )
    item = """{"TableName": "pets", "Item": {"id": {"S": "$input.path('$.id')"}}}"""
    api = integrated(aws, "dynamodb:action/PutItem", item, "dynamodb:PutItem")
    assert seen(api.call("/", "POST", json={"id": "rex"})) == (200, {})
    assert aws("dynamodb").get_item(TableName="pets", Key={"id": {"S": "rex"}})["Item"]["id"] == {"S": "rex"}


def test_a_method_starts_an_execution(aws: Any) -> None:
    """https://docs.aws.amazon.com/step-functions/latest/dg/tutorial-api-gateway.html"""
    definition = json.dumps({"StartAt": "Done", "States": {"Done": {"Type": "Pass", "End": True}}})
    trust = {"Effect": "Allow", "Principal": {"Service": "states.amazonaws.com"}, "Action": "sts:AssumeRole"}
    made = aws("iam").create_role(RoleName="machine", AssumeRolePolicyDocument=document(trust))["Role"]["Arn"]
    machine = aws("stepfunctions").create_state_machine(name="m", definition=definition, roleArn=made)
    template = """{"stateMachineArn": "%s", "input": "$util.escapeJavaScript($input.json('$'))"}"""
    arn = machine["stateMachineArn"]
    api = integrated(aws, "states:action/StartExecution", template % arn, "states:StartExecution")
    status, body = seen(api.call("/", "POST", json={"id": 7}))
    assert status == 200
    found = aws("stepfunctions").describe_execution(executionArn=body["executionArn"])
    assert json.loads(found["input"]) == {"id": 7}


def test_the_role_decides(aws: Any) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/api-as-dynamodb-proxy.html"""
    api = integrated(aws, "dynamodb:action/Scan", '{"TableName": "pets"}', "dynamodb:GetItem")
    status, body = seen(api.call("/", "POST", json={}))
    assert status == 400
    assert body["__type"].endswith("AccessDeniedException")


def test_a_role_that_was_made_anew_works(aws: Any) -> None:
    """A session of the role before it must not be kept: a learner who starts again makes the role of the same name."""
    aws("sqs").create_queue(QueueName="orders")
    uri, template = f"sqs:path/{aws.id}/orders", "Action=SendMessage&MessageBody=again"
    api = integrated(aws, uri, template, "sqs:SendMessage", requestParameters=FORM)
    assert api.call("/", "POST").status_code == 200
    aws("iam").delete_role_policy(RoleName="gateway", PolicyName="inline")
    aws("iam").delete_role(RoleName="gateway")
    assert api.call("/", "POST").status_code >= 400
    role(aws, "sqs:SendMessage")
    assert api.call("/", "POST").status_code == 200


def test_a_role_is_required(aws: Any) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/api/API_PutIntegration.html"""
    api = RestApi(aws)
    with pytest.raises(ClientError, match="Role ARN must be specified for AWS integrations") as refused:
        api.client.put_integration(
            **api.method("/"),
            type="AWS",
            integrationHttpMethod="POST",
            uri=f"arn:aws:apigateway:us-east-1:sqs:path/{aws.id}/orders",
        )
    assert refused.value.response["Error"]["Code"] == "BadRequestException"


def test_a_role_that_does_not_trust_the_gateway_is_a_server_error(aws: Any) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/permissions.html"""
    api = integrated(aws, "dynamodb:action/Scan", "{}", "dynamodb:Scan")
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    aws("iam").update_assume_role_policy(RoleName="gateway", PolicyDocument=document(trust))
    assert seen(api.call("/", "POST", json={})) == (500, {"message": "Internal server error"})
