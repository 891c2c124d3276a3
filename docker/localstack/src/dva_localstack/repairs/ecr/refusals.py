"""What ECR refuses and MiniStack accepts."""

import json
import re
from types import ModuleType
from typing import Any

from dva_localstack.repairs.checks import Refusal, before_json

REPOSITORY = re.compile(r"(?:[a-z0-9]+(?:[._-][a-z0-9]+)*/)*[a-z0-9]+(?:[._-][a-z0-9]+)*")
"""https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreateRepository.html"""

TAG = re.compile(r"[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}")
"""https://docs.docker.com/reference/cli/docker/image/tag/"""

RULES = range(1, 51)
"""How many rules a lifecycle policy may have."""

STATUSES = ("tagged", "untagged", "any")
COUNTS = {"imageCountMoreThan": False, "sinceImagePushed": True}
"""Kinds of counts, and whether they need a unit.

https://docs.aws.amazon.com/AmazonECR/latest/userguide/lifecycle_policy_parameters.html
"""


def apply(module: ModuleType) -> None:
    """Check requests before MiniStack sees them."""
    before_json(module, "_create_repository", refuse_repository)
    before_json(module, "_put_image", refuse_image)
    before_json(module, "_put_lifecycle_policy", refuse_lifecycle)
    before_json(module, "_set_repository_policy", refuse_policy)


def refuse_missing(module: Any, request: dict[str, Any]) -> Any:
    """Return the refusal of a repository that does not exist, None if it does."""
    name = request.get("repositoryName", "")
    if name in module._repositories:
        return None
    registry = module._registry_id()
    text = f"The repository with name '{name}' does not exist in the registry with id '{registry}'"
    return module.error_response_json("RepositoryNotFoundException", text, 400)


def refuse_repository(module: Any, request: dict[str, Any]) -> Refusal | None:
    """Fault: a repository may have any name."""
    if REPOSITORY.fullmatch(request["repositoryName"]):
        return None
    return (
        "InvalidParameterException",
        "Invalid parameter at 'repositoryName' failed to satisfy constraint: "
        f"'must satisfy regular expression '{REPOSITORY.pattern}''",
    )


def refuse_image(module: Any, request: dict[str, Any]) -> Refusal | None:
    """Faults: a manifest may be any text with any tag and layers; the same image may be put with a tag that it has."""
    name, tag = request["repositoryName"], request.get("imageTag")
    if name not in module._repositories:
        return None
    if tag is not None and not TAG.fullmatch(tag):
        text = f"Invalid parameter at 'imageTag' failed to satisfy constraint: '{TAG.pattern}'"
        return "InvalidParameterException", text
    try:
        manifest = json.loads(request["imageManifest"])
    except ValueError:
        text = "Invalid parameter at 'ImageManifest' failed to satisfy constraint: 'Invalid JSON syntax'"
        return "InvalidParameterException", text
    held = module._layer_blobs.get(name) or {}
    parts = [manifest.get("config") or {}, *(manifest.get("layers") or ())]
    missing = [part["digest"] for part in parts if part.get("digest") and part["digest"] not in held]
    if missing:
        return "LayersNotFoundException", f"Layers with digests '[{', '.join(missing)}]' not found"
    digest = module._image_digest(request["imageManifest"])
    for image in module._images.get(name) or []:
        if image["imageDigest"] == digest and (tag is None or tag in image["imageTags"]):
            what = f"digest '{digest}'" + (f" and tag '{tag}'" if tag else "")
            return (
                "ImageAlreadyExistsException",
                f"Image with {what} already exists in the repository with name '{name}'",
            )
    return None


def refuse_lifecycle(module: Any, request: dict[str, Any]) -> Refusal | None:
    """Fault: a lifecycle policy may be any text."""
    problem = lifecycle_problem(request["lifecyclePolicyText"])
    prefix = (
        "Invalid parameter at 'LifecyclePolicyText' failed to satisfy constraint: 'Lifecycle policy validation failure"
    )
    return ("InvalidParameterException", f"{prefix}: {problem}'") if problem else None


def lifecycle_problem(text: str) -> str | None:
    """Return what is wrong with a lifecycle policy, None if nothing is."""
    try:
        policy = json.loads(text)
    except ValueError:
        return "not a valid JSON document"
    rules = policy.get("rules") if isinstance(policy, dict) else None
    if not isinstance(rules, list) or len(rules) not in RULES:
        return "object has missing required properties (['rules']) or a wrong number of rules"
    priorities = [rule.get("rulePriority") for rule in rules]
    if len(set(priorities)) != len(priorities) or not all(isinstance(one, int) and one > 0 for one in priorities):
        return "every rule needs a priority of its own"
    return next(filter(None, map(rule_problem, rules)), None)


def rule_problem(rule: dict[str, Any]) -> str | None:
    """Return what is wrong with a rule."""
    selection, action = rule.get("selection") or {}, rule.get("action") or {}
    if action.get("type") not in ("expire", "transition"):
        return f"unknown action type {action.get('type')}"
    if selection.get("tagStatus") not in STATUSES:
        return f"unknown tagStatus {selection.get('tagStatus')}"
    listed = bool(selection.get("tagPrefixList") or selection.get("tagPatternList"))
    if listed != (selection["tagStatus"] == "tagged"):
        return "tagPrefixList or tagPatternList belongs to the tagStatus tagged, and is required there"
    count = selection.get("countType")
    if action["type"] == "expire" and count not in COUNTS:
        return f"unknown countType {count}"
    if bool(selection.get("countUnit")) != COUNTS.get(str(count), bool(selection.get("countUnit"))):
        return "countUnit belongs to the countType sinceImagePushed, and is required there"
    number = selection.get("countNumber")
    return None if isinstance(number, int) and number > 0 else "countNumber must be a positive number"


def refuse_policy(module: Any, request: dict[str, Any]) -> Refusal | None:
    """Fault: a repository policy may be any text."""
    try:
        policy = json.loads(request["policyText"])
    except ValueError:
        policy = None
    if isinstance(policy, dict) and policy.get("Statement"):
        return None
    return (
        "InvalidParameterException",
        "Invalid parameter at 'PolicyText' failed to satisfy constraint: 'Invalid repository policy provided'",
    )
