"""ECR by its API: layers, manifests with tags and digests, policies; Docker is not there."""

import hashlib
import json
from collections.abc import Callable
from typing import Any

import pytest
import requests
from botocore.exceptions import ClientError


def layer(ecr: Any, repository: str, content: bytes) -> str:
    """Push a layer; return its digest."""
    digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
    upload = ecr.initiate_layer_upload(repositoryName=repository)["uploadId"]
    where = {"repositoryName": repository, "uploadId": upload}
    ecr.upload_layer_part(**where, partFirstByte=0, partLastByte=len(content) - 1, layerPartBlob=content)
    return str(ecr.complete_layer_upload(**where, layerDigests=[digest])["layerDigest"])


def manifest(number: int, *digests: str) -> str:
    """Return a manifest of an image with layers of ten bytes each."""
    kind = "application/vnd.docker.distribution.manifest.v2+json"
    media = "application/vnd.docker.image.rootfs.diff.tar.gzip"
    layers = [{"mediaType": media, "size": 10, "digest": digest} for digest in digests]
    return json.dumps({"schemaVersion": 2, "mediaType": kind, "annotations": {"n": str(number)}, "layers": layers})


def refused(call: Callable[..., Any], **request: Any) -> tuple[str, str]:
    """Make a call that must fail; return code and message."""
    with pytest.raises(ClientError) as caught:
        call(**request)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def test_a_repository_has_an_address_and_is_made_once(aws: Any) -> None:
    """https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreateRepository.html"""
    ecr = aws("ecr")
    made = ecr.create_repository(repositoryName="shop/web")["repository"]
    assert made["repositoryArn"] == f"arn:aws:ecr:us-east-1:{aws.id}:repository/shop/web"
    assert made["imageTagMutability"] == "MUTABLE"
    assert refused(ecr.create_repository, repositoryName="shop/web")[0] == "RepositoryAlreadyExistsException"
    assert refused(ecr.create_repository, repositoryName="Shop")[0] == "InvalidParameterException"


def test_an_images_digest_is_its_manifests(aws: Any) -> None:
    """https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_PutImage.html"""
    ecr = aws("ecr")
    ecr.create_repository(repositoryName="web")
    digest = f"sha256:{hashlib.sha256(manifest(1).encode()).hexdigest()}"
    image = ecr.put_image(repositoryName="web", imageManifest=manifest(1), imageTag="v1")["image"]
    assert image["imageId"] == {"imageDigest": digest, "imageTag": "v1"}
    assert ecr.batch_get_image(repositoryName="web", imageIds=[{"imageDigest": digest}])["images"]


def test_a_tag_moves_to_the_newer_image(aws: Any) -> None:
    """https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-tag-mutability.html"""
    ecr = aws("ecr")
    ecr.create_repository(repositoryName="web")
    for number in (1, 2):
        ecr.put_image(repositoryName="web", imageManifest=manifest(number), imageTag="latest")
    details = ecr.describe_images(repositoryName="web")["imageDetails"]
    assert sorted(row.get("imageTags", []) for row in details) == [[], ["latest"]]


def test_an_immutable_tag_is_used_once(aws: Any) -> None:
    """https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-tag-mutability.html"""
    ecr = aws("ecr")
    ecr.create_repository(repositoryName="web", imageTagMutability="IMMUTABLE")
    ecr.put_image(repositoryName="web", imageManifest=manifest(1), imageTag="v1")
    code, _ = refused(ecr.put_image, repositoryName="web", imageManifest=manifest(2), imageTag="v1")
    assert code == "ImageTagAlreadyExistsException"


def test_the_same_image_and_tag_are_put_once(aws: Any) -> None:
    """https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_PutImage.html"""
    ecr = aws("ecr")
    ecr.create_repository(repositoryName="web")
    ecr.put_image(repositoryName="web", imageManifest=manifest(1), imageTag="v1")
    code, _ = refused(ecr.put_image, repositoryName="web", imageManifest=manifest(1), imageTag="v1")
    assert code == "ImageAlreadyExistsException"


def test_a_repository_with_images_is_deleted_by_force_only(aws: Any) -> None:
    """https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_DeleteRepository.html"""
    ecr = aws("ecr")
    ecr.create_repository(repositoryName="web")
    ecr.put_image(repositoryName="web", imageManifest=manifest(1), imageTag="v1")
    assert refused(ecr.delete_repository, repositoryName="web")[0] == "RepositoryNotEmptyException"
    ecr.delete_repository(repositoryName="web", force=True)
    assert refused(ecr.describe_images, repositoryName="web")[0] == "RepositoryNotFoundException"


RULE = {
    "rulePriority": 1,
    "selection": {"tagStatus": "untagged", "countType": "sinceImagePushed", "countUnit": "days", "countNumber": 14},
    "action": {"type": "expire"},
}


def test_a_lifecycle_policy_is_kept(aws: Any) -> None:
    """https://docs.aws.amazon.com/AmazonECR/latest/userguide/LifecyclePolicies.html"""
    ecr = aws("ecr")
    ecr.create_repository(repositoryName="web")
    assert refused(ecr.get_lifecycle_policy, repositoryName="web")[0] == "LifecyclePolicyNotFoundException"
    ecr.put_lifecycle_policy(repositoryName="web", lifecyclePolicyText=json.dumps({"rules": [RULE]}))
    kept = json.loads(ecr.get_lifecycle_policy(repositoryName="web")["lifecyclePolicyText"])
    assert kept == {"rules": [RULE]}


@pytest.mark.parametrize(
    "policy",
    [
        "not json" + " " * 100,
        json.dumps({"rules": []}) + " " * 100,
        json.dumps({"rules": [RULE, RULE]}),
        json.dumps({"rules": [{**RULE, "action": {"type": "delete"}}]}),
        json.dumps({"rules": [{**RULE, "selection": {**RULE["selection"], "tagStatus": "tagged"}}]}),  # type: ignore[dict-item]
    ],
)
def test_a_wrong_lifecycle_policy_is_refused(aws: Any, policy: str) -> None:
    """https://docs.aws.amazon.com/AmazonECR/latest/userguide/lifecycle_policy_parameters.html"""
    ecr = aws("ecr")
    ecr.create_repository(repositoryName="web")
    code, _ = refused(ecr.put_lifecycle_policy, repositoryName="web", lifecyclePolicyText=policy)
    assert code == "InvalidParameterException"


def test_a_repository_policy_is_kept_and_json(aws: Any) -> None:
    """https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-policies.html"""
    ecr = aws("ecr")
    ecr.create_repository(repositoryName="web")
    assert refused(ecr.get_repository_policy, repositoryName="web")[0] == "RepositoryPolicyNotFoundException"
    statement = {"Sid": "Pull", "Effect": "Allow", "Principal": "*", "Action": "ecr:BatchGetImage"}
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    ecr.set_repository_policy(repositoryName="web", policyText=json.dumps(policy))
    assert json.loads(ecr.get_repository_policy(repositoryName="web")["policyText"]) == policy
    assert refused(ecr.set_repository_policy, repositoryName="web", policyText="{")[0] == "InvalidParameterException"


def test_a_layer_is_pushed_and_downloaded(aws: Any) -> None:
    """https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_GetDownloadUrlForLayer.html"""
    ecr = aws("ecr")
    ecr.create_repository(repositoryName="shop/web")
    digest = layer(ecr, "shop/web", b"ten bytes.")
    ecr.put_image(repositoryName="shop/web", imageManifest=manifest(1, digest), imageTag="v1")
    url = ecr.get_download_url_for_layer(repositoryName="shop/web", layerDigest=digest)["downloadUrl"]
    assert requests.get(url, timeout=10).content == b"ten bytes."
    assert ecr.describe_images(repositoryName="shop/web")["imageDetails"][0]["imageSizeInBytes"] == 10
    missing = f"sha256:{0:064x}"
    found = ecr.batch_check_layer_availability(repositoryName="shop/web", layerDigests=[digest, missing])
    assert [row["layerDigest"] for row in found["layers"]] == [digest]
    assert found["failures"][0]["failureCode"] == "MissingLayerDigest"


def test_wrong_layers_are_refused(aws: Any) -> None:
    """https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CompleteLayerUpload.html"""
    ecr = aws("ecr")
    ecr.create_repository(repositoryName="web")
    where = {"repositoryName": "web"}
    wrong = f"sha256:{0:064x}"
    where["uploadId"] = ecr.initiate_layer_upload(repositoryName="web")["uploadId"]
    assert refused(ecr.complete_layer_upload, **where, layerDigests=[wrong])[0] == "EmptyUploadException"
    gap = {"partFirstByte": 5, "partLastByte": 9, "layerPartBlob": b"bytes"}
    assert refused(ecr.upload_layer_part, **where, **gap)[0] == "InvalidLayerPartException"
    ecr.upload_layer_part(**where, partFirstByte=0, partLastByte=4, layerPartBlob=b"bytes")
    assert refused(ecr.complete_layer_upload, **where, layerDigests=[wrong])[0] == "InvalidLayerException"
    image = {"repositoryName": "web", "imageManifest": manifest(1, wrong), "imageTag": "v1"}
    assert refused(ecr.put_image, **image)[0] == "LayersNotFoundException"
    layer(ecr, "web", b"there")
    with pytest.raises(ClientError, match="LayerAlreadyExistsException"):
        layer(ecr, "web", b"there")


def test_a_lifecycle_policy_is_previewed_and_expires(aws: Any) -> None:
    """https://docs.aws.amazon.com/AmazonECR/latest/userguide/lifecycle_policy_examples.html"""
    ecr = aws("ecr")
    ecr.create_repository(repositoryName="web")
    for number in (1, 2, 3):
        ecr.put_image(repositoryName="web", imageManifest=manifest(number), imageTag=f"v{number}")
    selection = {"tagStatus": "tagged", "tagPrefixList": ["v"], "countType": "imageCountMoreThan", "countNumber": 1}
    rule = {"rulePriority": 1, "selection": selection, "action": {"type": "expire"}}
    text = json.dumps({"rules": [rule]})
    ecr.start_lifecycle_policy_preview(repositoryName="web", lifecyclePolicyText=text)
    preview = ecr.get_lifecycle_policy_preview(repositoryName="web")
    assert (preview["status"], preview["summary"]) == ("COMPLETE", {"expiringImageTotalCount": 2})
    assert len(ecr.describe_images(repositoryName="web")["imageDetails"]) == 3
    ecr.put_lifecycle_policy(repositoryName="web", lifecyclePolicyText=text)
    assert [row["imageTags"] for row in ecr.describe_images(repositoryName="web")["imageDetails"]] == [["v3"]]


def test_images_are_scanned_on_push_or_when_asked(aws: Any) -> None:
    """https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_DescribeImageScanFindings.html"""
    ecr = aws("ecr")
    for name, on_push in (("pushed", True), ("asked", False)):
        ecr.create_repository(repositoryName=name, imageScanningConfiguration={"scanOnPush": on_push})
        ecr.put_image(repositoryName=name, imageManifest=manifest(1), imageTag="v1")
    which = {"imageId": {"imageTag": "v1"}}
    assert ecr.describe_image_scan_findings(repositoryName="pushed", **which)["imageScanStatus"]["status"] == "COMPLETE"
    code, _ = refused(ecr.describe_image_scan_findings, repositoryName="asked", **which)
    assert code == "ScanNotFoundException"
    ecr.start_image_scan(repositoryName="asked", **which)
    assert ecr.describe_image_scan_findings(repositoryName="asked", **which)["imageScanFindings"]["findings"] == []


def test_an_image_lives_while_it_has_a_tag(aws: Any) -> None:
    """https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_BatchDeleteImage.html"""
    ecr = aws("ecr")
    ecr.create_repository(repositoryName="web")
    for tag in ("v1", "latest"):
        ecr.put_image(repositoryName="web", imageManifest=manifest(1), imageTag=tag)
    ecr.batch_delete_image(repositoryName="web", imageIds=[{"imageTag": "v1"}])
    assert ecr.describe_images(repositoryName="web")["imageDetails"][0]["imageTags"] == ["latest"]
    gone = {"repositoryName": "web", "imageIds": [{"imageTag": "v1"}]}
    assert refused(ecr.describe_images, **gone)[0] == "ImageNotFoundException"
