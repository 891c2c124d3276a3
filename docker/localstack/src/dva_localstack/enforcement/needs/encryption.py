"""What a caller needs on the KMS key by which another service encrypts for it.

S3: https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html
Parts of an upload: https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html#mpuAndPermissions
SQS: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html
SNS: https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html
Secrets Manager: https://docs.aws.amazon.com/secretsmanager/latest/userguide/security-encryption.html
Parameter Store: https://docs.aws.amazon.com/kms/latest/developerguide/services-parameter-store.html
"""

from collections.abc import Callable, Iterator

from dva_localstack.enforcement.resources import buckets, kms_keys, message_keys, secret_keys

from . import generic, messaging
from .call import Call, Context, Need
from .s3 import BUCKET, source_of

DECRYPT, DATA_KEY, ENCRYPT = "kms:Decrypt", "kms:GenerateDataKey", "kms:Encrypt"

NEW_OBJECTS = frozenset({"PutObject", "PostObject", "CopyObject", "CreateMultipartUpload"})
PARTS = frozenset({"UploadPart", "UploadPartCopy", "CompleteMultipartUpload"})

SENDS = frozenset({"SendMessage", "SendMessageBatch"})
PUBLISHES = frozenset({"Publish", "PublishBatch"})

SECRET_WRITES = frozenset({"CreateSecret", "PutSecretValue", "UpdateSecret"})
PARAMETER_READS = frozenset({"GetParameter", "GetParameters", "GetParametersByPath", "GetParameterHistory"})


def needs(call: Call) -> Iterator[Need]:
    """Yield what a call needs on KMS keys beside its own permissions; nothing for a key that does not exist."""
    if call.service in BY_SERVICE:
        yield from BY_SERVICE[call.service](call)


def through(call: Call, key: str, actions: tuple[str, ...], encryption: dict[str, str]) -> Iterator[Need]:
    """Yield permissions on a key that a service uses in its caller's name.

    https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html#conditions-kms-via-service

    :param key: the key's ARN
    :param encryption: the encryption context that the service gives
    """
    region = key.split(":")[3]
    context: Context = {
        "kms:ViaService": f"{call.service}.{region}.amazonaws.com",
        "kms:EncryptionContextKeys": list(encryption),
        "aws:ViaAWSService": "true",
    }
    context |= {f"kms:EncryptionContext:{name}": value for name, value in encryption.items()}
    if call.caller:
        context["kms:CallerAccount"] = call.account
    if aliases := kms_keys.aliases(key):
        context["kms:ResourceAliases"] = aliases
    for action in actions:
        yield Need(action, key, context)


def of_object(call: Call, used: buckets.KeyUse | None, bucket: str, key: str, *actions: str) -> Iterator[Need]:
    """Yield permissions for an object; one under a bucket key has the bucket as its encryption context."""
    if used and kms_keys.policy(used.key):
        arn = BUCKET.format(bucket)
        yield from through(call, used.key, actions, {"aws:s3:arn": arn if used.by_bucket_key else f"{arn}/{key}"})


def s3_needs(call: Call) -> Iterator[Need]:
    """Yield what reading and writing an object under SSE-KMS needs.

    HeadObject decrypts only to tell a checksum.
    """
    params, operation = call.params, call.operation
    bucket, key = params.get("Bucket", ""), params.get("Key", "")
    if operation == "GetObject" or (operation == "HeadObject" and params.get("ChecksumMode")):
        yield from of_object(call, buckets.key_of_object(bucket, key, params.get("VersionId")), bucket, key, DECRYPT)
    if operation in ("CopyObject", "UploadPartCopy"):
        source, name, version = source_of(call)
        yield from of_object(call, buckets.key_of_object(source, name, version), source, name, DECRYPT)
    if operation in NEW_OBJECTS:
        yield from of_object(call, buckets.key_of_new(bucket, params), bucket, key, DATA_KEY)
    if operation in PARTS:
        used = buckets.key_of_upload(bucket, params.get("UploadId", ""))
        yield from of_object(call, used, bucket, key, DECRYPT)


def sqs_needs(call: Call) -> Iterator[Need]:
    """Yield what sending to and receiving from a queue with a key needs."""
    actions = (DATA_KEY, DECRYPT) if call.operation in SENDS else (DECRYPT,)
    if call.operation in SENDS or call.operation == "ReceiveMessage":
        arn = messaging.queue_arn(call, call.params.get("QueueUrl", ""))
        if key := message_keys.of_queue(arn):
            yield from through(call, key, actions, {"aws:sqs:arn": arn})


def sns_needs(call: Call) -> Iterator[Need]:
    """Yield what publishing to a topic with a key needs."""
    arn = call.params.get("TopicArn") or call.params.get("TargetArn") or ""
    if call.operation in PUBLISHES and (key := message_keys.of_topic(arn)):
        yield from through(call, key, (DATA_KEY, DECRYPT), {"aws:sns:topicArn": arn})


def secret_needs(call: Call) -> Iterator[Need]:
    """Yield what reading and writing the value of a secret needs."""
    params = call.params
    writes = call.operation in SECRET_WRITES and (params.get("SecretString") or params.get("SecretBinary"))
    if not writes and call.operation != "GetSecretValue":
        return
    arn = generic.secret(call)
    if key := secret_keys.of_secret(arn, params.get("KmsKeyId"), call.account, call.region):
        yield from through(call, key, (DATA_KEY, DECRYPT) if writes else (DECRYPT,), {"SecretARN": arn})


def parameter_needs(call: Call) -> Iterator[Need]:
    """Yield what reading and writing SecureString parameters needs."""
    params = call.params
    if call.operation == "PutParameter":
        arn = call.arn("ssm", f"parameter/{params.get('Name', '').removeprefix('/')}")
        if key := secret_keys.of_new_parameter(arn, params):
            advanced = params.get("Tier") == "Advanced"
            yield from through(call, key, (DATA_KEY, ENCRYPT) if advanced else (ENCRYPT,), {"PARAMETER_ARN": arn})
    if call.operation in PARAMETER_READS and params.get("WithDecryption"):
        for arn, key in secret_keys.of_parameters(call.account, call.region, params):
            yield from through(call, key, (DECRYPT,), {"PARAMETER_ARN": arn})


BY_SERVICE: dict[str, Callable[[Call], Iterator[Need]]] = {
    "s3": s3_needs,
    "secretsmanager": secret_needs,
    "sns": sns_needs,
    "sqs": sqs_needs,
    "ssm": parameter_needs,
}
