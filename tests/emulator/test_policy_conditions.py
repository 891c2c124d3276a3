"""The Condition element, judged without a server.

Operators: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
"""

from typing import Any

import pytest
from dva_localstack.policy import Policies, Policy, Principal, Request, evaluate

A = "111122223333"
USER = Principal("user", A, f"arn:aws:iam::{A}:user/dev")


def holds(condition: dict[str, Any], **context: Any) -> bool:
    """Tell whether a statement with a condition allows a request with the given keys, ``k`` among them."""
    statement = {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": condition}
    document = {"Version": "2012-10-17", "Statement": [statement]}
    request = Request(
        USER, "s3:GetObject", "arn:aws:s3:::b/x", A, {f"x:{key}": value for key, value in context.items()}
    )
    return evaluate(request, Policies((Policy("p", document),))).allowed


@pytest.mark.parametrize(
    ("operator", "expected", "given", "result"),
    [
        ("StringEquals", "a", "a", True),
        ("StringEquals", "a", "A", False),
        ("StringEquals", "a*", "ab", False),
        ("StringEquals", ["a", "b"], "b", True),
        ("StringNotEquals", "a", "b", True),
        ("StringNotEquals", ["a", "b"], "b", False),
        ("StringEqualsIgnoreCase", "Abc", "aBC", True),
        ("StringNotEqualsIgnoreCase", "Abc", "aBC", False),
        ("StringLike", "home/*", "home/dev/x", True),
        ("StringLike", ["", "home/"], "", True),
        ("StringLike", "h?me", "home", True),
        ("StringLike", "HOME/*", "home/dev", False),
        ("StringLike", "home/${aws:username}/*", "home/dev/x", True),
        ("StringLike", "a${*}", "ab", False),
        ("StringEquals", "${aws:username}", "dev", True),
        ("StringEquals", "${*}", "*", True),
        ("StringNotLike", "home/*", "tmp/x", True),
        ("NumericEquals", "10", "10.0", True),
        ("NumericNotEquals", "10", "11", True),
        ("NumericLessThan", "10", "10", False),
        ("NumericLessThanEquals", 10, "10", True),
        ("NumericGreaterThan", "9", "10", True),
        ("NumericGreaterThanEquals", "10", "9.9", False),
        ("NumericLessThanEquals", "10", "many", False),
        ("DateGreaterThan", "2020-01-01T00:00:01Z", "2026-01-01T00:00:00Z", True),
        ("DateLessThan", "2026-01-01", "2025-12-31T23:59:59Z", True),
        ("DateLessThan", "2026-01-01T00:00:00+02:00", "2025-12-31T23:00:00Z", False),
        ("DateEquals", "1767225600", "2026-01-01T00:00:00Z", True),
        ("DateNotEquals", "2026-01-01", "2026-01-01T00:00:00Z", False),
        ("DateLessThanEquals", "2026-01-01T00:00:00Z", "1767225600", True),
        ("DateGreaterThanEquals", "2026-01-02", "2026-01-01", False),
        ("Bool", "true", "True", True),
        ("Bool", True, "true", True),
        ("Bool", "false", "true", False),
        ("BinaryEquals", "QmluYXJ5", "QmluYXJ5", True),
        ("BinaryEquals", "QmluYXJ5", "qmluYXJ5", False),
        ("IpAddress", "203.0.113.0/24", "203.0.113.77", True),
        ("IpAddress", ["198.51.100.7", "2001:DB8:1234:5678::/64"], "2001:db8:1234:5678::1", True),
        ("IpAddress", "198.51.100.7", "198.51.100.8", False),
        ("NotIpAddress", "203.0.113.0/24", "203.0.113.77", False),
        ("NotIpAddress", "203.0.113.0/24", "192.0.2.1", True),
        ("ArnEquals", "arn:aws:sns:*:111122223333:t", "arn:aws:sns:us-east-1:111122223333:t", True),
        ("ArnLike", "arn:aws:sns:us-*:*:t?", "arn:aws:sns:us-east-1:1:t1", True),
        ("ArnLike", "arn:aws:sns:*:t", "arn:aws:sns:us-east-1:111122223333:t", False),
        ("ArnLike", "arn:aws:sns:u*:t*:x", "arn:aws:sns:us-east-1:111122223333:tx:x", False),
        ("ArnNotLike", "arn:aws:sns:*:*:t", "arn:aws:sns:us-east-1:1:other", True),
        ("ArnNotEquals", "arn:aws:sns:*:*:t", "arn:aws:sns:us-east-1:1:t", False),
    ],
)
def test_operators(operator: str, expected: Any, given: str, result: bool) -> None:
    """Each operator compares as documented, and IfExists does the same when the key is there.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
    """
    assert holds({operator: {"x:k": expected}}, k=given) is result
    assert holds({f"{operator}IfExists": {"x:k": expected}}, k=given) is result


@pytest.mark.parametrize(
    ("operator", "result"),
    [
        ("StringEquals", False),
        ("StringLike", False),
        ("NumericLessThan", False),
        ("DateGreaterThan", False),
        ("Bool", False),
        ("IpAddress", False),
        ("ArnLike", False),
        ("StringNotEquals", True),
        ("StringNotLike", True),
        ("NumericNotEquals", True),
        ("DateNotEquals", True),
        ("NotIpAddress", True),
        ("ArnNotLike", True),
        ("StringEqualsIfExists", True),
        ("BoolIfExists", True),
        ("ForAllValues:StringEquals", True),
        ("ForAnyValue:StringEquals", False),
        ("ForAnyValue:StringNotEquals", False),
    ],
)
def test_a_key_that_the_request_lacks(operator: str, result: bool) -> None:
    """It fails what asks for a match, and satisfies what asks for none, IfExists and ForAllValues.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
    """
    assert holds({operator: {"x:k": "arn:aws:sns:*:*:t"}}) is result


@pytest.mark.parametrize(("asked", "present", "result"), [("true", False, True), ("true", True, False)])
def test_null(asked: str, present: bool, result: bool) -> None:
    """Null asks whether a key is missing.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html#Conditions_Null
    """
    context = {"k": "v"} if present else {}
    assert holds({"Null": {"x:k": asked}}, **context) is result
    assert holds({"Null": {"x:k": "false"}}, **context) is not result
    assert holds({"Null": {"x:k": asked == "true"}}, **context) is result


ATTRIBUTES = ["PostDateTime", "Message", "Tags"]


@pytest.mark.parametrize(
    ("operator", "given", "result"),
    [
        ("ForAllValues:StringLike", ["PostDateTime", "Message"], True),
        ("ForAllValues:StringLike", ["PostDateTime", "UserName"], False),
        ("ForAllValues:StringLike", [""], True),
        ("ForAnyValue:StringLike", ["UserName", "Message", "PostDateTime"], True),
        ("ForAnyValue:StringLike", ["UserName"], False),
        ("ForAnyValue:StringLike", [""], False),
        ("ForAllValues:StringNotEquals", ["UserName"], True),
        ("ForAllValues:StringNotEquals", ["UserName", "Tags"], False),
        ("ForAnyValue:StringNotEquals", ["UserName", "Tags"], True),
        ("ForAnyValue:StringNotEquals", ["Message", "Tags"], False),
    ],
)
def test_set_operators(operator: str, given: list[str], result: bool) -> None:
    """The attributes of the Thread table.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html
    """
    assert holds({operator: {"x:k": ATTRIBUTES}}, k=given) is result


def test_operators_and_keys_are_joined_by_and() -> None:
    """Values of one key are alternatives; keys and operators must all hold.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-logic-multiple-context-keys-or-values.html
    """
    condition = {"StringEquals": {"x:a": ["1", "2"], "x:b": "3"}, "Bool": {"x:c": "true"}}
    assert holds(condition, a="2", b="3", c="true")
    for wrong in ({"a": "3"}, {"b": "1"}, {"c": "false"}):
        assert not holds(condition, **{"a": "2", "b": "3", "c": "true", **wrong})


def test_key_names_have_no_case_and_operators_neither() -> None:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition.html"""
    assert holds({"StringEquals": {"X:Key": "v"}}, key="v")
    assert holds({"StringEquals": {"AWS:username": "dev"}})


@pytest.mark.parametrize("operator", ["NumericEquals", "DateEquals", "IpAddress", "BinaryEquals"])
def test_variables_are_for_texts_and_arns(operator: str) -> None:
    """With other operators a variable is no variable, and matches nothing.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html#policy-vars-conditionelement
    """
    assert not holds({operator: {"x:k": "${x:k}"}}, k="10")
    assert holds({"StringEquals": {"x:k": "${x:k}"}}, k="10")


def test_if_exists_spares_a_statement_its_missing_variable() -> None:
    """A variable without a value undoes the statement, unless IfExists skips the comparison.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
    """
    assert not holds({"StringNotEquals": {"x:k": "${x:other}"}}, k="v")
    assert holds({"StringNotEqualsIfExists": {"x:k": "${x:other}"}})
