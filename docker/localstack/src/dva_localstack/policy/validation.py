"""Refuses documents that are no policies, as AWS does with MalformedPolicyDocument.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
"""

from typing import Any

KINDS = {"identity", "resource", "trust"}


class MalformedPolicy(Exception):
    """A document is no policy; the message is AWS's."""


def check_document(document: Any, kind: str) -> None:
    """Refuse a parsed document that AWS would refuse.

    :param kind: ``identity``, ``resource`` or ``trust``
    :raises MalformedPolicy: with the message that AWS gives
    """
    assert kind in KINDS
    if not isinstance(document, dict) or not document:
        raise MalformedPolicy("Syntax errors in policy.")
    if "Statement" not in document:
        raise MalformedPolicy("Missing required field Statement")
