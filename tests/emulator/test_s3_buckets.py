"""Buckets: names, listing, configuration that is checked, multipart uploads."""

import json
from collections.abc import Callable
from typing import Any

import pytest
import requests
from emulator.s3_tools import refused

FIVE_MEBIBYTES = 5 * 2**20


# Names: https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html


@pytest.mark.parametrize(
    "name",
    [
        "ab",
        "a" * 64,
        "Upper-case",
        "under_score",
        "-starts",
        "ends-",
        "two..dots",
        "192.168.5.4",
        "xn--puny",
        "sthree-mine",
        "mine-s3alias",
        "mine--ol-s3",
    ],
)
def test_a_name_that_breaks_the_rules(aws: Any, name: str) -> None:
    # botocore checks some of the rules by itself: it is told not to, to see what S3 says.
    s3 = aws("s3")
    s3.meta.events.unregister("before-parameter-build.s3", _validate_bucket_name())
    refused(s3.create_bucket, "InvalidBucketName", 400, Bucket=name)


def _validate_bucket_name() -> Callable[..., Any]:
    from botocore.handlers import validate_bucket_name

    return validate_bucket_name


def test_a_name_belongs_to_one_account(s3: Any, bucket: str, another_account: Any) -> None:
    """https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html"""
    refused(another_account()("s3").create_bucket, "BucketAlreadyExists", 409, Bucket=bucket)


def test_a_bucket_is_deleted_when_it_is_empty(s3: Any, bucket: str) -> None:
    """https://docs.aws.amazon.com/AmazonS3/latest/userguide/delete-bucket.html"""
    s3.put_object(Bucket=bucket, Key="doc")
    refused(s3.delete_bucket, "BucketNotEmpty", 409, Bucket=bucket)
    s3.delete_object(Bucket=bucket, Key="doc")
    s3.delete_bucket(Bucket=bucket)
    refused(s3.head_bucket, "404", 404, Bucket=bucket)


def test_a_bucket_of_an_owner_that_was_not_expected(s3: Any, bucket: str, aws: Any) -> None:
    """https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-owner-condition.html"""
    s3.put_object(Bucket=bucket, Key="doc", ExpectedBucketOwner=aws.id)
    for call in (s3.get_object, s3.put_object, s3.delete_object):
        refused(call, "AccessDenied", 403, Bucket=bucket, Key="doc", ExpectedBucketOwner="111111111111")
    s3.head_object(Bucket=bucket, Key="doc", ExpectedBucketOwner=aws.id)


# Listing: https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html


@pytest.fixture
def tree(s3: Any, bucket: str) -> str:
    for key in ("a.txt", "b/1.txt", "b/2.txt", "c/deep/3.txt", "d.txt"):
        s3.put_object(Bucket=bucket, Key=key)
    return bucket


def test_a_delimiter_groups_keys(s3: Any, tree: str) -> None:
    """https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-prefixes.html"""
    page = s3.list_objects_v2(Bucket=tree, Delimiter="/")
    assert [item["Key"] for item in page["Contents"]] == ["a.txt", "d.txt"]
    assert [group["Prefix"] for group in page["CommonPrefixes"]] == ["b/", "c/"]
    assert page["KeyCount"] == 4


def test_pages_continue_where_the_last_ended(s3: Any, tree: str) -> None:
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=tree, PaginationConfig={"PageSize": 2})
    keys = [[item["Key"] for item in page["Contents"]] for page in pages]
    assert keys == [["a.txt", "b/1.txt"], ["b/2.txt", "c/deep/3.txt"], ["d.txt"]]


def test_a_list_starts_after_a_key(s3: Any, tree: str) -> None:
    page = s3.list_objects_v2(Bucket=tree, StartAfter="b/2.txt")
    assert [item["Key"] for item in page["Contents"]] == ["c/deep/3.txt", "d.txt"]


def test_pages_of_versions_continue_in_a_bucket_without_versions(s3: Any, tree: str) -> None:
    """Its objects have the version id ``null``:
    https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectVersions.html
    """
    every = [item["Key"] for item in s3.list_objects_v2(Bucket=tree)["Contents"]]
    pages = list(s3.get_paginator("list_object_versions").paginate(Bucket=tree, PaginationConfig={"PageSize": 2}))
    assert [item["Key"] for page in pages for item in page["Versions"]] == every
    assert {len(page["Versions"]) for page in pages[:-1]} == {2}
    assert [page["IsTruncated"] for page in pages] == [True] * (len(pages) - 1) + [False]


def test_a_page_has_at_most_1000_keys(s3: Any, tree: str) -> None:
    assert s3.list_objects_v2(Bucket=tree, MaxKeys=5000)["MaxKeys"] == 1000


def test_a_page_of_no_keys_is_empty(s3: Any, tree: str) -> None:
    page = s3.list_objects_v2(Bucket=tree, MaxKeys=0)
    assert (page["KeyCount"], page["IsTruncated"], page.get("Contents")) == (0, False, None)


def test_a_continuation_token_that_is_none(s3: Any, tree: str) -> None:
    refused(s3.list_objects_v2, "InvalidArgument", 400, Bucket=tree, ContinuationToken="")


# Policies: https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-policies.html

ALLOW = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::BUCKET/*"}


@pytest.mark.parametrize(
    "change",
    [
        {"Resource": "arn:aws:s3:::another-bucket/*"},
        {"Effect": "Maybe"},
        {"Action": "s3:GetNothing"},
        {"Action": "sqs:SendMessage"},
        {"Principal": None},
        {"Principal": {"AWS": "nobody"}},
        {"Resource": None},
        {"Action": None},
        {"Colour": "red"},
        {"Condition": {"StringMatches": {"aws:PrincipalOrgID": "o-1"}}},
        {"Action": "s3:ListBucket"},
    ],
    ids=json.dumps,
)
def test_a_policy_that_is_none_is_malformed(s3: Any, bucket: str, change: dict[str, Any]) -> None:
    statement = {key: value for key, value in (ALLOW | change).items() if value is not None}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    refused(s3.put_bucket_policy, "MalformedPolicy", 400, Bucket=bucket, Policy=policy.replace("BUCKET", bucket))
    refused(s3.get_bucket_policy, "NoSuchBucketPolicy", 404, Bucket=bucket)


@pytest.mark.parametrize("document", ["{}", "[]", "not json", '{"Version": "2011-01-01", "Statement": []}'])
def test_a_document_that_is_no_policy(s3: Any, bucket: str, document: str) -> None:
    refused(s3.put_bucket_policy, "MalformedPolicy", 400, Bucket=bucket, Policy=document)


def test_a_valid_policy_is_kept(s3: Any, bucket: str, aws: Any) -> None:
    allowed = ALLOW | {
        "Sid": "Readers",
        "Principal": {"AWS": [f"arn:aws:iam::{aws.id}:root", aws.id], "Service": "cloudfront.amazonaws.com"},
        "Action": ["s3:GetObject", "s3:GetObject*", "s3:ListBucket"],
        "Resource": [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "true"}, "StringLikeIfExists": {"aws:Referer": ["a*"]}},
    }
    policy = json.dumps({"Version": "2012-10-17", "Id": "one", "Statement": allowed})
    s3.put_bucket_policy(Bucket=bucket, Policy=policy)
    assert json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"]) == json.loads(policy)


def test_a_public_policy_is_blocked_by_default(s3: Any, bucket: str) -> None:
    """https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html"""
    block = s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    assert set(block.values()) == {True}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [ALLOW]}).replace("BUCKET", bucket)
    refused(s3.put_bucket_policy, "AccessDenied", 403, Bucket=bucket, Policy=policy)
    s3.delete_public_access_block(Bucket=bucket)
    s3.put_bucket_policy(Bucket=bucket, Policy=policy)
    assert s3.get_bucket_policy_status(Bucket=bucket)["PolicyStatus"]["IsPublic"] is True


def test_acls_are_off_by_default(s3: Any, bucket: str) -> None:
    """https://docs.aws.amazon.com/AmazonS3/latest/userguide/about-object-ownership.html"""
    s3.put_object(Bucket=bucket, Key="doc")
    refused(s3.put_object_acl, "AccessControlListNotSupported", 400, Bucket=bucket, Key="doc", ACL="public-read")
    refused(s3.put_object, "AccessControlListNotSupported", 400, Bucket=bucket, Key="doc", ACL="public-read")


# Lifecycle: https://docs.aws.amazon.com/AmazonS3/latest/userguide/lifecycle-transition-general-considerations.html


def rule(**parts: Any) -> dict[str, Any]:
    return {"ID": "r", "Status": "Enabled", "Filter": {"Prefix": "logs/"}, **parts}


def move(days: int, storage_class: str) -> dict[str, Any]:
    return {"Days": days, "StorageClass": storage_class}


@pytest.mark.parametrize(
    ("rules", "code"),
    [
        ([rule(Transitions=[move(29, "STANDARD_IA")])], "InvalidArgument"),
        ([rule(Transitions=[move(10, "ONEZONE_IA")])], "InvalidArgument"),
        ([rule(Transitions=[move(30, "STANDARD_IA"), move(50, "GLACIER")])], "InvalidArgument"),
        ([rule(Transitions=[move(4, "GLACIER_IR"), move(93, "DEEP_ARCHIVE")])], "InvalidArgument"),
        ([rule(Transitions=[move(90, "GLACIER"), move(120, "STANDARD_IA")])], "InvalidArgument"),
        ([rule(Transitions=[move(60, "GLACIER"), move(90, "GLACIER")])], "InvalidArgument"),
        ([rule(Transitions=[move(90, "GLACIER")], Expiration={"Days": 90})], "InvalidArgument"),
        ([rule(Transitions=[move(-1, "GLACIER")])], "InvalidArgument"),
        ([rule(Transitions=[move(30, "STANDARD")])], "MalformedXML"),
        ([rule(Expiration={"Days": 0})], "InvalidArgument"),
        ([rule(Expiration={"Days": 1, "Date": "2030-01-01T00:00:00Z"})], "MalformedXML"),
        ([rule(Expiration={"Days": 1}), rule(Expiration={"Days": 2}, Filter={"Prefix": "b"})], "InvalidArgument"),
        ([rule(Transitions=[move(30, "ONEZONE_IA"), move(90, "GLACIER_IR")])], "InvalidArgument"),
        ([rule(Expiration={"Date": "2030-01-01T05:00:00Z"})], "InvalidArgument"),
        ([rule(NoncurrentVersionExpiration={"NoncurrentDays": 0})], "InvalidArgument"),
        ([rule()], "InvalidRequest"),
        ([rule(ID="x" * 256, Expiration={"Days": 1})], "InvalidArgument"),
        ([rule(Status="On", Expiration={"Days": 1})], "MalformedXML"),
        ([rule(Expiration={"Days": 1}, Filter={"Prefix": "a", "Tag": {"Key": "k", "Value": "v"}})], "MalformedXML"),
        ([rule(Expiration={"Days": 1}, Filter={"And": {"Prefix": "a"}})], "MalformedXML"),
        ([rule(Expiration={"Days": 1}, Prefix="a")], "MalformedXML"),
        (
            [
                rule(
                    AbortIncompleteMultipartUpload={"DaysAfterInitiation": 1},
                    Filter={"Tag": {"Key": "k", "Value": "v"}},
                )
            ],
            "InvalidRequest",
        ),
        (
            [rule(Expiration={"ExpiredObjectDeleteMarker": True}, Filter={"Tag": {"Key": "k", "Value": "v"}})],
            "InvalidRequest",
        ),
    ],
    ids=lambda value: json.dumps(value)[:70],
)
def test_a_lifecycle_that_cannot_be(s3: Any, bucket: str, rules: list[dict[str, Any]], code: str) -> None:
    configuration = {"Rules": rules}
    refused(s3.put_bucket_lifecycle_configuration, code, 400, Bucket=bucket, LifecycleConfiguration=configuration)
    refused(s3.get_bucket_lifecycle_configuration, "NoSuchLifecycleConfiguration", 404, Bucket=bucket)


def test_a_lifecycle_that_can_be(s3: Any, bucket: str) -> None:
    rules = [
        rule(
            Transitions=[move(30, "STANDARD_IA"), move(60, "GLACIER_IR"), move(180, "DEEP_ARCHIVE")],
            Expiration={"Days": 365},
            NoncurrentVersionExpiration={"NoncurrentDays": 30, "NewerNoncurrentVersions": 3},
        ),
        rule(
            ID="second",
            Filter={"And": {"Prefix": "tmp/", "ObjectSizeGreaterThan": 1000}},
            Transitions=[move(0, "INTELLIGENT_TIERING")],
        ),
        rule(ID="third", Filter={}, AbortIncompleteMultipartUpload={"DaysAfterInitiation": 7}),
    ]
    s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": rules})
    kept = s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
    assert [one["ID"] for one in kept] == ["r", "second", "third"]
    assert [one["StorageClass"] for one in kept[0]["Transitions"]] == ["STANDARD_IA", "GLACIER_IR", "DEEP_ARCHIVE"]


def test_a_rule_gets_an_id_if_it_has_none(s3: Any, bucket: str) -> None:
    """https://docs.aws.amazon.com/AmazonS3/latest/API/API_LifecycleRule.html"""
    nameless = {"Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 1}}
    s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": [nameless]})
    assert s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"][0]["ID"]


def test_an_object_says_when_and_by_which_rule_it_expires(s3: Any, bucket: str) -> None:
    """https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html"""
    s3.put_bucket_lifecycle_configuration(
        Bucket=bucket, LifecycleConfiguration={"Rules": [rule(Expiration={"Days": 3})]}
    )
    assert 'rule-id="r"' in s3.put_object(Bucket=bucket, Key="logs/1")["Expiration"]
    assert "Expiration" not in s3.put_object(Bucket=bucket, Key="other/1")


# Other configuration


def test_replication_needs_versioning_on_both_sides(s3: Any, bucket: str, aws: Any) -> None:
    """https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication-requirements.html"""
    target = f"{bucket}-copy"
    s3.create_bucket(Bucket=target)
    configuration = {
        "Role": f"arn:aws:iam::{aws.id}:role/replication",
        "Rules": [
            {
                "ID": "all",
                "Priority": 1,
                "Status": "Enabled",
                "Filter": {},
                "DeleteMarkerReplication": {"Status": "Disabled"},
                "Destination": {"Bucket": f"arn:aws:s3:::{target}"},
            }
        ],
    }
    enabled = {"Status": "Enabled"}
    put = {"Bucket": bucket, "ReplicationConfiguration": configuration}
    refused(s3.put_bucket_replication, "InvalidRequest", 400, **put)
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration=enabled)
    refused(s3.put_bucket_replication, "InvalidRequest", 400, **put)
    s3.put_bucket_versioning(Bucket=target, VersioningConfiguration=enabled)
    s3.put_bucket_replication(**put)
    kept = s3.get_bucket_replication(Bucket=bucket)["ReplicationConfiguration"]
    assert kept["Rules"][0]["Destination"]["Bucket"] == f"arn:aws:s3:::{target}"


def test_transfer_acceleration_and_dots(s3: Any, bucket: str) -> None:
    """https://docs.aws.amazon.com/AmazonS3/latest/userguide/transfer-acceleration.html"""
    enabled = {"Status": "Enabled"}
    s3.put_bucket_accelerate_configuration(Bucket=bucket, AccelerateConfiguration=enabled)
    assert s3.get_bucket_accelerate_configuration(Bucket=bucket)["Status"] == "Enabled"
    dotted = f"{bucket}.dots"
    s3.create_bucket(Bucket=dotted)
    refused(
        s3.put_bucket_accelerate_configuration, "InvalidRequest", 400, Bucket=dotted, AccelerateConfiguration=enabled
    )


def test_the_requester_can_be_made_to_pay(s3: Any, bucket: str) -> None:
    """https://docs.aws.amazon.com/AmazonS3/latest/userguide/RequesterPaysBuckets.html"""
    assert s3.get_bucket_request_payment(Bucket=bucket)["Payer"] == "BucketOwner"
    s3.put_bucket_request_payment(Bucket=bucket, RequestPaymentConfiguration={"Payer": "Requester"})
    assert s3.get_bucket_request_payment(Bucket=bucket)["Payer"] == "Requester"


def test_a_requester_pays_bucket_refuses_others_who_do_not_say_so(s3: Any, bucket: str, another_account: Any) -> None:
    """https://docs.aws.amazon.com/AmazonS3/latest/userguide/ObjectsinRequesterPaysBuckets.html"""
    other = another_account()
    s3.put_object(Bucket=bucket, Key="doc", Body=b"data")
    policy = ALLOW | {"Principal": {"AWS": other.id}, "Resource": f"arn:aws:s3:::{bucket}/*"}
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": [policy]}))
    s3.put_bucket_request_payment(Bucket=bucket, RequestPaymentConfiguration={"Payer": "Requester"})
    refused(other("s3").get_object, "AccessDenied", 403, Bucket=bucket, Key="doc")
    answer = other("s3").get_object(Bucket=bucket, Key="doc", RequestPayer="requester")
    assert (answer["Body"].read(), answer["RequestCharged"]) == (b"data", "requester")
    assert "RequestCharged" not in s3.get_object(Bucket=bucket, Key="doc")


def test_public_acls_are_blocked_until_that_is_lifted(s3: Any, bucket: str) -> None:
    """https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html"""
    ownership = {"Rules": [{"ObjectOwnership": "ObjectWriter"}]}
    s3.put_bucket_ownership_controls(Bucket=bucket, OwnershipControls=ownership)
    refused(s3.put_bucket_acl, "AccessDenied", 403, Bucket=bucket, ACL="public-read")
    refused(s3.put_object, "AccessDenied", 403, Bucket=bucket, Key="doc", ACL="public-read")
    s3.put_object(Bucket=bucket, Key="doc", ACL="private")
    s3.delete_public_access_block(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="doc", ACL="public-read")


def test_an_inventory_is_configuration(s3: Any, bucket: str) -> None:
    """https://docs.aws.amazon.com/AmazonS3/latest/userguide/storage-inventory.html"""
    inventory = {
        "Id": "weekly",
        "IsEnabled": True,
        "IncludedObjectVersions": "Current",
        "Schedule": {"Frequency": "Weekly"},
        "Destination": {"S3BucketDestination": {"Bucket": f"arn:aws:s3:::{bucket}", "Format": "CSV"}},
    }
    s3.put_bucket_inventory_configuration(Bucket=bucket, Id="weekly", InventoryConfiguration=inventory)
    kept = s3.get_bucket_inventory_configuration(Bucket=bucket, Id="weekly")["InventoryConfiguration"]
    assert kept["Schedule"] == {"Frequency": "Weekly"}
    wrong = inventory | {"Schedule": {"Frequency": "Hourly"}}
    refused(
        s3.put_bucket_inventory_configuration,
        "MalformedXML",
        400,
        Bucket=bucket,
        Id="weekly",
        InventoryConfiguration=wrong,
    )


def test_mfa_delete_guards_versions(s3: Any, bucket: str) -> None:
    """https://docs.aws.amazon.com/AmazonS3/latest/userguide/MultiFactorAuthenticationDelete.html"""
    wanted = {"Status": "Enabled", "MFADelete": "Enabled"}
    refused(s3.put_bucket_versioning, "AccessDenied", 403, Bucket=bucket, VersioningConfiguration=wanted)
    s3.put_bucket_versioning(
        Bucket=bucket, VersioningConfiguration=wanted, MFA="arn:aws:iam::111111111111:mfa/root 123456"
    )
    assert s3.get_bucket_versioning(Bucket=bucket)["MFADelete"] == "Enabled"
    version = s3.put_object(Bucket=bucket, Key="doc")["VersionId"]
    refused(s3.delete_object, "AccessDenied", 403, Bucket=bucket, Key="doc", VersionId=version)
    assert s3.delete_object(Bucket=bucket, Key="doc")["DeleteMarker"] is True


# Cross-origin requests: https://docs.aws.amazon.com/AmazonS3/latest/userguide/cors.html


def preflight(endpoint: str, bucket: str, origin: str, method: str) -> requests.Response:
    headers = {"Origin": origin, "Access-Control-Request-Method": method, "Access-Control-Request-Headers": "x-test"}
    return requests.options(f"{endpoint}/{bucket}/doc", headers=headers, timeout=10)


def test_a_browsers_preflight(s3: Any, bucket: str, emulator: str) -> None:
    cors = {
        "AllowedOrigins": ["https://app.example.com"],
        "AllowedMethods": ["PUT"],
        "AllowedHeaders": ["x-*"],
        "MaxAgeSeconds": 300,
    }
    s3.put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": [cors]})
    answer = preflight(emulator, bucket, "https://app.example.com", "PUT")
    assert answer.status_code == 200
    assert answer.headers["Access-Control-Allow-Origin"] == "https://app.example.com"
    assert answer.headers["Access-Control-Allow-Methods"] == "PUT"
    assert answer.headers["Access-Control-Max-Age"] == "300"
    for origin, method in (("https://evil.example.com", "PUT"), ("https://app.example.com", "DELETE")):
        refusal = preflight(emulator, bucket, origin, method)
        assert refusal.status_code == 403
        assert "Access-Control-Allow-Origin" not in refusal.headers


def test_a_preflight_without_rules(s3: Any, bucket: str, emulator: str) -> None:
    answer = preflight(emulator, bucket, "https://app.example.com", "GET")
    assert answer.status_code == 403
    assert "CORS is not enabled for this bucket" in answer.text


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"AllowedMethods": ["PATCH"]}, "InvalidRequest"),
        ({"AllowedOrigins": ["https://*.example.*"]}, "InvalidRequest"),
    ],
)
def test_cors_rules_that_are_refused(s3: Any, bucket: str, change: dict[str, Any], code: str) -> None:
    """https://docs.aws.amazon.com/AmazonS3/latest/API/API_CORSRule.html"""
    cors = {"AllowedOrigins": ["*"], "AllowedMethods": ["GET"], **change}
    refused(s3.put_bucket_cors, code, 400, Bucket=bucket, CORSConfiguration={"CORSRules": [cors]})


# Multipart uploads: https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html


@pytest.fixture
def upload(s3: Any, bucket: str) -> dict[str, str]:
    """The arguments that name an upload."""
    started = s3.create_multipart_upload(Bucket=bucket, Key="big")
    return {"Bucket": bucket, "Key": "big", "UploadId": started["UploadId"]}


def part(s3: Any, upload: dict[str, str], number: int, data: bytes) -> dict[str, Any]:
    return {"PartNumber": number, "ETag": s3.upload_part(**upload, PartNumber=number, Body=data)["ETag"]}


def test_parts_become_one_object(s3: Any, upload: dict[str, str]) -> None:
    parts = [part(s3, upload, 1, b"a" * FIVE_MEBIBYTES), part(s3, upload, 2, b"b")]
    etag = s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts})["ETag"]
    assert etag.endswith('-2"')
    head = s3.head_object(Bucket=upload["Bucket"], Key="big", PartNumber=1)
    assert (head["ContentLength"], head["PartsCount"]) == (FIVE_MEBIBYTES, 2)


def test_only_the_last_part_may_be_small(s3: Any, upload: dict[str, str]) -> None:
    parts = [part(s3, upload, 1, b"a" * (FIVE_MEBIBYTES - 1)), part(s3, upload, 2, b"b")]
    refused(s3.complete_multipart_upload, "EntityTooSmall", 400, **upload, MultipartUpload={"Parts": parts})


def test_parts_are_listed_in_order_and_as_they_are(s3: Any, upload: dict[str, str]) -> None:
    """https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html"""
    first, second = part(s3, upload, 1, b"a"), part(s3, upload, 2, b"b")
    backwards = {"Parts": [second, first]}
    refused(s3.complete_multipart_upload, "InvalidPartOrder", 400, **upload, MultipartUpload=backwards)
    wrong = {"Parts": [first | {"ETag": '"00000000000000000000000000000000"'}]}
    refused(s3.complete_multipart_upload, "InvalidPart", 400, **upload, MultipartUpload=wrong)
    missing = {"Parts": [second | {"PartNumber": 3}]}
    refused(s3.complete_multipart_upload, "InvalidPart", 400, **upload, MultipartUpload=missing)


@pytest.mark.parametrize("number", [0, 10001])
def test_a_part_number_is_between_1_and_10000(s3: Any, upload: dict[str, str], number: int) -> None:
    refused(s3.upload_part, "InvalidArgument", 400, **upload, PartNumber=number, Body=b"a")


def test_an_aborted_upload_is_gone(s3: Any, upload: dict[str, str]) -> None:
    """https://docs.aws.amazon.com/AmazonS3/latest/userguide/abort-mpu.html"""
    part(s3, upload, 1, b"a")
    assert len(s3.list_multipart_uploads(Bucket=upload["Bucket"])["Uploads"]) == 1
    s3.abort_multipart_upload(**upload)
    refused(s3.list_parts, "NoSuchUpload", 404, **upload)
    assert "Uploads" not in s3.list_multipart_uploads(Bucket=upload["Bucket"])
