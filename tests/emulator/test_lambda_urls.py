"""Function URLs, opened with requests and curl: no name below localhost has to resolve."""

import json
import shutil
import subprocess
from urllib.parse import urlsplit

import pytest
import requests
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.exceptions import ClientError

ECHO = """
    import json

    def handler(event, context):
        if event["rawPath"] == "/fail":
            raise ValueError("refused")
        if event["rawPath"] == "/made":
            return {"statusCode": 201, "headers": {"X-Made": "yes"}, "body": "made"}
        if event["rawPath"] == "/binary":
            return {"statusCode": 200, "isBase64Encoded": True, "body": "AAEC"}
        return {
            "method": event["requestContext"]["http"]["method"],
            "path": event["rawPath"],
            "query": event["rawQueryString"],
            "parameters": event.get("queryStringParameters"),
            "header": event["headers"].get("x-mine"),
            "body": event.get("body"),
            "version": event["version"],
        }
"""


def open_to_all(client, name, **qualifier):
    """Let everybody open a function's URL: it needs both permissions.

    https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html#urls-auth-none
    """
    for action, more in (("InvokeFunctionUrl", {"FunctionUrlAuthType": "NONE"}), ("InvokeFunction", {})):
        client.add_permission(
            FunctionName=name, StatementId=action, Action=f"lambda:{action}", Principal="*", **more, **qualifier
        )


@pytest.fixture
def url(functions):
    """The URL of a function that echoes its event."""
    name = functions.deploy(ECHO)
    open_to_all(functions.client, name)
    made = functions.client.create_function_url_config(FunctionName=name, AuthType="NONE")
    assert functions.client.get_function_url_config(FunctionName=name)["FunctionUrl"] == made["FunctionUrl"]
    return made["FunctionUrl"]


def test_the_host_needs_no_name_service(url):
    assert urlsplit(url).hostname in ("localhost", "127.0.0.1")
    assert url.endswith("/")


def test_the_request_reaches_the_function(url):
    answer = requests.post(
        url + "orders/7?a=1&b=x%20y", data="text", headers={"X-Mine": "m", "Content-Type": "text/plain"}
    )
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.json() == {
        "method": "POST",
        "path": "/orders/7",
        "query": "a=1&b=x%20y",
        "parameters": {"a": "1", "b": "x y"},
        "header": "m",
        "body": "text",
        "version": "2.0",
    }
    assert requests.get(url).json()["path"] == "/"
    assert requests.get(url.rstrip("/")).json()["path"] == "/"
    assert requests.delete(url + "x").json()["method"] == "DELETE"


def test_the_function_shapes_the_response(url):
    made = requests.get(url + "made")
    assert (made.status_code, made.headers["X-Made"], made.text) == (201, "yes", "made")
    assert requests.get(url + "binary").content == b"\x00\x01\x02"


def test_a_failing_function_is_a_bad_gateway(url):
    assert requests.get(url + "fail").status_code == 502


@pytest.mark.skipif(not shutil.which("curl"), reason="curl is not installed")
def test_curl(url):
    done = subprocess.run(["curl", "-sS", url + "from/curl"], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["path"] == "/from/curl"


def test_a_deleted_url_is_forbidden(functions, url):
    name = functions.client.list_functions()["Functions"][0]["FunctionName"]
    functions.client.delete_function_url_config(FunctionName=name)
    assert requests.get(url).status_code == 403


def test_an_alias_has_a_url_of_its_own(functions):
    name = functions.deploy("def handler(event, context): return context.function_version")
    version = functions.client.publish_version(FunctionName=name)["Version"]
    functions.client.create_alias(FunctionName=name, Name="live", FunctionVersion=version)
    open_to_all(functions.client, name, Qualifier="live")
    made = functions.client.create_function_url_config(FunctionName=name, Qualifier="live", AuthType="NONE")
    assert requests.get(made["FunctionUrl"]).text == version


def test_a_permission_for_urls_does_not_open_the_api(functions, another_account):
    """InvokedViaFunctionUrl narrows a grant to the URL: the other account gets through to it, but not to Invoke.

    https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html
    """
    client, other = functions.client, another_account()
    name = functions.deploy("def handler(event, context): return 'served'")
    grants = {
        "InvokeFunctionUrl": {"FunctionUrlAuthType": "AWS_IAM"},
        "InvokeFunction": {"InvokedViaFunctionUrl": True},
    }
    for action, condition in grants.items():
        client.add_permission(
            FunctionName=name,
            StatementId=action,
            Action=f"lambda:{action}",
            Principal=other.id,
            **condition,
        )
    url = client.create_function_url_config(FunctionName=name, AuthType="AWS_IAM")["FunctionUrl"]
    signed = AWSRequest("GET", url)
    SigV4Auth(other.session.get_credentials(), "lambda", "us-east-1").add_auth(signed)
    assert requests.get(url, headers=dict(signed.headers)).text == "served"
    with pytest.raises(ClientError) as error:
        other("lambda").invoke(FunctionName=client.get_function(FunctionName=name)["Configuration"]["FunctionArn"])
    assert error.value.response["Error"]["Code"] == "AccessDeniedException"


def test_bad_input(functions, url):
    client = functions.client
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.create_function_url_config(FunctionName="absent", AuthType="NONE")
    name = client.list_functions()["Functions"][0]["FunctionName"]
    with pytest.raises(client.exceptions.ResourceConflictException):
        client.create_function_url_config(FunctionName=name, AuthType="NONE")
