"""Builders of small APIs for the tests of API Gateway."""

import json
from typing import Any

import requests

REGION = "us-east-1"


def invocation_uri(account: str, name: str) -> str:
    """Return the URI by which a REST API names a function."""
    function = f"arn:aws:lambda:{REGION}:{account}:function:{name}"
    return f"arn:aws:apigateway:{REGION}:lambda:path/2015-03-31/functions/{function}/invocations"


def allow_gateway(account: Any, name: str, source_arn: str) -> None:
    """Let API Gateway invoke a function, for the APIs of ``source_arn``."""
    account("lambda").add_permission(
        FunctionName=name,
        StatementId="gateway",
        Action="lambda:InvokeFunction",
        Principal="apigateway.amazonaws.com",
        SourceArn=source_arn,
    )


class RestApi:
    """A REST API, built method by method, deployed to the stage ``test`` and called by its path."""

    def __init__(self, account: Any, **settings: Any) -> None:
        self.account = account
        self.client = account("apigateway")
        self.id = self.client.create_rest_api(name="api", **settings)["id"]
        self.paths = {"/": self.client.get_resources(restApiId=self.id)["items"][0]["id"]}
        self.arn = f"arn:aws:execute-api:{REGION}:{account.id}:{self.id}"

    def resource(self, path: str) -> str:
        """Return the id of a resource, which is made if need be, with those above it."""
        if path not in self.paths:
            above, _, part = path.rpartition("/")
            made = self.client.create_resource(restApiId=self.id, parentId=self.resource(above or "/"), pathPart=part)
            self.paths[path] = made["id"]
        return self.paths[path]

    def method(self, path: str, verb: str = "GET", **settings: Any) -> dict[str, str]:
        """Add a method without an integration; return what names it."""
        place = {"restApiId": self.id, "resourceId": self.resource(path), "httpMethod": verb}
        self.client.put_method(**place, **{"authorizationType": "NONE", **settings})
        return place

    def mock(
        self, path: str, verb: str = "GET", body: str = '{"ok":true}', integration: Any = None, **settings: Any
    ) -> dict[str, str]:
        """Add a method that answers 200 with ``body``, a mapping template."""
        place = self.method(path, verb, **settings)
        self.client.put_method_response(**place, statusCode="200")
        self.client.put_integration(
            **place,
            type="MOCK",
            requestTemplates={"application/json": '{"statusCode": 200}'},
            **(integration or {}),
        )
        self.client.put_integration_response(
            **place, statusCode="200", responseTemplates={"application/json": body}, selectionPattern=""
        )
        return place

    def function(self, path: str, name: str, verb: str = "GET", integration: Any = None, **settings: Any) -> Any:
        """Add a method that is a proxy to a function."""
        place = self.method(path, verb, **settings)
        self.client.put_integration(
            **place,
            type="AWS_PROXY",
            integrationHttpMethod="POST",
            uri=invocation_uri(self.account.id, name),
            **(integration or {}),
        )
        return place

    def authorizer(self, name: str, kind: str = "TOKEN", **settings: Any) -> str:
        """Add a Lambda authorizer, which API Gateway may invoke; return its id."""
        allow_gateway(self.account, name, f"{self.arn}/authorizers/*")
        made = self.client.create_authorizer(
            restApiId=self.id,
            name=name,
            type=kind,
            authorizerUri=invocation_uri(self.account.id, name),
            **{"identitySource": "method.request.header.Authorization", **settings},
        )
        return made["id"]

    def deploy(self, stage: str = "test", **settings: Any) -> str:
        """Deploy to a stage; return the deployment's id."""
        return self.client.create_deployment(restApiId=self.id, stageName=stage, **settings)["id"]

    def settings(self, stage: str = "test", **operations: str) -> None:
        """Change the stage's settings: patch paths with ``__`` for ``/``, and values."""
        patches = [{"op": "replace", "path": path, "value": value} for path, value in operations.items()]
        self.client.update_stage(restApiId=self.id, stageName=stage, patchOperations=patches)

    def url(self, path: str = "/", stage: str = "test") -> str:
        """Return the URL of a path."""
        return f"{self.account.endpoint}/_aws/execute-api/{self.id}/{stage}{path}"

    def call(self, path: str = "/", verb: str = "GET", stage: str = "test", **request: Any) -> requests.Response:
        """Send a request and return the answer."""
        return requests.request(verb, self.url(path, stage), timeout=40, **request)


def policy(effect: str, resource: str = "*") -> dict[str, Any]:
    """Return a policy document of an authorizer."""
    statement = {"Action": "execute-api:Invoke", "Effect": effect, "Resource": resource}
    return {"Version": "2012-10-17", "Statement": [statement]}


def seen(answer: requests.Response) -> tuple[int, Any]:
    """Return status and parsed body."""
    return answer.status_code, json.loads(answer.text) if answer.text else None


def function_arn(account: str, name: str) -> str:
    """Return the ARN of a function."""
    return f"arn:aws:lambda:{REGION}:{account}:function:{name}"


class HttpApi:
    """An HTTP API with a stage ``$default`` that deploys by itself, built route by route and called by its URL."""

    def __init__(self, account: Any, **settings: Any) -> None:
        self.account = account
        self.client = account("apigatewayv2")
        made = self.client.create_api(Name="api", ProtocolType="HTTP", **settings)
        self.id, self.endpoint = made["ApiId"], made["ApiEndpoint"]
        self.client.create_stage(ApiId=self.id, StageName="$default", AutoDeploy=True)
        self.arn = f"arn:aws:execute-api:{REGION}:{account.id}:{self.id}"

    def function(self, name: str, version: str = "2.0", **settings: Any) -> str:
        """Add an integration with a function, which API Gateway may invoke; return its id."""
        allow_gateway(self.account, name, f"{self.arn}/*")
        made = self.client.create_integration(
            ApiId=self.id,
            IntegrationType="AWS_PROXY",
            IntegrationUri=function_arn(self.account.id, name),
            PayloadFormatVersion=version,
            **settings,
        )
        return made["IntegrationId"]

    def server(self, uri: str, **settings: Any) -> str:
        """Add an integration with an HTTP server; return its id."""
        settings = {"IntegrationMethod": "ANY", "PayloadFormatVersion": "1.0", **settings}
        made = self.client.create_integration(
            ApiId=self.id, IntegrationType="HTTP_PROXY", IntegrationUri=uri, **settings
        )
        return made["IntegrationId"]

    def route(self, key: str, integration: str, **settings: Any) -> str:
        """Add a route; return its id."""
        made = self.client.create_route(ApiId=self.id, RouteKey=key, Target=f"integrations/{integration}", **settings)
        return made["RouteId"]

    def call(self, path: str = "/", verb: str = "GET", **request: Any) -> requests.Response:
        """Send a request and return the answer."""
        return requests.request(verb, self.endpoint + path, timeout=40, **request)
