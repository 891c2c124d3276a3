"""ECR as a control plane: images are manifests with tags and digests; layers are pushed with Docker only."""

import hashlib
import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError


def manifest(number: int) -> str:
    """Return a manifest of an image without layers."""
    config = {
        "mediaType": "application/vnd.docker.container.image.v1+json",
        "size": number,
        "digest": f"sha256:{number:064x}",
    }
    kind = "application/vnd.docker.distribution.manifest.v2+json"
    return json.dumps({"schemaVersion": 2, "mediaType": kind, "config": config, "layers": []})


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
