"""Keys that nobody has, wrong signatures, and sessions without or with the wrong token are refused.

https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html
"""

import pytest
import requests
from emulator.people import Person, allow, policy, refused, session, unsigned, user

CALLS = {
    "sqs": lambda client: client.list_queues(),
    "iam": lambda client: client.list_roles(),
    "dynamodb": lambda client: client.list_tables(),
    "lambda": lambda client: client.list_functions(),
    "s3": lambda client: client.list_buckets(),
}


@pytest.mark.parametrize(
    ("service", "code", "status"),
    [
        ("sqs", "InvalidClientTokenId", 403),
        ("iam", "InvalidClientTokenId", 403),
        ("dynamodb", "UnrecognizedClientException", 400),
        ("lambda", "UnrecognizedClientException", 403),
        ("s3", "InvalidAccessKeyId", 403),
    ],
)
def test_a_key_that_nobody_has(aws, service, code, status):
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html"""
    stranger = Person(aws.endpoint, "", {"AccessKeyId": "AKIAQAAAAAAAABCDEFGH", "SecretAccessKey": "x"})
    message = refused(lambda: CALLS[service](stranger(service)), code, status)
    if service != "s3":
        assert message == "The security token included in the request is invalid."


@pytest.mark.parametrize(
    ("service", "code", "status"),
    [
        ("sqs", "SignatureDoesNotMatch", 403),
        ("iam", "SignatureDoesNotMatch", 403),
        ("dynamodb", "InvalidSignatureException", 400),
        ("lambda", "InvalidSignatureException", 403),
        ("s3", "SignatureDoesNotMatch", 403),
    ],
)
def test_a_users_key_with_another_secret(aws, service, code, status):
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html"""
    person = user(aws, allow("*"))
    CALLS[service](person(service))
    forger = Person(aws.endpoint, person.arn, {**person.credentials, "SecretAccessKey": "wrong"})
    message = refused(lambda: CALLS[service](forger(service)), code, status)
    assert message.startswith("The request signature we calculated does not match the signature you provided. Check")


def test_a_key_that_is_inactive_or_deleted(aws):
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_access-keys.html"""
    person = user(aws, allow("*"))
    key = {"UserName": person.name, "AccessKeyId": person.credentials["AccessKeyId"]}
    aws("iam").update_access_key(**key, Status="Inactive")
    refused(person("sqs").list_queues, "InvalidClientTokenId", 403)
    aws("iam").update_access_key(**key, Status="Active")
    person("sqs").list_queues()
    aws("iam").delete_access_key(**key)
    refused(person("sqs").list_queues, "InvalidClientTokenId", 403)


def test_a_session_needs_its_token(aws):
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_use-resources.html"""
    guest = session(aws, allow("*"))
    guest("sqs").list_queues()
    for token in (None, "another"):
        other = Person(aws.endpoint, guest.arn, {**guest.credentials, "SessionToken": token})
        refused(other("sqs").list_queues, "InvalidClientTokenId", 403)
        refused(other("dynamodb").list_tables, "UnrecognizedClientException", 400)
    refused(other("s3").list_buckets, "InvalidToken", 400)


def test_an_unsigned_call_is_refused_but_for_those_that_are_open(aws):
    """https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html"""
    refused(unsigned(aws, "iam").list_users, "MissingAuthenticationToken", 403)
    refused(unsigned(aws, "dynamodb").list_tables, "MissingAuthenticationTokenException", 400)
    refused(unsigned(aws, "lambda").list_functions, "MissingAuthenticationTokenException", 403)


@pytest.mark.parametrize("key", ["plain", "with space & more=?", "umlaut-ä/ß", "plus+tilde~", "a//b"])
def test_signatures_of_unusual_keys_match(aws, key):
    """Paths are signed as they are sent to S3, encoded once.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
    """
    bucket = f"signed-{aws.id}"
    s3 = user(aws, allow("s3:*"))("s3")
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key=key, Body=b"body" * 1000, Metadata={"note": "two  words"}, Tagging="a=b%20c")
    assert s3.get_object(Bucket=bucket, Key=key)["ContentLength"] == 4000
    assert s3.list_objects_v2(Bucket=bucket, Prefix=key[:3], Delimiter="/")["KeyCount"] >= 1


def test_signatures_of_every_protocol_match(aws):
    """Query, JSON, and REST with names in the path that have to be encoded twice.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
    """
    person = user(aws, allow("*"))
    person("sns").create_topic(Name="topic", Attributes={"DisplayName": "a b+c&d"})
    person("ssm").put_parameter(Name="/a/b", Value="ü", Type="String")
    arn = f"arn:aws:lambda:us-east-1:{aws.id}:function:absent"
    refused(lambda: person("lambda").get_function(FunctionName=arn), "ResourceNotFoundException", 404)
    person("cloudwatch").list_metrics(Namespace="a b")
    person("route53").list_hosted_zones()


def test_a_body_that_was_changed_does_not_match(aws):
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html"""
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    keys = user(aws, allow("*")).credentials
    body = "Action=ListQueues&Version=2012-11-05"
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    signed = AWSRequest("POST", f"{aws.endpoint}/", headers=headers, data=body)
    SigV4Auth(Credentials(keys["AccessKeyId"], keys["SecretAccessKey"]), "sqs", "us-east-1").add_auth(signed)
    sent = dict(signed.headers)
    assert requests.post(f"{aws.endpoint}/", headers=sent, data=body).status_code == 200
    changed = requests.post(f"{aws.endpoint}/", headers=sent, data=f"{body}&QueueNamePrefix=a")
    assert changed.status_code == 403
    assert "SignatureDoesNotMatch" in changed.text


def test_a_function_url_with_iam_asks_who_opens_it(functions):
    """AuthType AWS_IAM wants a signature and permission for both actions.

    https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html#urls-auth-iam
    """
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    name = functions.deploy("def handler(event, context): return 'in'")
    url = functions.client.create_function_url_config(FunctionName=name, AuthType="AWS_IAM")["FunctionUrl"]

    def opened(person):
        keys = person.credentials
        signed = AWSRequest("GET", f"{url}a?x=1")
        SigV4Auth(Credentials(keys["AccessKeyId"], keys["SecretAccessKey"]), "lambda", "us-east-1").add_auth(signed)
        return requests.get(f"{url}a?x=1", headers=dict(signed.headers))

    assert requests.get(url).status_code == 403
    person = user(functions.account)
    assert opened(person).status_code == 403
    statement = allow(["lambda:InvokeFunctionUrl", "lambda:InvokeFunction"])
    functions.account("iam").put_user_policy(UserName=person.name, PolicyName="i", PolicyDocument=policy(statement))
    assert opened(person).text == "in"
    person.credentials["SecretAccessKey"] = "wrong"
    assert "signature" in opened(person).json()["Message"]


def test_a_function_url_without_authentication_needs_a_public_policy(functions):
    """AuthType NONE lets nobody in by itself.

    https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html#urls-auth-none
    """
    name = functions.deploy("def handler(event, context): return 'in'")
    url = functions.client.create_function_url_config(FunctionName=name, AuthType="NONE")["FunctionUrl"]
    answer = requests.get(url)
    assert answer.status_code == 403
    assert answer.json()["Message"].startswith("Forbidden. For troubleshooting Function URL authorization issues")
    for action, more in (("InvokeFunctionUrl", {"FunctionUrlAuthType": "NONE"}), ("InvokeFunction", {})):
        assert requests.get(url).status_code == 403
        functions.client.add_permission(
            FunctionName=name, StatementId=action, Action=f"lambda:{action}", Principal="*", **more
        )
    assert requests.get(url).text == "in"
