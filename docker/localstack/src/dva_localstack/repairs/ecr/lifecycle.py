"""Lifecycle policies that expire images: at once, and again after each push; AWS takes up to 24 hours.

https://docs.aws.amazon.com/AmazonECR/latest/userguide/LifecyclePolicies.html
"""

import fnmatch
import json
import time
from collections.abc import Iterator
from typing import Any

DAY_SECONDS = 86400
PREVIEW = "dvaPreview"
"""The key of a repository's record under which its last preview is."""

Image = dict[str, Any]


def apply(module: Any) -> None:
    """Fault: a lifecycle policy expires nothing."""
    for name in ("_put_lifecycle_policy", "_put_image"):
        original = getattr(module, name)

        def followed(request: dict[str, Any], original: Any = original) -> Any:
            answer = original(request)
            if answer[0] == 200:
                expire(module, request["repositoryName"])
            return answer

        setattr(module, name, followed)


def expire(module: Any, repository: str) -> None:
    """Delete what a repository's policy says."""
    text = module._lifecycle_policies.get(repository) or '{"rules": []}'
    images = module._images.get(repository) or []
    doomed = [image["imageDigest"] for image, _ in doomed_by(json.loads(text), images, time.time())]
    images[:] = [image for image in images if image["imageDigest"] not in doomed]


def doomed_by(policy: dict[str, Any], images: list[Image], now: float) -> Iterator[tuple[Image, int]]:
    """Yield the images that a policy expires, each with the priority of its rule.

    :param images: in the order in which they were pushed
    :param now: seconds since 1970
    """
    done: set[str] = set()
    for rule in sorted(policy["rules"], key=lambda one: int(one["rulePriority"])):
        selection = rule["selection"]
        chosen = [image for image in reversed(images) if selected(selection, image["imageTags"])]
        if selection["countType"] == "imageCountMoreThan":
            chosen = chosen[selection["countNumber"] :]
        else:
            oldest = now - selection["countNumber"] * DAY_SECONDS
            chosen = [image for image in chosen if image["imagePushedAt"] < oldest]
        for image in chosen:
            if image["imageDigest"] not in done and rule["action"]["type"] == "expire":
                done.add(image["imageDigest"])
                yield image, rule["rulePriority"]


def selected(selection: dict[str, Any], tags: list[str]) -> bool:
    """Tell whether a rule is about an image with these tags: of several prefixes or patterns, all must be met."""
    status = selection["tagStatus"]
    if status != "tagged":
        return status == "any" or not tags
    patterns = [f"{one}*" for one in selection.get("tagPrefixList") or ()] + (selection.get("tagPatternList") or [])
    return bool(tags) and all(any(fnmatch.fnmatchcase(tag, one) for tag in tags) for one in patterns)


def start_preview(module: Any, request: dict[str, Any]) -> Any:
    """Answer StartLifecyclePolicyPreview."""
    from dva_localstack.repairs.ecr.refusals import refuse_lifecycle

    name = request["repositoryName"]
    text = request.get("lifecyclePolicyText") or module._lifecycle_policies.get(name)
    if not text:
        where = f"the repository with name '{name}' in the registry with id '{module._registry_id()}'"
        missing = f"Lifecycle policy does not exist for {where}"
        return module.error_response_json("LifecyclePolicyNotFoundException", missing, 400)
    if refusal := refuse_lifecycle(module, {"lifecyclePolicyText": text}):
        return module.error_response_json(*refusal, 400)
    rows = []
    for image, priority in doomed_by(json.loads(text), module._images.get(name) or [], time.time()):
        row = {"imageDigest": image["imageDigest"], "imagePushedAt": image["imagePushedAt"]}
        rows.append(
            row | {"imageTags": image["imageTags"], "action": {"type": "EXPIRE"}, "appliedRulePriority": priority}
        )
    module._repositories[name][PREVIEW] = (text, rows)
    return module.json_response(place(module, name) | {"lifecyclePolicyText": text, "status": "IN_PROGRESS"})


def get_preview(module: Any, request: dict[str, Any]) -> Any:
    """Answer GetLifecyclePolicyPreview."""
    name = request["repositoryName"]
    if PREVIEW not in module._repositories[name]:
        text = f"There is no lifecycle policy preview for the repository with name '{name}'"
        return module.error_response_json("LifecyclePolicyPreviewNotFoundException", text, 400)
    text, rows = module._repositories[name][PREVIEW]
    answer = {"lifecyclePolicyText": text, "status": "COMPLETE", "previewResults": rows}
    return module.json_response(place(module, name) | answer | {"summary": {"expiringImageTotalCount": len(rows)}})


def place(module: Any, name: str) -> dict[str, str]:
    """Return how answers name a repository."""
    return {"registryId": module._registry_id(), "repositoryName": name}


OPERATIONS = {"StartLifecyclePolicyPreview": start_preview, "GetLifecyclePolicyPreview": get_preview}
