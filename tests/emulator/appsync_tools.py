"""An AppSync API for tests."""

import json
import time
from typing import Any

import requests


class Api:
    """An API of a fresh account."""

    def __init__(self, aws: Any, **settings: Any) -> None:
        self.account = aws
        self.client = aws("appsync")
        made = self.client.create_graphql_api(name="blog", **{"authenticationType": "API_KEY", **settings})[
            "graphqlApi"
        ]
        self.id, self.url, self.uris = made["apiId"], made["uris"]["GRAPHQL"], made["uris"]

    def define(self, schema: str) -> str:
        """Give the API a schema; return how that ended."""
        self.client.start_schema_creation(apiId=self.id, definition=schema.encode())
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            status = self.client.get_schema_creation_status(apiId=self.id)["status"]
            if status != "PROCESSING":
                return status
            time.sleep(0.05)
        raise AssertionError("the schema is still processed")

    def key(self) -> dict[str, str]:
        """Return the headers of a caller with a new API key."""
        return {"x-api-key": self.client.create_api_key(apiId=self.id)["apiKey"]["id"]}

    def ask(self, query: str, headers: dict[str, str], **variables: Any) -> requests.Response:
        """Send a query."""
        return requests.post(self.url, json={"query": query, "variables": variables}, headers=headers, timeout=40)

    def template(self, kind: str, field: str, source: str, request: str, answer: str = "", **settings: Any) -> None:
        """Attach a resolver of mapping templates."""
        self.client.create_resolver(
            apiId=self.id,
            typeName=kind,
            fieldName=field,
            dataSourceName=source,
            requestMappingTemplate=request,
            responseMappingTemplate=answer or "$util.toJson($ctx.result)",
            **settings,
        )

    def none(self) -> None:
        """Add the data source ``none``, which has no data."""
        self.client.create_data_source(apiId=self.id, name="none", type="NONE")

    def table(self, name: str) -> Any:
        """Make a table with the key ``id``, and a data source for it, both of that name; return a client."""
        dynamodb = self.account("dynamodb")
        dynamodb.create_table(
            TableName=name,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        )
        self.client.create_data_source(
            apiId=self.id,
            name=name,
            type="AMAZON_DYNAMODB",
            dynamodbConfig={"tableName": name, "awsRegion": "us-east-1"},
            serviceRoleArn=f"arn:aws:iam::{self.account.id}:role/appsync",
        )
        return dynamodb


def payload(value: Any) -> str:
    """Return a request template of the data source without data."""
    return '{"version": "2018-05-29", "payload": ' + (value if isinstance(value, str) else json.dumps(value)) + "}"
