"""Policy documents as IAM's operations get them: refused where they are none."""

import json
import re
from typing import Any

from localstack.aws.api.iam import MalformedPolicyDocumentException

from dva_localstack.iam import identities
from dva_localstack.policy import MalformedPolicy, check_document
from dva_localstack.policy.conditions import listed
from dva_localstack.policy.principals import named

SERVICE = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)*\.amazonaws\.com|\*")


def check(text: str, kind: str) -> None:
    """Refuse a document that AWS would refuse.

    :param kind: ``identity`` or ``trust``
    :raises MalformedPolicyDocumentException: ``MalformedPolicyDocument``
    """
    try:
        document = json.loads(text, object_pairs_hook=once_each)
    except ValueError as error:
        message = "This policy contains invalid Json" if kind == "trust" else "Syntax errors in policy."
        raise MalformedPolicyDocumentException(message) from error
    try:
        check_document(document, kind)
    except MalformedPolicy as error:
        raise MalformedPolicyDocumentException(str(error)) from error
    if kind == "trust":
        check_principals(document)


def once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return a JSON object, none of whose keys may stand there twice.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_policies.html#policy-validation-2-policies
    """
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key stands twice in one object")
    return found


def check_principals(document: dict[str, Any]) -> None:
    """Refuse a trust policy that names a user or a role that does not exist, or no service.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
    """
    if absent := identities.missing_in(document):
        raise MalformedPolicyDocumentException(f'Invalid principal in policy: "AWS":"{absent}"')
    for statement in listed(document["Statement"]):
        for kind, value in named(statement["Principal"]):
            if kind == "Service" and not SERVICE.fullmatch(value):
                raise MalformedPolicyDocumentException(f'Invalid principal in policy: "SERVICE":"{value}"')
