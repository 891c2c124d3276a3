"""AppSync's resolvers: pipelines, batches and transactions, helpers of templates, and who may ask for which field."""

import json
import time
from typing import Any

import pytest
from apis import function_arn
from botocore.exceptions import ClientError
from emulator.appsync_tools import Api, payload

SCHEMA = """
type Post { id: ID! title: String }
type Query {
  echo(word: String!): String
  posts(ids: [ID!]): [Post]
  secret: String @aws_iam
}
type Mutation { add(id: ID!): ID }
"""

RUNTIME = {"name": "APPSYNC_JS", "runtimeVersion": "1.0.0"}

BATCH = """
#set($keys = [])
#foreach($id in $ctx.args.ids)
  #set($key = {})
  $util.qr($key.put("id", $util.dynamodb.toString($id)))
  $util.qr($keys.add($key))
#end
{"version": "2018-05-29", "operation": "BatchGetItem", "tables": {"posts": {"keys": $util.toJson($keys)}}}
"""

TRANSACTION = """{
  "version": "2018-05-29", "operation": "TransactWriteItems", "transactItems": [
    {"table": "posts", "operation": "PutItem", "key": {"id": $util.dynamodb.toStringJson($ctx.args.id)},
     "attributeValues": {"title": {"S": "new"}}, "condition": {"expression": "attribute_not_exists(id)"}}
  ]
}"""

TOLD = """#if($ctx.error)$util.error($ctx.error.message, $ctx.error.type, $ctx.result.cancellationReasons)#end
$util.toJson($ctx.result.keys[0].id)"""

AUTHORIZER = """
    def handler(event, context):
        return {
            "isAuthorized": event["authorizationToken"] == "good",
            "resolverContext": {"tenant": "blue"},
            "deniedFields": ["Query.posts"],
            "ttlOverride": 0,
        }
"""


@pytest.fixture
def api(aws: Any) -> Api:
    """An API with a data source that has no data."""
    made = Api(aws)
    made.define(SCHEMA)
    made.none()
    return made


def refusal(call: Any, **request: Any) -> str:
    """Return the code of a refused call."""
    with pytest.raises(ClientError) as refused:
        call(**request)
    return refused.value.response["Error"]["Code"]


def test_a_pipeline_of_templates_and_code(api: Api) -> None:
    """https://docs.aws.amazon.com/appsync/latest/devguide/pipeline-resolvers.html"""
    add = api.client.create_function
    place = {"apiId": api.id, "dataSourceName": "none"}
    first = add(
        **place,
        name="first",
        functionVersion="2018-05-29",
        requestMappingTemplate=payload('{"word": "$ctx.args.word$ctx.stash.mark"}'),
        responseMappingTemplate="$util.toJson($ctx.result)",
    )
    code = (
        "export function request(ctx) { return { payload: ctx.prev.result.word + '!' }; }\n"
        "export function response(ctx) { return ctx.result; }"
    )
    second = add(**place, name="second", runtime=RUNTIME, code=code)
    made = [item["functionConfiguration"]["functionId"] for item in (first, second)]
    api.client.create_resolver(
        apiId=api.id,
        typeName="Query",
        fieldName="echo",
        kind="PIPELINE",
        pipelineConfig={"functions": made},
        requestMappingTemplate='$util.qr($ctx.stash.put("mark", "?")) {}',
        responseMappingTemplate="$util.toJson($ctx.prev.result)",
    )
    assert api.ask('{ echo(word: "a") }', api.key()).json() == {"data": {"echo": "a?!"}}


def test_a_batch_comes_in_the_order_of_its_keys(api: Api) -> None:
    """https://docs.aws.amazon.com/appsync/latest/devguide/tutorial-dynamodb-batch.html"""
    dynamodb = api.table("posts")
    for number in ("1", "2"):
        dynamodb.put_item(TableName="posts", Item={"id": {"S": number}, "title": {"S": f"No. {number}"}})
    api.template("Query", "posts", "posts", BATCH, "$util.toJson($ctx.result.data.posts)")
    found = api.ask('{ posts(ids: ["2", "absent", "1"]) { title } }', api.key()).json()
    assert found == {"data": {"posts": [{"title": "No. 2"}, None, {"title": "No. 1"}]}}


def test_a_transaction_tells_why_it_was_canceled(api: Api) -> None:
    """https://docs.aws.amazon.com/appsync/latest/devguide/tutorial-dynamodb-transact.html"""
    dynamodb = api.table("posts")
    api.template("Mutation", "add", "posts", TRANSACTION, TOLD)
    query, headers = 'mutation { add(id: "7") }', api.key()
    assert api.ask(query, headers).json() == {"data": {"add": "7"}}
    assert dynamodb.get_item(TableName="posts", Key={"id": {"S": "7"}})["Item"]["title"] == {"S": "new"}
    (error,) = api.ask(query, headers).json()["errors"]
    assert error["errorType"] == "DynamoDB:TransactionCanceledException"
    assert error["data"][0]["type"] == "ConditionalCheckFailed"


def test_helpers_of_templates(api: Api) -> None:
    """https://docs.aws.amazon.com/appsync/latest/devguide/resolver-util-reference.html"""
    word = '$util.matches("^a", $ctx.args.word) $util.base64Encode("a") $util.typeOf($ctx.args.word)'
    word += " #if($ctx.args.absent)yes#{else}no#end"
    checked = '$util.validate($util.matches(".", $ctx.args.word), "Empty", "Checked")'
    api.template("Query", "echo", "none", checked + payload(f'"{word}"'))
    headers = api.key()
    assert api.ask('{ echo(word: "abc") }', headers).json() == {"data": {"echo": "true YQ== String no"}}
    (error,) = api.ask('{ echo(word: "") }', headers).json()["errors"]
    assert (error["message"], error["errorType"], error["path"]) == ("Empty", "Checked", ["echo"])


def test_a_template_can_be_evaluated(aws: Any) -> None:
    """https://docs.aws.amazon.com/appsync/latest/APIReference/API_EvaluateMappingTemplate.html"""
    context = json.dumps({"arguments": {"id": "7"}})
    found = aws("appsync").evaluate_mapping_template(template='{"key": "$ctx.args.id"}', context=context)
    assert json.loads(found["evaluationResult"]) == {"key": "7"}


def test_a_directive_opens_a_field_to_its_authorization_only(aws: Any) -> None:
    """https://docs.aws.amazon.com/appsync/latest/devguide/security-authz.html#using-additional-authorization-modes"""
    api = Api(aws, additionalAuthenticationProviders=[{"authenticationType": "AWS_IAM"}])
    api.define(SCHEMA)
    api.none()
    api.template("Query", "secret", "none", payload('"hidden"'))
    answer = api.ask("{ secret }", api.key()).json()
    assert answer["data"] == {"secret": None}
    (error,) = answer["errors"]
    assert error["errorType"] == "Unauthorized"
    assert error["message"] == "Not Authorized to access secret on type Query"


def test_a_lambda_authorizer_denies_fields(functions: Any) -> None:
    """https://docs.aws.amazon.com/appsync/latest/devguide/security-authz.html#aws-lambda-authorization"""
    name = functions.deploy(AUTHORIZER)
    functions.client.add_permission(
        FunctionName=name, StatementId="s", Action="lambda:InvokeFunction", Principal="appsync.amazonaws.com"
    )
    settings = {"authorizerUri": function_arn(functions.account.id, name), "authorizerResultTtlInSeconds": 0}
    api = Api(functions.account, authenticationType="AWS_LAMBDA", lambdaAuthorizerConfig=settings)
    api.define(SCHEMA)
    api.none()
    api.template("Query", "echo", "none", payload('"$ctx.identity.resolverContext.tenant"'))
    api.template("Query", "posts", "none", payload("[]"))
    good = {"Authorization": "good"}
    assert api.ask('{ echo(word: "a") }', {"Authorization": "bad"}).status_code == 401
    answer = api.ask('{ echo(word: "a") posts { id } }', good).json()
    assert answer["data"] == {"echo": "blue", "posts": None}
    assert answer["errors"][0]["message"] == "Not Authorized to access posts on type Query"


def test_nonsense_is_refused(api: Api) -> None:
    """https://docs.aws.amazon.com/appsync/latest/APIReference/API_Operations.html"""
    client, place = api.client, {"apiId": api.id}
    late = int(time.time()) + 400 * 86_400
    assert refusal(client.create_api_key, **place, expires=late) == "ApiKeyValidityOutOfBoundsException"
    assert refusal(client.create_graphql_api, name="a", authenticationType="AWS_LAMBDA") == "BadRequestException"
    assert refusal(client.create_data_source, **place, name="none", type="NONE") == "BadRequestException"
    assert refusal(client.create_data_source, **place, name="table", type="AMAZON_DYNAMODB") == "BadRequestException"
    api.template("Query", "echo", "none", payload("1"))
    again = {**place, "typeName": "Query", "dataSourceName": "none"}
    assert refusal(client.create_resolver, **again, fieldName="echo") == "BadRequestException"
    assert refusal(client.create_resolver, **again, fieldName="absent") == "NotFoundException"
    assert refusal(client.delete_data_source, **place, name="none") == "BadRequestException"
    assert api.define("type Post { id: ID! }") == "FAILED"
