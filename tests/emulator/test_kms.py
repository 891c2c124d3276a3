"""KMS: AWS managed keys, key policies, grants, aliases, algorithms."""

import uuid
from typing import Any

import pytest
from emulator.people import allow, policy, refused, user


@pytest.fixture
def kms(aws: Any) -> Any:
    return aws("kms", parameter_validation=False)


@pytest.fixture
def key(kms: Any) -> str:
    """The ARN of a symmetric key."""
    return kms.create_key()["KeyMetadata"]["Arn"]


def root(aws: Any) -> dict[str, str]:
    """Return an account's root as the principal of a policy."""
    return {"AWS": f"arn:aws:iam::{aws.id}:root"}


def test_an_aws_managed_key_cannot_be_managed(kms):
    """It rotates every year, and is used through its service only.

    https://docs.aws.amazon.com/kms/latest/developerguide/concepts.html#aws-managed-key
    """
    found = kms.describe_key(KeyId="alias/aws/sqs")["KeyMetadata"]
    assert found["KeyManager"] == "AWS"
    assert kms.get_key_rotation_status(KeyId=found["KeyId"])["KeyRotationEnabled"]
    for call in (kms.disable_key, kms.schedule_key_deletion, kms.disable_key_rotation):
        refused(lambda call=call: call(KeyId=found["KeyId"]), "AccessDeniedException", 400)
    refused(lambda: kms.encrypt(KeyId="alias/aws/sqs", Plaintext=b"x"), "AccessDeniedException")
    own = {"AliasName": "alias/aws/mine", "TargetKeyId": kms.create_key()["KeyMetadata"]["KeyId"]}
    refused(lambda: kms.create_alias(**own), "NotAuthorizedException")


def test_nobody_locks_themselves_out_by_accident(aws, kms, key):
    """https://docs.aws.amazon.com/kms/latest/APIReference/API_PutKeyPolicy.html"""
    other = policy(allow("kms:*", Principal={"AWS": "arn:aws:iam::999999999999:root"}))
    call = {"KeyId": key, "PolicyName": "default"}
    message = refused(lambda: kms.put_key_policy(**call, Policy=other), "MalformedPolicyDocumentException", 400)
    assert message == "The new key policy will not allow you to update the key policy in the future."
    refused(lambda: kms.create_key(Policy=other), "MalformedPolicyDocumentException", 400)
    absent = allow("kms:Encrypt", Principal={"AWS": f"arn:aws:iam::{aws.id}:user/nobody"})
    document = policy(allow("kms:*", Principal=root(aws)), absent)
    message = refused(lambda: kms.put_key_policy(**call, Policy=document), "MalformedPolicyDocumentException", 400)
    assert message == "Policy contains a statement with one or more invalid principals."
    kms.put_key_policy(**call, Policy=other, BypassPolicyLockoutSafetyCheck=True)
    refused(lambda: kms.describe_key(KeyId=key), "AccessDeniedException", 400)


def test_identity_policies_count_only_where_the_key_policy_names_the_account(aws):
    """https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html"""
    admin, other = user(aws, allow("kms:*")), user(aws, allow("kms:*"))
    document = policy(allow("kms:*", Principal={"AWS": admin.arn}))
    key = admin("kms").create_key(Policy=document)["KeyMetadata"]["KeyId"]
    message = refused(lambda: other("kms").encrypt(KeyId=key, Plaintext=b"x"), "AccessDeniedException", 400)
    assert message.endswith("because no resource-based policy allows the kms:Encrypt action")
    refused(lambda: aws("kms").describe_key(KeyId=key), "AccessDeniedException", 400)


def test_a_grant_is_bound_to_its_context_and_can_be_given_back(aws, kms, key):
    """https://docs.aws.amazon.com/kms/latest/developerguide/grants.html"""
    person = user(aws)
    terms = {
        "KeyId": key,
        "GranteePrincipal": person.arn,
        "Operations": ["Encrypt", "RetireGrant"],
        "Constraints": {"EncryptionContextSubset": {"tenant": "1"}},
        "Name": "once",
    }
    grant = kms.create_grant(**terms)
    assert kms.create_grant(**terms)["GrantId"] == grant["GrantId"]
    call = {"KeyId": key, "Plaintext": b"x"}
    refused(lambda: person("kms").encrypt(**call), "AccessDeniedException", 400)
    person("kms").encrypt(**call, EncryptionContext={"tenant": "1", "order": "2"})
    person("kms").retire_grant(GrantToken=grant["GrantToken"])
    refused(lambda: person("kms").encrypt(**call, EncryptionContext={"tenant": "1"}), "AccessDeniedException")
    assert kms.list_grants(KeyId=key)["Grants"] == []


def test_grants_that_are_refused(aws, kms, key):
    """https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateGrant.html"""
    call = {"KeyId": key, "Operations": ["Encrypt"]}
    refused(lambda: kms.create_grant(**call, GranteePrincipal="somebody"), "InvalidArnException", 400)
    unfit = {"KeyId": key, "Operations": ["Sign"], "GranteePrincipal": root(aws)["AWS"]}
    refused(lambda: kms.create_grant(**unfit), "ValidationException", 400)
    refused(lambda: kms.retire_grant(KeyId=key, GrantId=str(uuid.uuid4())), "NotFoundException", 400)


def test_an_alias_moves_between_keys_of_one_kind(aws, kms, key):
    """https://docs.aws.amazon.com/kms/latest/APIReference/API_UpdateAlias.html"""
    kms.create_alias(AliasName="alias/app", TargetKeyId=key)
    refused(lambda: kms.create_alias(AliasName="alias/other", TargetKeyId="alias/app"), "ValidationException")
    second = kms.create_key()["KeyMetadata"]["Arn"]
    kms.update_alias(AliasName="alias/app", TargetKeyId=second)
    assert kms.encrypt(KeyId="alias/app", Plaintext=b"x")["KeyId"] == second
    signing = kms.create_key(KeyUsage="SIGN_VERIFY", KeySpec="ECC_NIST_P256")["KeyMetadata"]["Arn"]
    refused(lambda: kms.update_alias(AliasName="alias/app", TargetKeyId=signing), "ValidationException", 400)
    message = refused(lambda: kms.encrypt(KeyId="alias/none", Plaintext=b"x"), "NotFoundException", 400)
    assert message == f"Alias arn:aws:kms:us-east-1:{aws.id}:alias/none is not found."


def test_a_data_key_has_the_size_that_is_asked_for(kms, key):
    """https://docs.aws.amazon.com/kms/latest/APIReference/API_GenerateDataKey.html"""
    for size, length in (({"KeySpec": "AES_128"}, 16), ({"NumberOfBytes": 64}, 64)):
        made = kms.generate_data_key(KeyId=key, **size)
        assert len(made["Plaintext"]) == length
        assert kms.decrypt(CiphertextBlob=made["CiphertextBlob"])["Plaintext"] == made["Plaintext"]
    rsa = kms.create_key(KeySpec="RSA_2048", KeyUsage="ENCRYPT_DECRYPT")["KeyMetadata"]["KeyId"]
    refused(lambda: kms.generate_data_key(KeyId=rsa, KeySpec="AES_256"), "InvalidKeyUsageException", 400)


def test_re_encrypt_finds_the_source_key(kms, key):
    """https://docs.aws.amazon.com/kms/latest/APIReference/API_ReEncrypt.html"""
    box = kms.encrypt(KeyId=key, Plaintext=b"x", EncryptionContext={"a": "b"})["CiphertextBlob"]
    target = kms.create_key()["KeyMetadata"]["Arn"]
    made = kms.re_encrypt(CiphertextBlob=box, SourceEncryptionContext={"a": "b"}, DestinationKeyId=target)
    assert (made["SourceKeyId"], made["KeyId"]) == (key, target)
    assert kms.decrypt(CiphertextBlob=made["CiphertextBlob"])["Plaintext"] == b"x"
    refused(lambda: kms.re_encrypt(CiphertextBlob=box, DestinationKeyId=target), "InvalidCiphertextException", 400)


def test_a_key_has_its_algorithms(kms):
    """https://docs.aws.amazon.com/kms/latest/developerguide/symm-asymm-choose-key-spec.html"""
    key = kms.create_key(KeyUsage="SIGN_VERIFY", KeySpec="ECC_NIST_P256")["KeyMetadata"]["KeyId"]
    call = {"KeyId": key, "Message": b"text"}
    signed = kms.sign(**call, SigningAlgorithm="ECDSA_SHA_256")["Signature"]
    assert kms.verify(**call, SigningAlgorithm="ECDSA_SHA_256", Signature=signed)["SignatureValid"]
    refused(lambda: kms.sign(**call, SigningAlgorithm="RSASSA_PSS_SHA_256"), "InvalidKeyUsageException", 400)
    long = {**call, "Message": b"x" * 4097}
    refused(lambda: kms.sign(**long, SigningAlgorithm="ECDSA_SHA_256"), "ValidationException", 400)
    refused(lambda: kms.enable_key_rotation(KeyId=key), "UnsupportedOperationException", 400)


def test_a_dry_run_only_says_that_it_would_succeed(aws, kms, key):
    """https://docs.aws.amazon.com/kms/latest/developerguide/testing-permissions.html"""
    call = {"KeyId": key, "Plaintext": b"x", "DryRun": True}
    refused(lambda: kms.encrypt(**call), "DryRunOperationException")
    refused(lambda: user(aws)("kms").encrypt(**call), "AccessDeniedException", 400)


def test_a_rotation_on_demand_leaves_old_ciphertexts_readable(kms, key):
    """https://docs.aws.amazon.com/kms/latest/developerguide/rotating-keys-on-demand.html"""
    box = kms.encrypt(KeyId=key, Plaintext=b"old")["CiphertextBlob"]
    kms.rotate_key_on_demand(KeyId=key)
    assert kms.decrypt(CiphertextBlob=box)["Plaintext"] == b"old"
    assert [each["RotationType"] for each in kms.list_key_rotations(KeyId=key)["Rotations"]] == ["ON_DEMAND"]


def test_a_key_about_to_be_deleted_can_only_be_kept(kms, key):
    """https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html"""
    made = kms.schedule_key_deletion(KeyId=key)
    assert (made["KeyId"], made["KeyState"], made["PendingWindowInDays"]) == (key, "PendingDeletion", 30)
    message = refused(lambda: kms.enable_key(KeyId=key), "KMSInvalidStateException", 400)
    assert message == f"{key} is pending deletion."
    kms.cancel_key_deletion(KeyId=key)
    assert "DeletionDate" not in kms.describe_key(KeyId=key)["KeyMetadata"]
    refused(lambda: kms.encrypt(KeyId=key, Plaintext=b"x"), "DisabledException", 400)
