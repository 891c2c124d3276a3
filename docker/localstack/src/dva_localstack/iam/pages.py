"""Lists in pages, in the order of names.

LocalStack 4.14.0 answers most lists of IAM whole, whatever MaxItems says.
https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListUsers.html
"""

import base64
from collections.abc import Callable
from typing import Any

from localstack.aws.api import CommonServiceException, RequestContext

DEFAULT_ITEMS = 100

PAGED = {
    "GetGroup": ("Users", "UserName"),
    "ListAccessKeys": ("AccessKeyMetadata", ""),
    "ListGroupPolicies": ("PolicyNames", ""),
    "ListGroups": ("Groups", "GroupName"),
    "ListGroupsForUser": ("Groups", "GroupName"),
    "ListInstanceProfiles": ("InstanceProfiles", "InstanceProfileName"),
    "ListRolePolicies": ("PolicyNames", ""),
    "ListRoles": ("Roles", "RoleName"),
    "ListUserPolicies": ("PolicyNames", ""),
    "ListUsers": ("Users", "UserName"),
    "SimulateCustomPolicy": ("EvaluationResults", ""),
    "SimulatePrincipalPolicy": ("EvaluationResults", ""),
}
"""For each operation: the member of the answer that is a list, and by what it is sorted (empty: as it is)."""

type Operation = Callable[[RequestContext, Any], Any]


def paged(operation: Operation, member: str, name: str) -> Operation:
    """Return an operation that answers its list in pages.

    :param operation: the one that answers the whole list
    """

    def answer(context: RequestContext, request: Any) -> Any:
        start = position(request.get("Marker"))
        whole = operation(context, {**request, "Marker": None, "MaxItems": None})
        items = list(whole.get(member) or ())
        if name:
            items.sort(key=lambda item: str(item[name]))
        end = start + int(request.get("MaxItems") or DEFAULT_ITEMS)
        more = {"Marker": base64.b64encode(str(end).encode()).decode()} if end < len(items) else {}
        rest = {key: value for key, value in whole.items() if key != "Marker"}
        return {**rest, member: items[start:end], "IsTruncated": end < len(items), **more}

    return answer


def position(marker: str | None) -> int:
    """Return where the page of a marker begins."""
    try:
        return int(base64.b64decode(marker)) if marker else 0
    except ValueError as error:
        raise CommonServiceException("ValidationError", f"Invalid Marker: {marker}", 400, True) from error
