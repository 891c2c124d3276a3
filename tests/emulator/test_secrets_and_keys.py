"""KMS, Secrets Manager and Parameter Store: behaviors and refusals."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError


def refused(call: Callable[..., Any], code: str, **arguments: Any) -> str:
    """Assert that a call fails with ``code``; return the message."""
    with pytest.raises(ClientError) as refusal:
        call(**arguments)
    assert refusal.value.response["Error"]["Code"] == code, refusal.value
    return refusal.value.response["Error"]["Message"]


# KMS: https://docs.aws.amazon.com/kms/latest/developerguide/


@pytest.fixture
def kms(aws: Any) -> Any:
    return aws("kms", parameter_validation=False)


@pytest.fixture
def key(kms: Any) -> str:
    return kms.create_key()["KeyMetadata"]["KeyId"]


def test_decrypting_needs_the_same_context(kms: Any, key: str) -> None:
    """https://docs.aws.amazon.com/kms/latest/developerguide/encrypt_context.html"""
    box = kms.encrypt(KeyId=key, Plaintext=b"data", EncryptionContext={"order": "1"})["CiphertextBlob"]
    assert kms.decrypt(CiphertextBlob=box, EncryptionContext={"order": "1"})["Plaintext"] == b"data"
    refused(kms.decrypt, "InvalidCiphertextException", CiphertextBlob=box, EncryptionContext={"order": "2"})
    refused(kms.decrypt, "InvalidCiphertextException", CiphertextBlob=box)


def test_kms_itself_encrypts_at_most_4096_bytes(kms: Any, key: str) -> None:
    """https://docs.aws.amazon.com/kms/latest/APIReference/API_Encrypt.html"""
    kms.encrypt(KeyId=key, Plaintext=b"x" * 4096)
    refused(kms.encrypt, "ValidationException", KeyId=key, Plaintext=b"x" * 4097)


def test_a_data_key_comes_open_and_closed(kms: Any, key: str) -> None:
    """https://docs.aws.amazon.com/kms/latest/APIReference/API_GenerateDataKey.html"""
    made = kms.generate_data_key(KeyId=key, KeySpec="AES_256")
    assert len(made["Plaintext"]) == 32
    assert kms.decrypt(CiphertextBlob=made["CiphertextBlob"])["Plaintext"] == made["Plaintext"]
    for sizes in ({}, {"KeySpec": "AES_256", "NumberOfBytes": 32}, {"KeySpec": "AES_512"}, {"NumberOfBytes": 1025}):
        refused(kms.generate_data_key, "ValidationException", KeyId=key, **sizes)


def test_a_disabled_key_does_nothing(kms: Any, key: str) -> None:
    """https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html"""
    box = kms.encrypt(KeyId=key, Plaintext=b"data")["CiphertextBlob"]
    kms.disable_key(KeyId=key)
    refused(kms.decrypt, "DisabledException", CiphertextBlob=box)
    kms.enable_key(KeyId=key)
    assert kms.decrypt(CiphertextBlob=box)["Plaintext"] == b"data"


def test_a_key_waits_7_to_30_days_for_its_deletion(kms: Any, key: str) -> None:
    """https://docs.aws.amazon.com/kms/latest/APIReference/API_ScheduleKeyDeletion.html"""
    for days in (6, 31):
        refused(kms.schedule_key_deletion, "ValidationException", KeyId=key, PendingWindowInDays=days)
    kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    refused(kms.encrypt, "KMSInvalidStateException", KeyId=key, Plaintext=b"data")
    kms.cancel_key_deletion(KeyId=key)
    assert kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "Disabled"


def test_a_signing_key_does_not_encrypt(kms: Any) -> None:
    signing = kms.create_key(KeyUsage="SIGN_VERIFY", KeySpec="RSA_2048")["KeyMetadata"]["KeyId"]
    refused(kms.encrypt, "InvalidKeyUsageException", KeyId=signing, Plaintext=b"data")


def test_a_key_policy_is_a_policy(kms: Any, key: str) -> None:
    """https://docs.aws.amazon.com/kms/latest/APIReference/API_PutKeyPolicy.html"""
    for policy in ("{", "{}", json.dumps({"Version": "2012-10-17", "Statement": []})):
        refused(kms.put_key_policy, "MalformedPolicyDocumentException", KeyId=key, PolicyName="default", Policy=policy)


def test_a_key_rotates_every_90_to_2560_days(kms: Any, key: str) -> None:
    """https://docs.aws.amazon.com/kms/latest/APIReference/API_EnableKeyRotation.html"""
    refused(kms.enable_key_rotation, "ValidationException", KeyId=key, RotationPeriodInDays=89)
    kms.enable_key_rotation(KeyId=key, RotationPeriodInDays=90)
    assert kms.get_key_rotation_status(KeyId=key)["RotationPeriodInDays"] == 90


# Secrets Manager: https://docs.aws.amazon.com/secretsmanager/latest/userguide/


@pytest.fixture
def secrets(aws: Any) -> Any:
    """A client with the secret ``db``."""
    client = aws("secretsmanager", parameter_validation=False)
    client.create_secret(Name="db", SecretString="first")
    return client


def test_the_previous_version_stays(secrets: Any) -> None:
    """https://docs.aws.amazon.com/secretsmanager/latest/userguide/whats-in-a-secret.html"""
    secrets.put_secret_value(SecretId="db", SecretString="second")
    assert secrets.get_secret_value(SecretId="db")["SecretString"] == "second"
    assert secrets.get_secret_value(SecretId="db", VersionStage="AWSPREVIOUS")["SecretString"] == "first"
    refused(secrets.get_secret_value, "ResourceNotFoundException", SecretId="db", VersionStage="AWSNEVER")


def test_a_deleted_secret_can_be_restored(secrets: Any) -> None:
    """https://docs.aws.amazon.com/secretsmanager/latest/APIReference/API_DeleteSecret.html"""
    refused(secrets.delete_secret, "InvalidParameterException", SecretId="db", RecoveryWindowInDays=6)
    secrets.delete_secret(SecretId="db", RecoveryWindowInDays=7)
    refused(secrets.get_secret_value, "InvalidRequestException", SecretId="db")
    refused(secrets.create_secret, "InvalidRequestException", Name="db", SecretString="again")
    secrets.restore_secret(SecretId="db")
    assert secrets.get_secret_value(SecretId="db")["SecretString"] == "first"


def test_secrets_that_are_refused(secrets: Any) -> None:
    """https://docs.aws.amazon.com/secretsmanager/latest/APIReference/API_PutSecretValue.html"""
    refused(secrets.create_secret, "ResourceExistsException", Name="db", SecretString="again")
    refused(
        secrets.put_secret_value, "InvalidParameterException", SecretId="db", SecretString="text", SecretBinary=b"data"
    )
    refused(secrets.put_secret_value, "ValidationException", SecretId="db", SecretString="x" * 65537)
    refused(secrets.rotate_secret, "InvalidRequestException", SecretId="db")
    refused(secrets.get_random_password, "InvalidParameterException", PasswordLength=3)


ROTATION = """
    import boto3

    def handler(event, context):
        client, secret, token = boto3.client("secretsmanager"), event["SecretId"], event["ClientRequestToken"]
        if event["Step"] == "createSecret":
            client.put_secret_value(
                SecretId=secret, ClientRequestToken=token, SecretString="rotated", VersionStages=["AWSPENDING"]
            )
        if event["Step"] == "finishSecret":
            versions = client.describe_secret(SecretId=secret)["VersionIdsToStages"]
            current = next(version for version, stages in versions.items() if "AWSCURRENT" in stages)
            client.update_secret_version_stage(
                SecretId=secret, VersionStage="AWSCURRENT", MoveToVersionId=token, RemoveFromVersionId=current
            )
"""


def test_a_function_rotates_a_secret(secrets: Any, functions: Any, eventually: Any) -> None:
    """https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_lambda-functions.html"""
    name = functions.deploy(ROTATION)
    functions.client.add_permission(
        FunctionName=name,
        StatementId="rotation",
        Action="lambda:InvokeFunction",
        Principal="secretsmanager.amazonaws.com",
    )
    arn = functions.client.get_function(FunctionName=name)["Configuration"]["FunctionArn"]
    secrets.rotate_secret(SecretId="db", RotationLambdaARN=arn, RotationRules={"AutomaticallyAfterDays": 30})
    assert eventually(lambda: secrets.get_secret_value(SecretId="db")["SecretString"] == "rotated")
    assert secrets.get_secret_value(SecretId="db", VersionStage="AWSPREVIOUS")["SecretString"] == "first"


# Parameter Store: https://docs.aws.amazon.com/systems-manager/latest/userguide/systems-manager-parameter-store.html


@pytest.fixture
def ssm(aws: Any) -> Any:
    return aws("ssm", parameter_validation=False)


def test_versions_and_labels(ssm: Any) -> None:
    """https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-labels.html"""
    for value in ("1", "2"):
        ssm.put_parameter(Name="/app/url", Value=value, Type="String", Overwrite=True)
    ssm.label_parameter_version(Name="/app/url", ParameterVersion=1, Labels=["stable"])
    for name, value in (("/app/url", "2"), ("/app/url:1", "1"), ("/app/url:stable", "1")):
        assert ssm.get_parameter(Name=name)["Parameter"]["Value"] == value
    refused(ssm.get_parameter, "ParameterVersionNotFound", Name="/app/url:9")


def test_a_secure_string_is_decrypted_on_demand(ssm: Any) -> None:
    """https://docs.aws.amazon.com/systems-manager/latest/userguide/secure-string-parameter-kms-encryption.html"""
    ssm.put_parameter(Name="/app/password", Value="secret", Type="SecureString")
    assert ssm.get_parameter(Name="/app/password")["Parameter"]["Value"] != "secret"
    assert ssm.get_parameter(Name="/app/password", WithDecryption=True)["Parameter"]["Value"] == "secret"


@pytest.mark.parametrize(
    ("parameter", "code"),
    [
        ({"Value": "x" * 4097}, "ValidationException"),
        ({"Value": "x" * 8193, "Tier": "Advanced"}, "ValidationException"),
        ({"Name": "/aws/mine"}, "AccessDeniedException"),
        ({"Name": "/two words"}, "ValidationException"),
        ({"Name": "/" + "/".join("abcdefghijklmnop")}, "HierarchyLevelLimitExceededException"),
        ({"Value": "abc", "AllowedPattern": r"^\d+$"}, "ParameterPatternMismatchException"),
        ({"Type": "Int"}, "ValidationException"),
        ({"Type": None}, "ValidationException"),
        ({"Value": ""}, "ValidationException"),
    ],
    ids=["4 KB", "8 KB", "reserved", "name", "depth", "pattern", "type", "no type", "empty"],
)
def test_parameters_that_are_refused(ssm: Any, parameter: dict[str, Any], code: str) -> None:
    """https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html"""
    refused(ssm.put_parameter, code, **{"Name": "/app/one", "Value": "1", "Type": "String", **parameter})
    assert ssm.get_parameters_by_path(Path="/", Recursive=True)["Parameters"] == []


def test_the_advanced_tier_keeps_8_kb(ssm: Any) -> None:
    """https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html"""
    ssm.put_parameter(Name="/app/large", Value="x" * 8192, Type="String", Tier="Advanced")
    assert ssm.describe_parameters()["Parameters"][0]["Tier"] == "Advanced"


def test_a_parameter_is_not_overwritten_by_accident(ssm: Any) -> None:
    ssm.put_parameter(Name="/app/one", Value="1", Type="String")
    refused(ssm.put_parameter, "ParameterAlreadyExists", Name="/app/one", Value="2", Type="String")
