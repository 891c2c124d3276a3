"""Policy documents as IAM's operations get them: refused where they are none."""

import json
from typing import Any

from localstack.aws.api.iam import MalformedPolicyDocumentException

from dva_localstack.iam import identities
from dva_localstack.policy import MalformedPolicy, check_document
from dva_localstack.policy.conditions import listed
from dva_localstack.policy.principals import named


def check(text: str, kind: str) -> None:
    """Refuse a document that AWS would refuse.

    :param kind: ``identity`` or ``trust``
    :raises MalformedPolicyDocumentException: ``MalformedPolicyDocument``
    """
    try:
        document = json.loads(text)
    except json.JSONDecodeError as error:
        message = "This policy contains invalid Json" if kind == "trust" else "Syntax errors in policy."
        raise MalformedPolicyDocumentException(message) from error
    try:
        check_document(document, kind)
    except MalformedPolicy as error:
        raise MalformedPolicyDocumentException(str(error)) from error
    if kind == "trust":
        check_principals(document)


def check_principals(document: dict[str, Any]) -> None:
    """Refuse a trust policy that names a user or a role that does not exist.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
    """
    for statement in listed(document["Statement"]):
        for kind, value in named(statement["Principal"]):
            identity = kind == "AWS" and (":user/" in value or ":role/" in value)
            if identity and identities.find(value) is None:
                raise MalformedPolicyDocumentException(f'Invalid principal in policy: "AWS":"{value}"')
