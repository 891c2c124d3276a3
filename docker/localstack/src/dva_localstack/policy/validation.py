"""Refuses documents that are no policies, as AWS does with MalformedPolicyDocument.

Grammar: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
Elements: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements.html
"""

import re
from collections.abc import Iterator
from typing import Any

from .conditions import BY_LOWER_NAME, FOR_ALL, FOR_ANY, listed, read_operator

KINDS = {"identity", "resource", "trust"}
VERSIONS = {"2008-10-17", "2012-10-17"}
TOP_LEVEL = {"Version", "Id", "Statement"}
IN_STATEMENT = {
    "Sid",
    "Effect",
    "Principal",
    "NotPrincipal",
    "Action",
    "NotAction",
    "Resource",
    "NotResource",
    "Condition",
}
PRINCIPAL_KINDS = {"AWS", "Service", "Federated", "CanonicalUser"}
ONE_OF_EACH = (("Action", "NotAction"), ("Resource", "NotResource"), ("Principal", "NotPrincipal"))
ACTION = re.compile(r"[A-Za-z0-9-]+:[A-Za-z0-9*?]+")
SID = re.compile(r"[A-Za-z0-9]*")
"""Sids of identity-based policies; services such as S3 take any text in a resource-based one."""
TRUST_ACTIONS = {
    "sts:assumerole",
    "sts:assumerolewithsaml",
    "sts:assumerolewithwebidentity",
    "sts:setcontext",
    "sts:setsourceidentity",
    "sts:tagsession",
}
AWS_PRINCIPAL = re.compile(
    r"\*|\d{12}|A[IR][A-Z0-9]{14,}"
    r"|arn:aws[\w-]*:iam::\d{12}:(root|user/[^*?]+|role/[^*?]+)"
    r"|arn:aws[\w-]*:sts::\d{12}:(assumed-role/[^*?/]+/[^*?/]+|federated-user/[^*?/]+)"
)
"""Everyone, an account, the ARN of a user, role or session, or the unique id that is left of a deleted one."""
SYNTAX = "Syntax errors in policy."


class MalformedPolicy(Exception):
    """A document is no policy; the message is AWS's where it is known."""


def check_document(document: Any, kind: str) -> None:
    """Refuse a parsed document that AWS would refuse.

    :param kind: ``identity``, ``resource`` or ``trust``
    :raises MalformedPolicy: with the reason
    """
    assert kind in KINDS
    require(isinstance(document, dict) and document and set(document) <= TOP_LEVEL, SYNTAX)
    version = document.get("Version", "2008-10-17")
    require(isinstance(version, str) and version in VERSIONS, SYNTAX)
    require(kind != "identity" or version == "2012-10-17", "Policy document must be version 2012-10-17 or greater.")
    require(isinstance(document.get("Id", ""), str), SYNTAX)
    statements = document.get("Statement")
    require(statements is not None, SYNTAX if kind == "identity" else "Missing required field Statement")
    require(isinstance(statements, dict | list) and statements, SYNTAX)
    sids = []
    for statement in listed(statements):
        check_statement(statement, kind)
        sids += [statement["Sid"]] if statement.get("Sid") else []
    require(len(sids) == len(set(sids)), "Statement IDs (SID) in a single policy must be unique.")


def require(condition: object, message: str) -> None:
    """Refuse the document unless a condition holds."""
    if not condition:
        raise MalformedPolicy(message)


def check_statement(statement: Any, kind: str) -> None:
    """Refuse a statement that is none."""
    require(isinstance(statement, dict) and set(statement) <= IN_STATEMENT, SYNTAX)
    sid = statement.get("Sid", "")
    require(isinstance(sid, str), SYNTAX)
    require(kind == "resource" or SID.fullmatch(sid), "Statement IDs (SID) must be alpha-numeric.")
    require(statement.get("Effect") in ("Allow", "Deny"), SYNTAX)
    for one, other in ONE_OF_EACH:
        require(not (one in statement and other in statement), SYNTAX)
    check_actions(statement, kind)
    check_resources(statement, kind)
    check_principal(statement, kind)
    check_condition(statement.get("Condition", {}))


def texts_of(statement: dict[str, Any], name: str) -> Iterator[str]:
    """Yield the values of an element and of its Not form: one text or a list of at least one.

    :raises MalformedPolicy: where the value is anything else
    """
    for element in (name, f"Not{name}"):
        if element in statement:
            values = listed(statement[element])
            require(values and all(isinstance(value, str) for value in values), SYNTAX)
            yield from values


def check_actions(statement: dict[str, Any], kind: str) -> None:
    """Refuse what names no actions."""
    actions = list(texts_of(statement, "Action"))
    require(actions, "Policy statement must contain actions.")
    for action in actions:
        if action == "*":
            continue
        require(":" in action, "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.")
        vendor = action.partition(":")[0]
        require(action.count(":") == 1, "Actions/Condition can contain only one colon.")
        require(re.fullmatch(r"[A-Za-z0-9.-]+", vendor), f"Vendor {vendor} is not valid")
        require(ACTION.fullmatch(action), SYNTAX)
    if kind == "trust":
        for action in actions:
            require(
                action.lower() in TRUST_ACTIONS or action.lower() in ("*", "sts:*"),
                "Trust Policy statement actions can only be sts:AssumeRole, "
                "sts:AssumeRoleWithSAML,  and sts:AssumeRoleWithWebIdentity",
            )


def check_resources(statement: dict[str, Any], kind: str) -> None:
    """Refuse what names no resources; a trust policy has none, since its role is the resource."""
    resources = list(texts_of(statement, "Resource"))
    if kind == "trust":
        require(not resources, "Has prohibited field Resource.")
        return
    require(resources, "Policy statement must contain resources.")
    for resource in resources:
        if resource == "*" or (resource.startswith("${") and kind == "resource"):
            continue
        require(":" in resource, f'Resource {resource} must be in ARN format or "*".')
        parts = resource.split(":")
        require(parts[0] == "arn", f'Resource {resource} must be in ARN format or "*".')
        partition = parts[1]
        require(
            partition == "*" or partition.startswith("aws"),
            f'Partition "{partition}" is not valid for resource "{resource}".',
        )
        vendor = parts[2] if len(parts) > 2 else ""
        require(
            vendor and not set(vendor) & {"?", "$"},
            "Resource vendor must be fully qualified and cannot contain regexes.",
        )


def check_principal(statement: dict[str, Any], kind: str) -> None:
    """Refuse a missing or wrong principal, and any principal in an identity-based policy."""
    element = statement.get("Principal", statement.get("NotPrincipal"))
    if kind == "identity":
        require(element is None, "Policy document should not specify a principal.")
        return
    if element is None:
        raise MalformedPolicy("Missing required field Principal")
    require(kind == "resource" or "Principal" in statement, "Has prohibited field NotPrincipal.")
    if isinstance(element, str):
        require(element == "*", f'Invalid principal in policy: "AWS":"{element}"')
        return
    require(isinstance(element, dict) and element and set(element) <= PRINCIPAL_KINDS, SYNTAX)
    for found, values in element.items():
        require(values and all(isinstance(value, str) for value in listed(values)), SYNTAX)
        for value in listed(values):
            valid = AWS_PRINCIPAL.fullmatch(value) if found == "AWS" else value
            require(valid, f'Invalid principal in policy: "{found}":"{value}"')


def check_condition(condition: Any) -> None:
    """Refuse unknown operators, and keys without values."""
    require(isinstance(condition, dict), SYNTAX)
    for name, lines in condition.items():
        quantifier, operator_name, _ = read_operator(name)
        known = operator_name in BY_LOWER_NAME or (operator_name == "null" and not name.lower().endswith("ifexists"))
        require(known and quantifier in ("", FOR_ALL, FOR_ANY), f"Invalid Condition type : {name}.")
        require(isinstance(lines, dict) and lines, SYNTAX)
        for key, values in lines.items():
            require(":" in key, "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.")
            require(all(isinstance(value, str | bool | int | float) for value in listed(values)), SYNTAX)
