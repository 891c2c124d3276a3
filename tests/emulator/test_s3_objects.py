"""Objects: conditional requests, ranges, metadata, tags, checksums, encryption and copies."""

import base64
import hashlib
from typing import Any

import pytest
from emulator.s3_tools import body, refused

# Conditional writes: https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html


def test_if_none_match_writes_an_object_once(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="once", Body=b"first", IfNoneMatch="*")
    refused(s3.put_object, "PreconditionFailed", 412, Bucket=bucket, Key="once", Body=b"second", IfNoneMatch="*")
    assert body(s3, bucket, "once") == b"first"


def test_if_match_writes_over_what_was_read(s3: Any, bucket: str) -> None:
    etag = s3.put_object(Bucket=bucket, Key="doc", Body=b"1")["ETag"]
    s3.put_object(Bucket=bucket, Key="doc", Body=b"2", IfMatch=etag)
    refused(s3.put_object, "PreconditionFailed", 412, Bucket=bucket, Key="doc", Body=b"3", IfMatch=etag)
    assert body(s3, bucket, "doc") == b"2"


def test_if_match_on_nothing_is_not_found(s3: Any, bucket: str) -> None:
    refused(s3.put_object, "NoSuchKey", 404, Bucket=bucket, Key="none", Body=b"3", IfMatch='"0"')


def test_a_multipart_upload_can_be_completed_once(s3: Any, bucket: str) -> None:
    """https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html"""
    upload = s3.create_multipart_upload(Bucket=bucket, Key="big")["UploadId"]
    part = s3.upload_part(Bucket=bucket, Key="big", UploadId=upload, PartNumber=1, Body=b"x")
    s3.put_object(Bucket=bucket, Key="big", Body=b"meanwhile")
    refused(
        s3.complete_multipart_upload,
        "PreconditionFailed",
        412,
        Bucket=bucket,
        Key="big",
        UploadId=upload,
        MultipartUpload={"Parts": [{"ETag": part["ETag"], "PartNumber": 1}]},
        IfNoneMatch="*",
    )
    assert body(s3, bucket, "big") == b"meanwhile"


# Conditional deletes: https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-deletes.html


def test_if_match_deletes_what_was_read(s3: Any, bucket: str) -> None:
    old = s3.put_object(Bucket=bucket, Key="doc", Body=b"1")["ETag"]
    new = s3.put_object(Bucket=bucket, Key="doc", Body=b"2")["ETag"]
    refused(s3.delete_object, "PreconditionFailed", 412, Bucket=bucket, Key="doc", IfMatch=old)
    assert body(s3, bucket, "doc") == b"2"
    s3.delete_object(Bucket=bucket, Key="doc", IfMatch=new)
    refused(s3.get_object, "NoSuchKey", Bucket=bucket, Key="doc")


def test_if_match_star_deletes_what_exists(s3: Any, versioned: str) -> None:
    s3.put_object(Bucket=versioned, Key="doc", Body=b"1")
    assert s3.delete_object(Bucket=versioned, Key="doc", IfMatch="*")["DeleteMarker"] is True
    refused(s3.delete_object, "PreconditionFailed", 412, Bucket=versioned, Key="doc", IfMatch="*")
    assert len(s3.list_object_versions(Bucket=versioned)["DeleteMarkers"]) == 1


def test_a_batch_deletes_only_what_matches(s3: Any, bucket: str) -> None:
    etag = s3.put_object(Bucket=bucket, Key="same", Body=b"1")["ETag"]
    s3.put_object(Bucket=bucket, Key="changed", Body=b"2")
    wanted = [{"Key": "same", "ETag": etag}, {"Key": "changed", "ETag": etag}]
    answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": wanted})
    assert [deleted["Key"] for deleted in answer["Deleted"]] == ["same"]
    assert [(error["Key"], error["Code"]) for error in answer["Errors"]] == [("changed", "PreconditionFailed")]
    assert body(s3, bucket, "changed") == b"2"


def test_a_batch_deletes_at_most_1000(s3: Any, bucket: str) -> None:
    """https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html"""
    keys = [{"Key": str(number)} for number in range(1001)]
    refused(s3.delete_objects, "MalformedXML", 400, Bucket=bucket, Delete={"Objects": keys})


# Conditional reads and ranges: https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html


def test_an_unchanged_object_is_not_sent_again(s3: Any, bucket: str) -> None:
    etag = s3.put_object(Bucket=bucket, Key="doc", Body=b"1")["ETag"]
    refused(s3.get_object, "304", 304, Bucket=bucket, Key="doc", IfNoneMatch=etag)
    refused(s3.get_object, "PreconditionFailed", 412, Bucket=bucket, Key="doc", IfMatch='"other"')


@pytest.mark.parametrize(
    ("wanted", "expected", "content_range"),
    [
        ("bytes=0-3", b"0123", "bytes 0-3/10"),
        ("bytes=7-", b"789", "bytes 7-9/10"),
        ("bytes=-2", b"89", "bytes 8-9/10"),
        ("bytes=5-99", b"56789", "bytes 5-9/10"),
    ],
)
def test_a_range_of_bytes(s3: Any, bucket: str, wanted: str, expected: bytes, content_range: str) -> None:
    """https://docs.aws.amazon.com/AmazonS3/latest/userguide/range-get-olap.html"""
    s3.put_object(Bucket=bucket, Key="digits", Body=b"0123456789")
    answer = s3.get_object(Bucket=bucket, Key="digits", Range=wanted)
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 206
    assert (answer["Body"].read(), answer["ContentRange"]) == (expected, content_range)


def test_a_range_outside_the_object(s3: Any, bucket: str) -> None:
    """https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html"""
    s3.put_object(Bucket=bucket, Key="digits", Body=b"0123456789")
    refused(s3.get_object, "InvalidRange", 416, Bucket=bucket, Key="digits", Range="bytes=10-20")


# Metadata and keys: https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html


def test_metadata_has_at_most_two_kilobytes(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="fits", Metadata={"a": "x" * 2000})
    refused(s3.put_object, "MetadataTooLarge", 400, Bucket=bucket, Key="large", Metadata={"a": "x" * 2048})
    refused(
        s3.copy_object,
        "MetadataTooLarge",
        400,
        Bucket=bucket,
        Key="copy",
        CopySource=f"{bucket}/fits",
        MetadataDirective="REPLACE",
        Metadata={"a": "x" * 2048},
    )
    refused(s3.create_multipart_upload, "MetadataTooLarge", Bucket=bucket, Key="large", Metadata={"a": "x" * 2048})


def test_metadata_names_become_lower_case(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="doc", Metadata={"Author": "Ann"})
    assert s3.head_object(Bucket=bucket, Key="doc")["Metadata"] == {"author": "Ann"}


def test_a_key_has_at_most_1024_bytes(s3: Any, bucket: str) -> None:
    """https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html"""
    s3.put_object(Bucket=bucket, Key="é" * 512)
    refused(s3.put_object, "KeyTooLongError", 400, Bucket=bucket, Key="é" * 512 + "x")


# Tags: https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-tagging.html


@pytest.mark.parametrize(
    ("tags", "code"),
    [
        ([(f"tag-{number}", "v") for number in range(11)], "BadRequest"),
        ([("k" * 129, "v")], "InvalidTag"),
        ([("k", "v" * 257)], "InvalidTag"),
        ([("k", "1"), ("k", "2")], "InvalidTag"),
        ([("aws:mine", "v")], "InvalidTag"),
        ([("k", "a<b>")], "InvalidTag"),
    ],
    ids=["eleven", "long key", "long value", "twice", "reserved", "characters"],
)
def test_tags_that_are_refused(s3: Any, bucket: str, tags: list[tuple[str, str]], code: str) -> None:
    s3.put_object(Bucket=bucket, Key="doc")
    tag_set = [{"Key": key, "Value": value} for key, value in tags]
    refused(s3.put_object_tagging, code, 400, Bucket=bucket, Key="doc", Tagging={"TagSet": tag_set})
    assert s3.get_object_tagging(Bucket=bucket, Key="doc")["TagSet"] == []


def test_the_largest_tags_are_kept(s3: Any, bucket: str) -> None:
    tags = [{"Key": f"{number}".ljust(128, "k"), "Value": "v" * 256} for number in range(10)]
    s3.put_object(Bucket=bucket, Key="doc")
    s3.put_object_tagging(Bucket=bucket, Key="doc", Tagging={"TagSet": tags})
    assert len(s3.get_object_tagging(Bucket=bucket, Key="doc")["TagSet"]) == 10
    assert s3.get_object(Bucket=bucket, Key="doc")["TagCount"] == 10


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ("&".join(f"t{number}=v" for number in range(11)), "BadRequest"),
        (f"{'k' * 129}=v", "InvalidTag"),
        ("aws:mine=v", "InvalidTag"),
        ("k=1&k=2", "InvalidArgument"),
    ],
    ids=["eleven", "long key", "reserved", "twice"],
)
def test_tags_in_the_header_of_an_upload_are_checked_too(s3: Any, bucket: str, header: str, code: str) -> None:
    """https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html"""
    refused(s3.put_object, code, 400, Bucket=bucket, Key="doc", Tagging=header)
    refused(s3.get_object, "NoSuchKey", Bucket=bucket, Key="doc")


# Checksums: https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html


@pytest.mark.parametrize("algorithm", ["CRC32", "SHA1", "SHA256"])
def test_a_checksum_is_kept_and_returned(s3: Any, bucket: str, algorithm: str) -> None:
    put = s3.put_object(Bucket=bucket, Key="doc", Body=b"data", ChecksumAlgorithm=algorithm)
    head = s3.head_object(Bucket=bucket, Key="doc", ChecksumMode="ENABLED")
    assert head[f"Checksum{algorithm}"] == put[f"Checksum{algorithm}"]
    assert head["ChecksumType"] == "FULL_OBJECT"


def test_a_wrong_checksum_is_refused(s3: Any, bucket: str) -> None:
    wrong = base64.b64encode(hashlib.sha256(b"other").digest()).decode()
    refused(s3.put_object, "BadDigest", 400, Bucket=bucket, Key="doc", Body=b"data", ChecksumSHA256=wrong)
    md5 = base64.b64encode(hashlib.md5(b"other").digest()).decode()
    refused(s3.put_object, "BadDigest", 400, Bucket=bucket, Key="doc", Body=b"data", ContentMD5=md5)
    refused(s3.get_object, "NoSuchKey", Bucket=bucket, Key="doc")


def test_get_object_attributes(s3: Any, bucket: str) -> None:
    """https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObjectAttributes.html"""
    etag = s3.put_object(Bucket=bucket, Key="doc", Body=b"data", ChecksumAlgorithm="SHA256")["ETag"]
    wanted = ["ETag", "Checksum", "ObjectSize", "StorageClass"]
    found = s3.get_object_attributes(Bucket=bucket, Key="doc", ObjectAttributes=wanted)
    assert (found["ETag"], found["ObjectSize"], found["StorageClass"]) == (etag.strip('"'), 4, "STANDARD")
    assert found["Checksum"]["ChecksumSHA256"] == base64.b64encode(hashlib.sha256(b"data").digest()).decode()


# Encryption: https://docs.aws.amazon.com/AmazonS3/latest/userguide/default-encryption-faq.html


def test_every_object_is_encrypted_with_s3s_keys(s3: Any, bucket: str) -> None:
    assert s3.put_object(Bucket=bucket, Key="doc")["ServerSideEncryption"] == "AES256"
    rules = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
    assert rules[0]["ApplyServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}


def test_a_buckets_default_can_be_kms_with_a_bucket_key(s3: Any, bucket: str, aws: Any) -> None:
    """https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-key.html"""
    key = aws("kms").create_key()["KeyMetadata"]["Arn"]
    default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}
    s3.put_bucket_encryption(
        Bucket=bucket,
        ServerSideEncryptionConfiguration={
            "Rules": [{"ApplyServerSideEncryptionByDefault": default, "BucketKeyEnabled": True}]
        },
    )
    s3.put_object(Bucket=bucket, Key="doc", Body=b"data")
    head = s3.head_object(Bucket=bucket, Key="doc")
    assert (head["ServerSideEncryption"], head["SSEKMSKeyId"], head["BucketKeyEnabled"]) == ("aws:kms", key, True)


def test_an_unknown_or_disabled_kms_key_is_refused(s3: Any, bucket: str, aws: Any) -> None:
    """https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html"""
    kms = aws("kms")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    kms.disable_key(KeyId=key)
    encrypted = {"Bucket": bucket, "Key": "doc", "ServerSideEncryption": "aws:kms"}
    refused(s3.put_object, "KMS.DisabledException", 400, **encrypted, SSEKMSKeyId=key)
    missing = "00000000-0000-0000-0000-000000000000"
    refused(s3.put_object, "KMS.NotFoundException", 400, **encrypted, SSEKMSKeyId=missing)


def allow_sse_c(s3: Any, bucket: str) -> None:
    """Let objects of a bucket be encrypted with keys of the customer."""
    rule = {
        "ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"},
        "BlockedEncryptionTypes": {"EncryptionType": ["NONE"]},
    }
    s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": [rule]})


def test_sse_c_is_blocked_until_the_bucket_allows_it(s3: Any, bucket: str) -> None:
    """https://docs.aws.amazon.com/AmazonS3/latest/userguide/default-s3-c-encryption-setting-faq.html"""
    rules = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
    assert rules[0]["BlockedEncryptionTypes"] == {"EncryptionType": ["SSE-C"]}
    key = base64.b64encode(b"k" * 32).decode()
    digest = base64.b64encode(hashlib.md5(b"k" * 32).digest()).decode()
    own = {"SSECustomerAlgorithm": "AES256", "SSECustomerKey": key, "SSECustomerKeyMD5": digest}
    refused(s3.put_object, "AccessDenied", 403, Bucket=bucket, Key="doc", **own)
    refused(s3.create_multipart_upload, "AccessDenied", 403, Bucket=bucket, Key="doc", **own)
    allow_sse_c(s3, bucket)
    assert s3.put_object(Bucket=bucket, Key="doc", **own)["SSECustomerAlgorithm"] == "AES256"


def test_an_encryption_that_cannot_be(s3: Any, bucket: str) -> None:
    """https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html"""
    refused(s3.put_object, "InvalidArgument", 400, Bucket=bucket, Key="doc", ServerSideEncryption="rot13")
    wrong = {"ServerSideEncryption": "AES256", "SSEKMSKeyId": "alias/mine"}
    refused(s3.put_object, "InvalidArgument", 400, Bucket=bucket, Key="doc", **wrong)


def test_sse_c_needs_the_same_key_to_read(s3: Any, bucket: str) -> None:
    """https://docs.aws.amazon.com/AmazonS3/latest/userguide/ServerSideEncryptionCustomerKeys.html

    AWS takes such a key over HTTPS only; so does boto3, which is why the headers are given here as they are sent.
    """

    def key(letter: bytes) -> dict[str, str]:
        digest = base64.b64encode(hashlib.md5(letter * 32).digest()).decode()
        return {
            "SSECustomerAlgorithm": "AES256",
            "SSECustomerKey": base64.b64encode(letter * 32).decode(),
            "SSECustomerKeyMD5": digest,
        }

    allow_sse_c(s3, bucket)
    s3.put_object(Bucket=bucket, Key="doc", Body=b"secret", **key(b"a"))
    assert body(s3, bucket, "doc", **key(b"a")) == b"secret"
    refused(s3.get_object, "InvalidRequest", 400, Bucket=bucket, Key="doc")
    refused(s3.get_object, "AccessDenied", 403, Bucket=bucket, Key="doc", **key(b"b"))
