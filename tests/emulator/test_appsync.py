"""AppSync: GraphQL over HTTP, on DynamoDB tables and Lambda functions of the account."""

import json
from typing import Any

import pytest
import requests
from botocore.exceptions import ClientError
from emulator.appsync_tools import Api
from emulator.cloudformation_tools import create, delete, outputs, reasons, template
from emulator.cognito_tools import Pool

SCHEMA = """
type Post { id: ID! title: String }
type Query { post(id: ID!): Post shout(word: String!): String }
type Mutation { addPost(id: ID!, title: String!): Post }
schema { query: Query mutation: Mutation }
"""

PUT = """{
  "version": "2018-05-29", "operation": "PutItem",
  "key": {"id": $util.dynamodb.toDynamoDBJson($ctx.args.id)},
  "attributeValues": {"title": $util.dynamodb.toDynamoDBJson($ctx.args.title)}
}"""

GET = """{
  "version": "2018-05-29", "operation": "GetItem",
  "key": {"id": $util.dynamodb.toDynamoDBJson($ctx.args.id)}
}"""


def test_dynamodb_resolvers(aws: Any) -> None:
    """Templates write to and read from a table of the API's account.

    https://docs.aws.amazon.com/appsync/latest/devguide/resolver-mapping-template-reference-dynamodb.html
    """
    aws("dynamodb").create_table(
        TableName="posts",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
    )
    api = Api(aws)
    assert api.define(SCHEMA) in ("SUCCESS", "ACTIVE")
    api.client.create_data_source(
        apiId=api.id,
        name="posts",
        type="AMAZON_DYNAMODB",
        dynamodbConfig={"tableName": "posts", "awsRegion": "us-east-1"},
        serviceRoleArn=f"arn:aws:iam::{aws.id}:role/appsync",
    )
    for kind, field, request in (("Mutation", "addPost", PUT), ("Query", "post", GET)):
        api.client.create_resolver(
            apiId=api.id,
            typeName=kind,
            fieldName=field,
            dataSourceName="posts",
            requestMappingTemplate=request,
            responseMappingTemplate="$util.toJson($ctx.result)",
        )
    headers = api.key()
    written = api.ask('mutation { addPost(id: "1", title: "First") { id title } }', headers).json()
    assert written == {"data": {"addPost": {"id": "1", "title": "First"}}}
    item = aws("dynamodb").get_item(TableName="posts", Key={"id": {"S": "1"}})["Item"]
    assert item["title"] == {"S": "First"}
    read = api.ask("query Q($id: ID!) { post(id: $id) { title } }", headers, id="1").json()
    assert read == {"data": {"post": {"title": "First"}}}
    once = PUT.replace('"operation"', '"condition": {"expression": "attribute_not_exists(id)"}, "operation"')
    api.client.update_resolver(
        apiId=api.id,
        typeName="Mutation",
        fieldName="addPost",
        dataSourceName="posts",
        requestMappingTemplate=once,
        responseMappingTemplate="$util.toJson($ctx.result)",
    )
    again = api.ask('mutation { addPost(id: "1", title: "Second") { id } }', headers).json()
    assert again["data"] == {"addPost": None}
    assert again["errors"][0]["errorType"] == "DynamoDB:ConditionalCheckFailedException"
    assert aws("dynamodb").get_item(TableName="posts", Key={"id": {"S": "1"}})["Item"]["title"] == {"S": "First"}


def test_lambda_resolver(aws: Any, functions: Any) -> None:
    """A resolver without templates sends its context to a function, and a function's error is the field's.

    https://docs.aws.amazon.com/appsync/latest/devguide/resolver-mapping-template-reference-lambda.html
    """
    name = functions.deploy("""
        def handler(event, context):
            word = event["arguments"]["word"]
            if word == "no":
                raise ValueError("not that word")
            return word.upper()
    """)
    api = Api(aws)
    api.define(SCHEMA)
    api.client.create_data_source(
        apiId=api.id,
        name="shouter",
        type="AWS_LAMBDA",
        lambdaConfig={"lambdaFunctionArn": f"arn:aws:lambda:us-east-1:{aws.id}:function:{name}"},
        serviceRoleArn=f"arn:aws:iam::{aws.id}:role/appsync",
    )
    api.client.create_resolver(apiId=api.id, typeName="Query", fieldName="shout", dataSourceName="shouter")
    headers = api.key()
    assert api.ask('{ shout(word: "hey") }', headers).json() == {"data": {"shout": "HEY"}}
    failed = api.ask('{ shout(word: "no") }', headers).json()
    assert failed["data"] == {"shout": None}
    assert "not that word" in failed["errors"][0]["message"]


def test_api_keys(aws: Any) -> None:
    """Without a key of the API there is no answer.

    https://docs.aws.amazon.com/appsync/latest/devguide/security-authz.html#api-key-authorization
    """
    api, other = Api(aws), Api(aws)
    api.define(SCHEMA)
    for headers in ({}, {"x-api-key": "da2-wrong"}, other.key()):
        answer = api.ask("{ __typename }", headers)
        assert answer.status_code == 401
        assert answer.json()["errors"][0]["errorType"] == "UnauthorizedException"
    assert api.ask("{ __typename }", api.key()).json()["data"] == {"__typename": "Query"}


def test_tokens_of_a_user_pool(aws: Any) -> None:
    """An API for a user pool takes the tokens that this pool signed, and no others.

    https://docs.aws.amazon.com/appsync/latest/devguide/security-authz.html#amazon-cognito-user-pools-authorization
    """
    people, others = Pool(aws), Pool(aws)
    settings = {"userPoolId": people.id, "awsRegion": "us-east-1", "defaultAction": "ALLOW"}
    api = Api(aws, authenticationType="AMAZON_COGNITO_USER_POOLS", userPoolConfig=settings)
    api.define(SCHEMA)
    token, stranger = people.tokens(people.user())["IdToken"], others.tokens(others.user())["IdToken"]
    forged = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJtZSJ9."
    for given in ("", forged, f"Bearer {forged}", stranger, token[:-6] + "AAAAAA"):
        assert api.ask("{ __typename }", {"Authorization": given} if given else {}).status_code == 401
    assert api.ask("{ __typename }", {"Authorization": token}).json() == {"data": {"__typename": "Query"}}


def test_broken_schemas_and_queries_are_refused(aws: Any) -> None:
    """A schema that is none fails with details; a query for a field that is not there is told.

    https://docs.aws.amazon.com/appsync/latest/devguide/designing-your-schema.html
    """
    api = Api(aws)
    assert api.define("type Query { post: Nothing }") == "FAILED"
    assert "Nothing" in api.client.get_schema_creation_status(apiId=api.id)["details"]
    api.define(SCHEMA)
    answer = api.ask("{ nothing }", api.key()).json()
    assert "nothing" in answer["errors"][0]["message"]


def test_resolver_needs_its_data_source(aws: Any) -> None:
    """A resolver cannot name a data source that is not there.

    https://docs.aws.amazon.com/appsync/latest/APIReference/API_CreateResolver.html
    """
    api = Api(aws)
    api.define(SCHEMA)
    with pytest.raises(ClientError) as error:
        api.client.create_resolver(apiId=api.id, typeName="Query", fieldName="post", dataSourceName="ghost")
    assert error.value.response["Error"]["Code"] == "NotFoundException"


def test_api_by_cloudformation(aws: Any) -> None:
    """A template makes an API that answers.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-appsync-graphqlapi.html
    """
    api = {"Fn::GetAtt": ["Api", "ApiId"]}
    resources = {
        "Api": {"Type": "AWS::AppSync::GraphQLApi", "Properties": {"Name": "blog", "AuthenticationType": "API_KEY"}},
        "Schema": {"Type": "AWS::AppSync::GraphQLSchema", "Properties": {"ApiId": api, "Definition": SCHEMA}},
        "Key": {"Type": "AWS::AppSync::ApiKey", "Properties": {"ApiId": api}},
    }
    found = {"Url": {"Fn::GetAtt": ["Api", "GraphQLUrl"]}, "Key": {"Fn::GetAtt": ["Key", "ApiKey"]}}
    body = template(resources, Outputs={name: {"Value": value} for name, value in found.items()})
    cfn = aws("cloudformation")
    stack = create(cfn, "blog", body)
    assert stack["StackStatus"] == "CREATE_COMPLETE", reasons(cfn, "blog")
    given = outputs(stack)
    answer = requests.post(
        given["Url"], json={"query": "{ __typename }"}, headers={"x-api-key": given["Key"]}, timeout=40
    )
    assert answer.json() == {"data": {"__typename": "Query"}}, json.dumps(given)
    assert delete(cfn, stack["StackId"])["StackStatus"] == "DELETE_COMPLETE"
