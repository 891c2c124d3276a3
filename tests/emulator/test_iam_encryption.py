"""Who reads or writes what a customer's KMS key encrypts needs permission on that key, too.

https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html#conditions-kms-via-service
"""

import pytest
import requests
from emulator.people import allow, policy, refused, user


@pytest.fixture
def key(aws):
    """The ARN of a customer's key."""
    return aws("kms").create_key()["KeyMetadata"]["Arn"]


@pytest.fixture
def bucket(aws, key):
    """The name of a bucket whose objects are encrypted by the key; with one object, ``one``."""
    name = f"kms-{aws.id}"
    aws("s3").create_bucket(Bucket=name)
    default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}
    rules = {"Rules": [{"ApplyServerSideEncryptionByDefault": default}]}
    aws("s3").put_bucket_encryption(Bucket=name, ServerSideEncryptionConfiguration=rules)
    aws("s3").put_object(Bucket=name, Key="one", Body=b"one")
    return name


def shared(bucket, other, action="s3:*"):
    """Return a bucket policy that lets another account use the objects."""
    return policy(allow(action, f"arn:aws:s3:::{bucket}/*", Principal={"AWS": f"arn:aws:iam::{other.id}:root"}))


def test_an_object_is_read_by_those_who_may_decrypt(aws, bucket, key):
    """https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html#require-sse-kms"""
    person = user(aws, allow("s3:*"))
    message = refused(lambda: person("s3").get_object(Bucket=bucket, Key="one"), "AccessDenied", 403)
    assert message == (
        f"User: {person.arn} is not authorized to perform: kms:Decrypt on resource: {key} "
        "because no identity-based policy allows the kms:Decrypt action"
    )
    person("s3").head_object(Bucket=bucket, Key="one")
    reader = user(aws, allow("s3:*"), allow("kms:Decrypt", key))("s3")
    assert reader.get_object(Bucket=bucket, Key="one")["Body"].read() == b"one"
    assert "kms:GenerateDataKey" in refused(lambda: reader.put_object(Bucket=bucket, Key="two", Body=b""))


def test_an_object_is_written_by_those_who_may_make_data_keys(aws, bucket, key):
    """A copy also decrypts its source; the parts of an upload are decrypted before they are put together.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html#mpuAndPermissions
    """
    s3 = user(aws, allow("s3:*"), allow("kms:GenerateDataKey", key))("s3")
    s3.put_object(Bucket=bucket, Key="two", Body=b"")
    copy = {"Bucket": bucket, "Key": "three", "CopySource": f"{bucket}/one"}
    assert "kms:Decrypt" in refused(lambda: s3.copy_object(**copy), "AccessDenied", 403)
    upload = s3.create_multipart_upload(Bucket=bucket, Key="parts")["UploadId"]
    part = {"Bucket": bucket, "Key": "parts", "UploadId": upload, "PartNumber": 1, "Body": b"part"}
    assert "kms:Decrypt" in refused(lambda: s3.upload_part(**part), "AccessDenied", 403)


def test_a_policy_sees_the_service_and_the_object(aws, bucket):
    """https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html#encryption-context"""
    keys = {
        "kms:ViaService": "s3.us-east-1.amazonaws.com",
        "kms:EncryptionContext:aws:s3:arn": f"arn:aws:s3:::{bucket}/one",
    }
    person = user(aws, allow("s3:*"), allow("kms:*", Condition={"StringEquals": keys}))
    person("s3").get_object(Bucket=bucket, Key="one")
    person("s3").put_object(Bucket=bucket, Key="one", Body=b"1")
    refused(lambda: person("s3").put_object(Bucket=bucket, Key="two", Body=b"2"))
    refused(lambda: person("kms").generate_data_key(KeyId="alias/aws/s3", KeySpec="AES_256"), "AccessDeniedException")


def test_under_a_bucket_key_the_bucket_is_the_context(aws, bucket, key):
    """https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-key.html#bucket-key-policies"""
    aws("s3").put_object(
        Bucket=bucket, Key="two", Body=b"", ServerSideEncryption="aws:kms", SSEKMSKeyId=key, BucketKeyEnabled=True
    )
    condition = {"StringEquals": {"kms:EncryptionContext:aws:s3:arn": f"arn:aws:s3:::{bucket}"}}
    s3 = user(aws, allow("s3:*"), allow("kms:Decrypt", key, Condition=condition))("s3")
    s3.get_object(Bucket=bucket, Key="two")
    refused(lambda: s3.get_object(Bucket=bucket, Key="one"))


def test_the_aws_managed_key_of_s3_asks_for_nothing_within_its_account(aws, another_account):
    """It serves everybody in the account who may use S3, and nobody else, since its policy cannot be changed.

    https://repost.aws/knowledge-center/cross-account-access-denied-error-s3
    """
    bucket, other = f"kms-{aws.id}", another_account()
    aws("s3").create_bucket(Bucket=bucket)
    person = user(aws, allow("s3:*"))("s3")
    made = person.put_object(Bucket=bucket, Key="one", Body=b"1", ServerSideEncryption="aws:kms")["SSEKMSKeyId"]
    person.get_object(Bucket=bucket, Key="one")
    found = aws("kms").describe_key(KeyId="alias/aws/s3")["KeyMetadata"]
    assert (found["Arn"], found["KeyManager"]) == (made, "AWS")
    aws("s3").put_object(Bucket=bucket, Key="plain", Body=b"2")
    aws("s3").put_bucket_policy(Bucket=bucket, Policy=shared(bucket, other))
    other("s3").get_object(Bucket=bucket, Key="plain")
    message = refused(lambda: other("s3").get_object(Bucket=bucket, Key="one"), "AccessDenied", 403)
    assert "because no resource-based policy allows the kms:Decrypt action" in message


def test_a_key_is_shared_by_its_policy_and_by_those_of_the_other_account(aws, bucket, key, another_account):
    """https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-modifying-external-accounts.html"""
    other = another_account()
    aws("s3").put_bucket_policy(Bucket=bucket, Policy=shared(bucket, other))
    refused(lambda: other("s3").get_object(Bucket=bucket, Key="one"), "AccessDenied", 403)
    both = (
        allow(action, Principal={"AWS": f"arn:aws:iam::{account.id}:root"})
        for action, account in (("kms:*", aws), ("kms:Decrypt", other))
    )
    aws("kms").put_key_policy(KeyId=key, PolicyName="default", Policy=policy(*both))
    other("s3").get_object(Bucket=bucket, Key="one")
    refused(lambda: user(other, allow("s3:*"))("s3").get_object(Bucket=bucket, Key="one"), "AccessDenied", 403)
    user(other, allow("s3:*"), allow("kms:Decrypt", key))("s3").get_object(Bucket=bucket, Key="one")


def test_a_bucket_takes_a_key_by_any_of_its_names(aws, bucket, key):
    """https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html"""
    aws("kms").create_alias(AliasName="alias/photos", TargetKeyId=key)
    call = {"Bucket": bucket, "Key": "two", "Body": b""}
    made = aws("s3").put_object(**call, ServerSideEncryption="aws:kms", SSEKMSKeyId="alias/photos")
    assert made["SSEKMSKeyId"] == key
    refused(lambda: aws("s3").put_object(**call, ServerSideEncryption="AES256", SSEKMSKeyId=key), "InvalidArgument")
    absent = "arn:aws:kms:us-east-1:" + aws.id + ":key/12345678-1234-1234-1234-123456789012"
    refused(
        lambda: aws("s3").put_object(**call, ServerSideEncryption="aws:kms", SSEKMSKeyId=absent),
        "KMS.NotFoundException",
        400,
    )


def test_producers_and_consumers_of_a_queue_need_its_key(aws, key):
    """https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html"""
    url = aws("sqs").create_queue(QueueName="q", Attributes={"KmsMasterKeyId": key})["QueueUrl"]
    nobody = user(aws, allow("sqs:*"))("sqs")
    message = refused(lambda: nobody.send_message(QueueUrl=url, MessageBody="1"), "KMS.AccessDeniedException", 400)
    assert f"is not authorized to perform: kms:GenerateDataKey on resource: {key}" in message
    consumer = user(aws, allow("sqs:*"), allow("kms:Decrypt", key))("sqs")
    refused(lambda: consumer.send_message(QueueUrl=url, MessageBody="1"), "KMS.AccessDeniedException")
    user(aws, allow("sqs:*"), allow(["kms:GenerateDataKey", "kms:Decrypt"], key))("sqs").send_message(
        QueueUrl=url, MessageBody="1"
    )
    refused(lambda: nobody.receive_message(QueueUrl=url), "KMS.AccessDeniedException")
    assert consumer.receive_message(QueueUrl=url)["Messages"][0]["Body"] == "1"


def test_a_service_sends_to_an_encrypted_queue_if_the_key_lets_it(aws, key, eventually):
    """The AWS managed key lets no service in.

    https://docs.aws.amazon.com/sns/latest/dg/sns-enable-encryption-for-topic-sqs-queue-subscriptions.html
    """
    sns, sqs = aws("sns"), aws("sqs")
    topic = sns.create_topic(Name="news")["TopicArn"]
    arn = f"arn:aws:sqs:us-east-1:{aws.id}:q"
    let = policy(allow("sqs:SendMessage", arn, Principal={"Service": "sns.amazonaws.com"}))
    url = sqs.create_queue(QueueName="q", Attributes={"KmsMasterKeyId": key, "Policy": let})["QueueUrl"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"})
    sns.publish(TopicArn=topic, Message="lost")
    own = allow("kms:*", Principal={"AWS": f"arn:aws:iam::{aws.id}:root"})
    services = allow(["kms:GenerateDataKey*", "kms:Decrypt"], Principal={"Service": "sns.amazonaws.com"})

    def denied():
        return requests.get(f"{aws.endpoint}/_dva/iam/last-denials", params={"account": aws.id}).json()["denials"]

    assert eventually(denied)[0]["action"] == "kms:GenerateDataKey"
    aws("kms").put_key_policy(KeyId=key, PolicyName="default", Policy=policy(own, services))
    sns.publish(TopicArn=topic, Message="heard")
    found = eventually(lambda: sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"))
    assert [message["Body"] for message in found] == ["heard"]


def test_publishing_to_an_encrypted_topic_needs_its_key(aws, key):
    """https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html"""
    topic = aws("sns").create_topic(Name="news", Attributes={"KmsMasterKeyId": key})["TopicArn"]
    sns = user(aws, allow("sns:*"))("sns")
    refused(lambda: sns.publish(TopicArn=topic, Message="1"), "KMSAccessDenied", 400)
    aws("sns").publish(TopicArn=topic, Message="2")


def test_a_secret_under_a_customer_key_needs_that_key(aws, key):
    """https://docs.aws.amazon.com/secretsmanager/latest/userguide/security-encryption.html"""
    arn = aws("secretsmanager").create_secret(Name="db", SecretString="1", KmsKeyId=key)["ARN"]
    secrets = user(aws, allow("secretsmanager:*"))("secretsmanager")
    message = refused(lambda: secrets.get_secret_value(SecretId="db"), "AccessDeniedException", 400)
    assert message == "Access to KMS is not allowed"
    refused(lambda: secrets.put_secret_value(SecretId="db", SecretString="2"), "AccessDeniedException")
    keys = {"kms:EncryptionContext:SecretARN": arn, "kms:ViaService": "secretsmanager.us-east-1.amazonaws.com"}
    reader = user(aws, allow("secretsmanager:*"), allow("kms:Decrypt", key, Condition={"StringEquals": keys}))
    assert reader("secretsmanager").get_secret_value(SecretId="db")["SecretString"] == "1"
    secrets.create_secret(Name="plain", SecretString="1")
    assert secrets.get_secret_value(SecretId="plain")["SecretString"] == "1"


def test_a_secure_string_under_a_customer_key_needs_that_key(aws, key):
    """https://docs.aws.amazon.com/kms/latest/developerguide/services-parameter-store.html"""
    aws("ssm").put_parameter(Name="/app/password", Value="1", Type="SecureString", KeyId=key)
    ssm = user(aws, allow("ssm:*"))("ssm")
    ssm.get_parameter(Name="/app/password")
    for call in (
        lambda: ssm.get_parameter(Name="/app/password", WithDecryption=True),
        lambda: ssm.get_parameters_by_path(Path="/app", WithDecryption=True),
        lambda: ssm.put_parameter(Name="/app/other", Value="1", Type="SecureString", KeyId=key),
    ):
        refused(call, "AccessDeniedException", 400)
    ssm.put_parameter(Name="/app/plain", Value="1", Type="SecureString")
    assert ssm.get_parameter(Name="/app/plain", WithDecryption=True)["Parameter"]["Value"] == "1"
    arn = f"arn:aws:ssm:us-east-1:{aws.id}:parameter/app/password"
    condition = {"StringEquals": {"kms:EncryptionContext:PARAMETER_ARN": arn}}
    reader = user(aws, allow("ssm:*"), allow("kms:Decrypt", key, Condition=condition))("ssm")
    assert reader.get_parameter(Name="/app/password", WithDecryption=True)["Parameter"]["Value"] == "1"


def test_an_event_bus_lets_other_accounts_in(aws, another_account):
    """https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-bus-perms.html"""
    other, events = another_account(), aws("events")
    arn = events.create_event_bus(Name="orders")["EventBusArn"]
    entry = {"Source": "shop", "DetailType": "sold", "Detail": "{}", "EventBusName": arn}
    refused(lambda: other("events").put_events(Entries=[entry]), "AccessDeniedException", 400)
    events.put_permission(EventBusName="orders", Action="events:PutEvents", Principal=other.id, StatementId="them")
    assert other("events").put_events(Entries=[entry])["FailedEntryCount"] == 0


def test_a_key_that_is_disabled_serves_nobody(aws, key):
    """https://docs.aws.amazon.com/kms/latest/developerguide/unusable-kms-keys.html"""
    url = aws("sqs").create_queue(QueueName="q", Attributes={"KmsMasterKeyId": key})["QueueUrl"]
    topic = aws("sns").create_topic(Name="news", Attributes={"KmsMasterKeyId": key})["TopicArn"]
    aws("secretsmanager").create_secret(Name="db", SecretString="1", KmsKeyId=key)
    aws("kms").disable_key(KeyId=key)
    call = {"QueueUrl": url, "MessageBody": "1"}
    refused(lambda: aws("sqs").send_message(**call), "KMS.DisabledException", 400)
    refused(lambda: aws("sns").publish(TopicArn=topic, Message="1"), "KMSDisabled", 400)
    refused(lambda: aws("secretsmanager").get_secret_value(SecretId="db"), "DecryptionFailure", 400)
    aws("kms").enable_key(KeyId=key)
    aws("sqs").send_message(**call)


def test_a_batch_of_secrets_asks_for_each(aws):
    """https://docs.aws.amazon.com/secretsmanager/latest/APIReference/API_BatchGetSecretValue.html"""
    arns = [aws("secretsmanager").create_secret(Name=name, SecretString=name)["ARN"] for name in ("mine", "theirs")]
    person = user(aws, allow("secretsmanager:BatchGetSecretValue"), allow("secretsmanager:GetSecretValue", arns[0]))
    answer = person("secretsmanager").batch_get_secret_value(SecretIdList=["mine", "theirs"])
    assert [secret["Name"] for secret in answer["SecretValues"]] == ["mine"]
    assert [(each["SecretId"], each["ErrorCode"]) for each in answer["Errors"]] == [(arns[1], "AccessDeniedException")]


def test_policies_name_users_and_roles_that_exist(aws, bucket):
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html"""
    nobody = {"AWS": f"arn:aws:iam::{aws.id}:user/nobody"}
    document = policy(allow("s3:GetObject", f"arn:aws:s3:::{bucket}/*", Principal=nobody))
    message = refused(lambda: aws("s3").put_bucket_policy(Bucket=bucket, Policy=document), "MalformedPolicy", 400)
    assert message == "Invalid principal in policy"
    url = aws("sqs").create_queue(QueueName="q")["QueueUrl"]
    document = policy(allow("sqs:SendMessage", f"arn:aws:sqs:us-east-1:{aws.id}:q", Principal=nobody))
    refused(
        lambda: aws("sqs").set_queue_attributes(QueueUrl=url, Attributes={"Policy": document}),
        "InvalidAttributeValue",
        400,
    )
