"""Versions of objects, copies, archives, and locks."""

import secrets
from typing import Any

import pytest
from emulator.s3_tools import body, refused

# Versions: https://docs.aws.amazon.com/AmazonS3/latest/userguide/DeletingObjectVersions.html


def test_a_delete_hides_and_deleting_the_marker_restores(s3: Any, versioned: str) -> None:
    s3.put_object(Bucket=versioned, Key="doc", Body=b"1")
    marker = s3.delete_object(Bucket=versioned, Key="doc")
    refused(s3.get_object, "NoSuchKey", 404, Bucket=versioned, Key="doc")
    refused(s3.get_object, "MethodNotAllowed", 405, Bucket=versioned, Key="doc", VersionId=marker["VersionId"])
    s3.delete_object(Bucket=versioned, Key="doc", VersionId=marker["VersionId"])
    assert body(s3, versioned, "doc") == b"1"


def test_an_old_version_is_restored_by_a_copy_onto_its_own_key(s3: Any, versioned: str) -> None:
    """https://docs.aws.amazon.com/AmazonS3/latest/userguide/RestoringPreviousVersions.html"""
    old = s3.put_object(Bucket=versioned, Key="doc", Body=b"1")["VersionId"]
    s3.put_object(Bucket=versioned, Key="doc", Body=b"2")
    source = {"Bucket": versioned, "Key": "doc", "VersionId": old}
    copy = s3.copy_object(Bucket=versioned, Key="doc", CopySource=source)
    assert copy["CopySourceVersionId"] == old
    assert copy["VersionId"] not in (old, None)
    assert body(s3, versioned, "doc") == b"1"
    assert len(s3.list_object_versions(Bucket=versioned)["Versions"]) == 3


def test_an_object_is_not_copied_onto_itself_unchanged(s3: Any, bucket: str) -> None:
    """https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html"""
    s3.put_object(Bucket=bucket, Key="doc", Body=b"1", Metadata={"v": "1"})
    itself = {"Bucket": bucket, "Key": "doc", "CopySource": f"{bucket}/doc"}
    refused(s3.copy_object, "InvalidRequest", 400, **itself)
    s3.copy_object(**itself, MetadataDirective="REPLACE", Metadata={"v": "2"})
    assert s3.head_object(Bucket=bucket, Key="doc")["Metadata"] == {"v": "2"}


def test_a_version_that_never_was(s3: Any, versioned: str) -> None:
    """https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html"""
    s3.put_object(Bucket=versioned, Key="doc")
    refused(s3.get_object, "InvalidArgument", 400, Bucket=versioned, Key="doc", VersionId="nonsense")


# Storage classes: https://docs.aws.amazon.com/AmazonS3/latest/userguide/storage-class-intro.html


def test_an_archived_object_must_be_restored_first(s3: Any, bucket: str) -> None:
    """https://docs.aws.amazon.com/AmazonS3/latest/userguide/restoring-objects.html"""
    s3.put_object(Bucket=bucket, Key="old", Body=b"data", StorageClass="GLACIER")
    refused(s3.get_object, "InvalidObjectState", 403, Bucket=bucket, Key="old")
    s3.restore_object(Bucket=bucket, Key="old", RestoreRequest={"Days": 1, "GlacierJobParameters": {"Tier": "Bulk"}})
    assert body(s3, bucket, "old") == b"data"
    assert 'ongoing-request="false"' in s3.head_object(Bucket=bucket, Key="old")["Restore"]


def test_instant_retrieval_needs_no_restore(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="warm", Body=b"data", StorageClass="GLACIER_IR")
    assert body(s3, bucket, "warm") == b"data"
    refused(s3.restore_object, "InvalidObjectState", 403, Bucket=bucket, Key="warm", RestoreRequest={"Days": 1})


def test_an_unknown_storage_class_is_refused(s3: Any, bucket: str) -> None:
    refused(s3.put_object, "InvalidStorageClass", 400, Bucket=bucket, Key="doc", StorageClass="CHEAP")


def test_select_is_closed_to_new_customers(s3: Any, bucket: str) -> None:
    """https://docs.aws.amazon.com/AmazonS3/latest/userguide/selecting-content-from-objects.html"""
    s3.put_object(Bucket=bucket, Key="doc", Body=b"a,b\n1,2\n")
    refused(
        s3.select_object_content,
        "MethodNotAllowed",
        405,
        Bucket=bucket,
        Key="doc",
        Expression="select * from s3object",
        ExpressionType="SQL",
        InputSerialization={"CSV": {}},
        OutputSerialization={"CSV": {}},
    )


# Object Lock: https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock.html


@pytest.fixture
def locked(s3: Any) -> str:
    name = f"locked-{secrets.token_hex(6)}"
    s3.create_bucket(Bucket=name, ObjectLockEnabledForBucket=True)
    return name


def test_governance_can_be_bypassed_and_compliance_cannot(s3: Any, locked: str) -> None:
    def version(mode: str) -> dict[str, str]:
        put = s3.put_object(
            Bucket=locked, Key=mode, ObjectLockMode=mode, ObjectLockRetainUntilDate="2999-01-01T00:00:00Z"
        )
        return {"Bucket": locked, "Key": mode, "VersionId": put["VersionId"]}

    governed, compliant = version("GOVERNANCE"), version("COMPLIANCE")
    refused(s3.delete_object, "AccessDenied", 403, **governed)
    s3.delete_object(**governed, BypassGovernanceRetention=True)
    refused(s3.delete_object, "AccessDenied", 403, **compliant, BypassGovernanceRetention=True)


def test_a_legal_hold_lasts_until_it_is_lifted(s3: Any, locked: str) -> None:
    version = s3.put_object(Bucket=locked, Key="doc", ObjectLockLegalHoldStatus="ON")["VersionId"]
    refused(s3.delete_object, "AccessDenied", 403, Bucket=locked, Key="doc", VersionId=version)
    s3.put_object_legal_hold(Bucket=locked, Key="doc", LegalHold={"Status": "OFF"})
    s3.delete_object(Bucket=locked, Key="doc", VersionId=version)


def test_retention_can_be_made_longer_but_not_shorter(s3: Any, locked: str) -> None:
    s3.put_object(
        Bucket=locked, Key="doc", ObjectLockMode="COMPLIANCE", ObjectLockRetainUntilDate="2999-01-01T00:00:00Z"
    )
    shorter = {"Mode": "COMPLIANCE", "RetainUntilDate": "2998-01-01T00:00:00Z"}
    refused(s3.put_object_retention, "AccessDenied", 403, Bucket=locked, Key="doc", Retention=shorter)


def test_only_a_bucket_with_object_lock_locks(s3: Any, bucket: str) -> None:
    refused(s3.put_object, "InvalidRequest", 400, Bucket=bucket, Key="doc", ObjectLockLegalHoldStatus="ON")


def test_a_directive_that_does_not_exist(s3: Any, bucket: str) -> None:
    """https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html"""
    s3.put_object(Bucket=bucket, Key="doc")
    copy = {"Bucket": bucket, "Key": "copy", "CopySource": f"{bucket}/doc"}
    refused(s3.copy_object, "InvalidArgument", 400, **copy, MetadataDirective="MERGE")
    refused(s3.copy_object, "InvalidArgument", 400, **copy, TaggingDirective="MERGE")


def test_retention_ends_in_the_future(s3: Any, locked: str) -> None:
    """https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock-managing.html"""
    past = {"ObjectLockMode": "GOVERNANCE", "ObjectLockRetainUntilDate": "2020-01-01T00:00:00Z"}
    refused(s3.put_object, "InvalidArgument", 400, Bucket=locked, Key="doc", **past)


def test_deep_archive_has_no_expedited_retrieval(s3: Any, bucket: str) -> None:
    """https://docs.aws.amazon.com/AmazonS3/latest/userguide/restoring-objects-retrieval-options.html"""
    s3.put_object(Bucket=bucket, Key="doc", StorageClass="DEEP_ARCHIVE")
    fast = {"Days": 1, "GlacierJobParameters": {"Tier": "Expedited"}}
    refused(s3.restore_object, "InvalidArgument", 400, Bucket=bucket, Key="doc", RestoreRequest=fast)
    slow = {"Days": 1, "GlacierJobParameters": {"Tier": "Bulk"}}
    answer = s3.restore_object(Bucket=bucket, Key="doc", RestoreRequest=slow)
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 202


# Suspended versioning: https://docs.aws.amazon.com/AmazonS3/latest/userguide/AddingObjectstoVersionSuspendedBuckets.html


@pytest.fixture
def suspended(s3: Any, bucket: str) -> str:
    """A bucket without versioning now, with the object ``doc``: first ``null``, then a version."""
    s3.put_object(Bucket=bucket, Key="doc", Body=b"null")
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    s3.put_object(Bucket=bucket, Key="doc", Body=b"version")
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Suspended"})
    return bucket


def test_a_suspended_bucket_writes_the_null_version(s3: Any, suspended: str) -> None:
    s3.put_object(Bucket=suspended, Key="doc", Body=b"again")
    assert body(s3, suspended, "doc") == body(s3, suspended, "doc", VersionId="null") == b"again"
    versions = s3.list_object_versions(Bucket=suspended)["Versions"]
    assert [(each["VersionId"] == "null", each["IsLatest"]) for each in versions] == [(True, True), (False, False)]


def test_a_delete_in_a_suspended_bucket_puts_a_null_marker(s3: Any, suspended: str) -> None:
    answer = s3.delete_object(Bucket=suspended, Key="doc")
    assert (answer["DeleteMarker"], answer["VersionId"]) == (True, "null")
    refused(s3.get_object, "NoSuchKey", 404, Bucket=suspended, Key="doc")
    left = s3.list_object_versions(Bucket=suspended)["Versions"]
    assert len(left) == 1
    assert body(s3, suspended, "doc", VersionId=left[0]["VersionId"]) == b"version"
