"""Who may read and write buckets: identity policies, bucket policies, ACLs, Block Public Access, strangers.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-management.html
"""

import json

import pytest
import requests
from emulator.people import allow, deny, policy, refused, user


@pytest.fixture
def bucket(aws):
    """The name of a bucket with one object, ``a/one``."""
    name = f"iam-{aws.id}"
    aws("s3").create_bucket(Bucket=name)
    aws("s3").put_object(Bucket=name, Key="a/one", Body=b"one", Tagging="class=open")
    return name


def opened(aws, bucket, **settings):
    """Turn Block Public Access off, but for ``settings``."""
    off = dict.fromkeys(("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), False)
    aws("s3").put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration={**off, **settings})


def public(bucket):
    """Return a policy that lets everybody read objects."""
    return policy(allow("s3:GetObject", f"arn:aws:s3:::{bucket}/*", Principal="*"))


def test_objects_and_buckets_are_different_resources(aws, bucket):
    """https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html"""
    s3 = user(aws, allow(["s3:GetObject", "s3:ListBucket"], f"arn:aws:s3:::{bucket}/*"))("s3")
    assert s3.get_object(Bucket=bucket, Key="a/one")["Body"].read() == b"one"
    message = refused(lambda: s3.list_objects_v2(Bucket=bucket), "AccessDenied", 403)
    assert f's3:ListBucket on resource: "arn:aws:s3:::{bucket}" because no identity-based policy allows' in message


def test_listing_can_be_limited_to_a_prefix(aws, bucket):
    """https://docs.aws.amazon.com/AmazonS3/latest/userguide/amazon-s3-policy-keys.html#example-bucket-ops-prefix"""
    condition = {"StringLike": {"s3:prefix": ["a/*"]}}
    s3 = user(aws, allow("s3:ListBucket", f"arn:aws:s3:::{bucket}", Condition=condition))("s3")
    assert s3.list_objects_v2(Bucket=bucket, Prefix="a/")["KeyCount"] == 1
    refused(lambda: s3.list_objects_v2(Bucket=bucket, Prefix="b/"))
    refused(lambda: s3.list_objects_v2(Bucket=bucket))


def test_max_keys_can_be_limited(aws, bucket):
    """https://docs.aws.amazon.com/AmazonS3/latest/userguide/amazon-s3-policy-keys.html#example-numeric-condition-operators"""
    condition = {"NumericLessThanEquals": {"s3:max-keys": "10"}}
    s3 = user(aws, allow("s3:ListBucket", f"arn:aws:s3:::{bucket}", Condition=condition))("s3")
    s3.list_objects_v2(Bucket=bucket, MaxKeys=10)
    refused(lambda: s3.list_objects_v2(Bucket=bucket, MaxKeys=11))


def test_a_missing_object_is_forbidden_to_those_who_may_not_list(aws, bucket):
    """Without s3:ListBucket the answer is 403, with it 404.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
    """
    reader = user(aws, allow("s3:GetObject", f"arn:aws:s3:::{bucket}/*"))("s3")
    message = refused(lambda: reader.get_object(Bucket=bucket, Key="absent"), "AccessDenied", 403)
    assert "s3:ListBucket" in message
    refused(lambda: reader.head_object(Bucket=bucket, Key="absent"), "403", 403)
    lister = user(aws, allow(["s3:GetObject", "s3:ListBucket"]))("s3")
    refused(lambda: lister.get_object(Bucket=bucket, Key="absent"), "NoSuchKey", 404)
    refused(lambda: lister.head_object(Bucket=bucket, Key="absent"), "404", 404)


def test_a_version_has_an_action_of_its_own(aws, bucket):
    """https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html"""
    aws("s3").put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    version = aws("s3").put_object(Bucket=bucket, Key="v", Body=b"1")["VersionId"]
    s3 = user(aws, allow("s3:GetObject"))("s3")
    s3.get_object(Bucket=bucket, Key="v")
    assert "s3:GetObjectVersion" in refused(lambda: s3.get_object(Bucket=bucket, Key="v", VersionId=version))
    s3 = user(aws, allow("s3:GetObjectVersion"))("s3")
    assert s3.get_object(Bucket=bucket, Key="v", VersionId=version)["Body"].read() == b"1"
    refused(lambda: s3.get_object(Bucket=bucket, Key="v"))


def test_a_copy_needs_to_read_and_to_write(aws, bucket):
    """https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html"""
    source = {"Bucket": bucket, "Key": "a/one"}
    writer = user(aws, allow("s3:PutObject*"))("s3")
    message = refused(lambda: writer.copy_object(Bucket=bucket, Key="copy", CopySource=source))
    assert f's3:GetObject on resource: "arn:aws:s3:::{bucket}/a/one"' in message
    both = user(aws, allow(["s3:PutObject*", "s3:GetObject*"]))("s3")
    both.copy_object(Bucket=bucket, Key="copy", CopySource=source)


def test_tags_on_the_way_need_their_permission(aws, bucket):
    """PutObject with tags needs s3:PutObjectTagging.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html
    """
    s3 = user(aws, allow("s3:PutObject"))("s3")
    s3.put_object(Bucket=bucket, Key="plain", Body=b"")
    message = refused(lambda: s3.put_object(Bucket=bucket, Key="tagged", Body=b"", Tagging="a=b"))
    assert "s3:PutObjectTagging" in message


def test_access_by_an_objects_tag(aws, bucket):
    """https://docs.aws.amazon.com/AmazonS3/latest/userguide/tagging-and-policies.html"""
    aws("s3").put_object(Bucket=bucket, Key="secret", Body=b"", Tagging="class=secret")
    condition = {"StringEquals": {"s3:ExistingObjectTag/class": "open"}}
    s3 = user(aws, allow("s3:GetObject", Condition=condition))("s3")
    s3.get_object(Bucket=bucket, Key="a/one")
    refused(lambda: s3.get_object(Bucket=bucket, Key="secret"))


def test_a_bucket_policy_can_demand_encryption(aws, bucket):
    """Deny uploads whose x-amz-server-side-encryption is not aws:kms; the root is denied, too.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/amazon-s3-policy-keys.html
    """
    condition = {"StringNotEquals": {"s3:x-amz-server-side-encryption": "aws:kms"}}
    statement = deny("s3:PutObject", f"arn:aws:s3:::{bucket}/*", Principal="*", Condition=condition)
    s3 = aws("s3")
    s3.put_bucket_policy(Bucket=bucket, Policy=policy(statement))
    message = refused(lambda: s3.put_object(Bucket=bucket, Key="k", Body=b""), "AccessDenied", 403)
    assert message.endswith("with an explicit deny in a resource-based policy")
    s3.put_object(Bucket=bucket, Key="k", Body=b"", ServerSideEncryption="aws:kms")


def test_a_bucket_policy_can_demand_tls(aws, bucket):
    """The emulator speaks plain HTTP here, so aws:SecureTransport is false.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/example-bucket-policies.html#example-bucket-policies-HTTP-HTTPS
    """
    condition = {"Bool": {"aws:SecureTransport": "false"}}
    statement = deny("s3:GetObject", f"arn:aws:s3:::{bucket}/*", Principal="*", Condition=condition)
    aws("s3").put_bucket_policy(Bucket=bucket, Policy=policy(statement))
    refused(lambda: aws("s3").get_object(Bucket=bucket, Key="a/one"), "AccessDenied", 403)


def test_a_bucket_policy_alone_lets_a_user_of_the_account_in(aws, bucket):
    """Within an account, an Allow on either side is enough.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-basics-rules.html
    """
    person = user(aws)
    refused(lambda: person("s3").get_object(Bucket=bucket, Key="a/one"))
    statement = allow("s3:GetObject", f"arn:aws:s3:::{bucket}/*", Principal={"AWS": person.arn})
    aws("s3").put_bucket_policy(Bucket=bucket, Policy=policy(statement))
    person("s3").get_object(Bucket=bucket, Key="a/one")


def test_each_object_of_a_batch_delete_needs_permission(aws, bucket):
    """https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html"""
    s3 = user(aws, allow("s3:DeleteObject", f"arn:aws:s3:::{bucket}/a/*"))("s3")
    s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "a/one"}]})
    answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "a/two"}, {"Key": "b"}]})
    assert [error["Key"] for error in answer["Errors"]] == ["b"]
    assert answer["Errors"][0]["Code"] == "AccessDenied"
    assert [each["Key"] for each in answer["Deleted"]] == ["a/two"]


def test_a_stranger_may_not_read(aws, bucket):
    """https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-management.html"""
    answer = requests.get(f"{aws.endpoint}/{bucket}/a/one")
    assert answer.status_code == 403
    assert "<Code>AccessDenied</Code><Message>Access Denied</Message>" in answer.text


def test_a_public_policy_lets_strangers_in_once_public_access_is_not_blocked(aws, bucket):
    """https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html"""
    s3 = aws("s3")
    refused(lambda: s3.put_bucket_policy(Bucket=bucket, Policy=public(bucket)), "AccessDenied", 403)
    opened(aws, bucket)
    s3.put_bucket_policy(Bucket=bucket, Policy=public(bucket))
    assert requests.get(f"{aws.endpoint}/{bucket}/a/one").content == b"one"
    assert requests.get(f"{aws.endpoint}/{bucket}").status_code == 403
    opened(aws, bucket, RestrictPublicBuckets=True)
    assert requests.get(f"{aws.endpoint}/{bucket}/a/one").status_code == 403
    s3.get_object(Bucket=bucket, Key="a/one")


def test_a_public_acl_counts_where_acls_are_on(aws, bucket):
    """ACLs are off by default (BucketOwnerEnforced).

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/about-object-ownership.html
    """
    s3 = aws("s3")
    refused(lambda: s3.put_object_acl(Bucket=bucket, Key="a/one", ACL="public-read"), "AccessControlListNotSupported")
    opened(aws, bucket)
    rules = {"Rules": [{"ObjectOwnership": "BucketOwnerPreferred"}]}
    s3.put_bucket_ownership_controls(Bucket=bucket, OwnershipControls=rules)
    assert requests.get(f"{aws.endpoint}/{bucket}/a/one").status_code == 403
    s3.put_object_acl(Bucket=bucket, Key="a/one", ACL="public-read")
    assert requests.get(f"{aws.endpoint}/{bucket}/a/one").content == b"one"
    opened(aws, bucket, IgnorePublicAcls=True)
    assert requests.get(f"{aws.endpoint}/{bucket}/a/one").status_code == 403


def test_a_presigned_url_may_do_what_its_signer_may(aws, bucket):
    """https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-presigned-url.html#who-presigned-url"""
    person = user(aws, allow("s3:GetObject", f"arn:aws:s3:::{bucket}/*"))
    sign = person("s3", signature_version="s3v4").generate_presigned_url
    assert requests.get(sign("get_object", {"Bucket": bucket, "Key": "a/one"})).content == b"one"
    assert requests.put(sign("put_object", {"Bucket": bucket, "Key": "b"}), data=b"").status_code == 403
    aws("iam").put_user_policy(UserName=person.name, PolicyName="inline", PolicyDocument=policy(deny("s3:*")))
    assert requests.get(sign("get_object", {"Bucket": bucket, "Key": "a/one"})).status_code == 403


def test_presigned_urls_can_be_forbidden_by_their_kind_of_signature(aws, bucket):
    """https://docs.aws.amazon.com/AmazonS3/latest/API/bucket-policy-s3-sigv4-conditions.html"""
    condition = {"StringNotEquals": {"s3:authType": "REST-HEADER"}}
    statement = deny("s3:*", f"arn:aws:s3:::{bucket}/*", Principal="*", Condition=condition)
    s3 = aws("s3", signature_version="s3v4")
    s3.put_bucket_policy(Bucket=bucket, Policy=policy(statement))
    s3.get_object(Bucket=bucket, Key="a/one")
    url = s3.generate_presigned_url("get_object", {"Bucket": bucket, "Key": "a/one"})
    assert requests.get(url).status_code == 403


def test_a_bucket_that_does_not_exist_is_not_found(aws):
    """https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html#ErrorCodeList"""
    s3 = user(aws, allow("s3:*"))("s3")
    refused(lambda: s3.list_objects_v2(Bucket=f"absent-{aws.id}"), "NoSuchBucket", 404)


def test_bucket_policies_are_read_as_they_are(aws, bucket):
    """https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketPolicy.html"""
    statement = allow("s3:ListBucket", f"arn:aws:s3:::{bucket}", Principal={"AWS": f"arn:aws:iam::{aws.id}:root"})
    aws("s3").put_bucket_policy(Bucket=bucket, Policy=policy(statement))
    assert json.loads(aws("s3").get_bucket_policy(Bucket=bucket)["Policy"])["Statement"] == [statement]
    refused(lambda: user(aws)("s3").get_bucket_policy(Bucket=bucket), "AccessDenied", 403)
