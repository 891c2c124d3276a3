"""Calls across accounts: both the caller's account and the resource's have to allow.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic-cross-account.html
"""

import json

import pytest
from emulator.people import allow, assume, policy, refused, role, user

ECHO = "def handler(event, context): return event"


@pytest.fixture
def other(another_account):
    """Another account."""
    return another_account()


def root(account):
    """Return an account as a principal."""
    return {"AWS": f"arn:aws:iam::{account.id}:root"}


def test_a_bucket_of_another_account_needs_a_bucket_policy(aws, other):
    """https://docs.aws.amazon.com/AmazonS3/latest/userguide/example-walkthroughs-managing-access-example2.html"""
    bucket = f"cross-{aws.id}"
    aws("s3").create_bucket(Bucket=bucket)
    aws("s3").put_object(Bucket=bucket, Key="k", Body=b"x")
    assert refused(lambda: other("s3").get_object(Bucket=bucket, Key="k"), "AccessDenied", 403) == "Access Denied"
    refused(lambda: other("s3").list_objects_v2(Bucket=bucket), "AccessDenied", 403)
    statement = allow("s3:GetObject", f"arn:aws:s3:::{bucket}/*", Principal=root(other))
    aws("s3").put_bucket_policy(Bucket=bucket, Policy=policy(statement))
    other("s3").get_object(Bucket=bucket, Key="k")
    refused(lambda: other("s3").put_object(Bucket=bucket, Key="k", Body=b""), "AccessDenied", 403)
    # The other account's users need their own account's permission on top.
    refused(lambda: user(other)("s3").get_object(Bucket=bucket, Key="k"), "AccessDenied", 403)
    user(other, allow("s3:GetObject"))("s3").get_object(Bucket=bucket, Key="k")


def test_a_queue_of_another_account_needs_a_queue_policy(aws, other):
    """https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-basic-examples-of-sqs-policies.html"""
    url = aws("sqs").create_queue(QueueName="shared")["QueueUrl"]
    refused(lambda: other("sqs").send_message(QueueUrl=url, MessageBody="x"), "AccessDenied", 403)
    statement = allow("sqs:SendMessage", f"arn:aws:sqs:us-east-1:{aws.id}:shared", Principal=root(other))
    aws("sqs").set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy(statement)})
    other("sqs").send_message(QueueUrl=url, MessageBody="x")
    refused(lambda: other("sqs").receive_message(QueueUrl=url), "AccessDenied", 403)


def test_a_topic_of_another_account_needs_a_topic_policy(aws, other):
    """https://docs.aws.amazon.com/sns/latest/dg/sns-access-policy-use-cases.html"""
    sns = aws("sns")
    arn = sns.create_topic(Name="shared")["TopicArn"]
    refused(lambda: other("sns").publish(TopicArn=arn, Message="x"), "AuthorizationError", 403)
    sns.add_permission(TopicArn=arn, Label="other", AWSAccountId=[other.id], ActionName=["Publish"])
    other("sns").publish(TopicArn=arn, Message="x")
    refused(lambda: other("sns").delete_topic(TopicArn=arn), "AuthorizationError", 403)


def test_a_function_of_another_account_needs_a_permission(functions, other):
    """https://docs.aws.amazon.com/lambda/latest/dg/permissions-function-cross-account.html"""
    name = functions.deploy(ECHO)
    arn = f"arn:aws:lambda:us-east-1:{functions.account.id}:function:{name}"
    message = refused(lambda: other("lambda").invoke(FunctionName=arn), "AccessDeniedException", 403)
    assert message == (
        f"User: arn:aws:iam::{other.id}:root is not authorized to perform: lambda:InvokeFunction on resource: {arn} "
        "because no resource-based policy allows the lambda:InvokeFunction action"
    )
    functions.client.add_permission(
        FunctionName=name, StatementId="other", Action="lambda:InvokeFunction", Principal=other.id
    )
    assert json.load(other("lambda").invoke(FunctionName=arn, Payload=b"7")["Payload"]) == 7


def test_a_permission_on_an_alias_is_not_one_on_the_function(functions, other):
    """https://docs.aws.amazon.com/lambda/latest/dg/access-control-resource-based.html"""
    name = functions.deploy(ECHO)
    client = functions.client
    version = client.publish_version(FunctionName=name)["Version"]
    client.create_alias(FunctionName=name, Name="live", FunctionVersion=version)
    client.add_permission(
        FunctionName=name, Qualifier="live", StatementId="o", Action="lambda:InvokeFunction", Principal=other.id
    )
    arn = f"arn:aws:lambda:us-east-1:{functions.account.id}:function:{name}"
    assert other("lambda").invoke(FunctionName=f"{arn}:live", Payload=b"1")["StatusCode"] == 200
    refused(lambda: other("lambda").invoke(FunctionName=arn, Payload=b"1"), "AccessDeniedException", 403)


def test_a_key_of_another_account_needs_its_key_policy(aws, other):
    """https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-modifying-external-accounts.html"""
    key = aws("kms").create_key()["KeyMetadata"]["Arn"]
    refused(lambda: other("kms").encrypt(KeyId=key, Plaintext=b"x"), "AccessDeniedException", 400)
    document = policy(
        allow("kms:*", Principal=root(aws)),
        allow(["kms:Encrypt", "kms:Decrypt"], Principal=root(other)),
    )
    aws("kms").put_key_policy(KeyId=key, PolicyName="default", Policy=document)
    blob = other("kms").encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
    assert aws("kms").decrypt(CiphertextBlob=blob)["Plaintext"] == b"x"


def test_a_secret_of_another_account_needs_its_policy(aws, other):
    """https://docs.aws.amazon.com/secretsmanager/latest/userguide/auth-and-access_examples_cross.html"""
    document = policy(allow("kms:*", Principal=root(aws)), allow("kms:Decrypt", Principal=root(other)))
    key = aws("kms").create_key(Policy=document)["KeyMetadata"]["Arn"]
    arn = aws("secretsmanager").create_secret(Name="shared", SecretString="s", KmsKeyId=key)["ARN"]
    refused(lambda: other("secretsmanager").get_secret_value(SecretId=arn), "AccessDeniedException", 400)
    document = policy(allow("secretsmanager:GetSecretValue", Principal=root(other)))
    aws("secretsmanager").put_resource_policy(SecretId=arn, ResourcePolicy=document)
    assert other("secretsmanager").get_secret_value(SecretId=arn)["SecretString"] == "s"


def test_a_table_of_another_account_needs_its_policy(aws, other):
    """https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/rbac-cross-account-access.html"""
    dynamodb = aws("dynamodb")
    arn = dynamodb.create_table(
        TableName="shared",
        KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )["TableDescription"]["TableArn"]
    item = {"k": {"S": "a"}}
    dynamodb.put_item(TableName="shared", Item=item)
    refused(lambda: other("dynamodb").get_item(TableName=arn, Key=item), "AccessDeniedException", 400)
    dynamodb.put_resource_policy(ResourceArn=arn, Policy=policy(allow("dynamodb:GetItem", arn, Principal=root(other))))
    assert other("dynamodb").get_item(TableName=arn, Key=item)["Item"] == item
    refused(lambda: other("dynamodb").put_item(TableName=arn, Item=item), "AccessDeniedException", 400)


def test_a_role_is_the_other_way_into_an_account(aws, other):
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/tutorial_cross-account-with-roles.html"""
    url = aws("sqs").create_queue(QueueName="inside")["QueueUrl"]
    arn = role(aws, allow("sqs:SendMessage"), principal=root(other))
    guest = assume(user(other, allow("sts:AssumeRole", arn)), arn)
    guest("sqs").send_message(QueueUrl=url, MessageBody="x")
    message = refused(lambda: guest("sqs").purge_queue(QueueUrl=url), "AccessDenied", 403)
    assert message.startswith(f"User: {guest.arn} is not authorized to perform: sqs:purgequeue")
