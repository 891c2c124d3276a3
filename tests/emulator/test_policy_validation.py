"""Documents that are no policies: what AWS answers with MalformedPolicyDocument.

Grammar: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
"""

from typing import Any

import pytest
from dva_localstack.policy import MalformedPolicy, check_document

GOOD: dict[str, Any] = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"}
TRUST: dict[str, Any] = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "ec2.amazonaws.com"}}
BUCKET = GOOD | {"Principal": "*"}


def document(*statements: Any, **more: Any) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements), **more}


@pytest.mark.parametrize(
    ("kind", "good"),
    [
        ("identity", document(GOOD)),
        ("identity", {"Version": "2012-10-17", "Statement": GOOD}),
        ("identity", document(GOOD | {"Sid": "One"}, GOOD | {"Sid": "Two"}, Id="x")),
        ("identity", document({"Effect": "Deny", "NotAction": ["iam:*"], "NotResource": "*"})),
        ("identity", document(GOOD | {"Action": "*", "Resource": "arn:aws:iam::*:role/${aws:username}"})),
        ("identity", document(GOOD | {"Condition": {"ForAllValues:StringLikeIfExists": {"aws:TagKeys": ["a"]}}})),
        ("identity", document(GOOD | {"Condition": {"Bool": {"aws:SecureTransport": True}}})),
        ("resource", document(BUCKET | {"Sid": "with spaces"})),
        ("resource", {"Version": "2008-10-17", "Statement": [BUCKET]}),
        ("resource", {"Statement": [BUCKET | {"Principal": {"AWS": ["111122223333"]}}]}),
        ("resource", document({**GOOD, "Effect": "Deny", "NotPrincipal": {"AWS": "arn:aws:iam::111122223333:root"}})),
        ("trust", document(TRUST)),
        ("trust", document(TRUST | {"Action": ["sts:AssumeRole", "sts:TagSession"]})),
        ("trust", document(TRUST | {"Principal": {"AWS": "arn:aws:iam::111122223333:role/path/name"}})),
    ],
)
def test_policies(kind: str, good: Any) -> None:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements.html"""
    check_document(good, kind)


@pytest.mark.parametrize(
    ("kind", "wrong", "message"),
    [
        ("identity", [], "Syntax errors"),
        ("identity", {}, "Syntax errors"),
        ("identity", {"Version": "2012-10-17"}, "Syntax errors"),
        ("identity", document(), "Syntax errors"),
        ("identity", {"Version": "2008-10-17", "Statement": [GOOD]}, "must be version 2012-10-17 or greater"),
        ("identity", {"Version": "2013-01-01", "Statement": [GOOD]}, "Syntax errors"),
        ("identity", document(GOOD, Extra=1), "Syntax errors"),
        ("identity", document("s3:*"), "Syntax errors"),
        ("identity", document(GOOD | {"Effect": "allow"}), "Syntax errors"),
        ("identity", document(GOOD | {"Actions": "s3:*"}), "Syntax errors"),
        ("identity", document(GOOD | {"NotAction": "s3:*"}), "Syntax errors"),
        ("identity", document({"Effect": "Allow", "Resource": "*"}), "must contain actions"),
        ("identity", document({"Effect": "Allow", "Action": "s3:*"}), "must contain resources"),
        ("identity", document(GOOD | {"Action": "GetObject"}), "must be prefaced by a vendor"),
        ("identity", document(GOOD | {"Action": "s3:Get:Object"}), "only one colon"),
        ("identity", document(GOOD | {"Action": "s 3:GetObject"}), "Vendor s 3 is not valid"),
        ("identity", document(GOOD | {"Resource": "photos/*"}), 'must be in ARN format or "*"'),
        ("identity", document(GOOD | {"Resource": "arn:was:s3:::b"}), 'Partition "was" is not valid'),
        ("identity", document(GOOD | {"Sid": "a b"}), "must be alpha-numeric"),
        ("identity", document(GOOD | {"Sid": "A"}, GOOD | {"Sid": "A"}), "must be unique"),
        ("identity", document(BUCKET), "should not specify a principal"),
        ("identity", document(GOOD | {"Condition": {"StringIs": {"a:b": "c"}}}), "Invalid Condition type"),
        ("identity", document(GOOD | {"Condition": {"ForSome:StringLike": {"a:b": "c"}}}), "Invalid Condition type"),
        ("identity", document(GOOD | {"Condition": {"StringLike": "x"}}), "Syntax errors"),
        ("resource", document(GOOD), "Missing required field Principal"),
        ("resource", document(BUCKET | {"Principal": "111122223333"}), "Invalid principal"),
        (
            "resource",
            document(BUCKET | {"Principal": {"AWS": "arn:aws:iam::111122223333:user/*"}}),
            "Invalid principal",
        ),
        ("resource", document(BUCKET | {"Principal": {"Aws": "*"}}), "Syntax errors"),
        ("resource", document({key: BUCKET[key] for key in ("Effect", "Action", "Principal")}), "contain resources"),
        ("trust", document(TRUST | {"Resource": "*"}), "Has prohibited field Resource"),
        ("trust", document(TRUST | {"Action": "s3:GetObject"}), "can only be sts:AssumeRole"),
        ("trust", document({"Effect": "Allow", "Action": "sts:AssumeRole"}), "Missing required field Principal"),
        ("trust", document(TRUST | {"Principal": {"AWS": "arn:aws:iam::1:role/x"}}), "Invalid principal in policy"),
    ],
)
def test_what_is_no_policy(kind: str, wrong: Any, message: str) -> None:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_policies.html"""
    with pytest.raises(MalformedPolicy, match=message):
        check_document(wrong, kind)
