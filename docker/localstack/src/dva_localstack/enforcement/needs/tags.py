"""The tags that a call would set or remove: aws:RequestTag/KEY and aws:TagKeys.

https://docs.aws.amazon.com/IAM/latest/UserGuide/access_tags.html#access_tags_control-requests
"""

from collections.abc import Mapping
from typing import Any

from .call import Call, Context

PARAMETERS = ("Tags", "tags", "TagList", "TagSet")
KEY_NAMES = ("Key", "key", "TagKey")
VALUE_NAMES = ("Value", "value", "TagValue")
REMOVED = ("TagKeys", "tagKeys", "TagKeyList")


def tag_keys(call: Call) -> Context:
    """Return the condition keys about the tags in a call's parameters; none where it has none.

    S3's objects have keys of their own.
    """
    if call.service == "s3":
        return {}
    found: dict[str, str] = {}
    for name in PARAMETERS:
        found |= pairs(call.params.get(name))
    for each in call.params.get("TagSpecifications") or ():
        found |= pairs(each.get("Tags"))
    removed = [key for name in REMOVED for key in call.params.get(name) or () if isinstance(key, str)]
    if not found and not removed:
        return {}
    context: Context = {f"aws:RequestTag/{key}": value for key, value in found.items()}
    return context | {"aws:TagKeys": [*found, *removed]}


def pairs(tags: Any) -> dict[str, str]:
    """Return tags as keys to values, whichever of AWS's forms they have."""
    if isinstance(tags, Mapping):
        return {str(key): str(value) for key, value in tags.items() if isinstance(value, str)}
    found = {}
    for tag in tags or ():
        if isinstance(tag, Mapping):
            key = next((tag[name] for name in KEY_NAMES if name in tag), None)
            value = next((tag[name] for name in VALUE_NAMES if name in tag), "")
            if key is not None:
                found[str(key)] = str(value)
    return found
