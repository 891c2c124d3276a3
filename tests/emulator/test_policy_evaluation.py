"""Who may do what: the evaluation of policies, judged without a server by examples of AWS's documentation.

Order: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html
"""

from typing import Any

import pytest
from dva_localstack.policy import Decision, Policies, Policy, Principal, Request, evaluate

A, B = "111122223333", "444455556666"
USER = Principal("user", A, f"arn:aws:iam::{A}:user/dev")
ROLE_ARN = f"arn:aws:iam::{A}:role/team/clerk"
SESSION_ARN = f"arn:aws:sts::{A}:assumed-role/clerk/day"
ROLE = Principal("role", A, SESSION_ARN, ROLE_ARN)
FEDERATED = Principal("federated", A, f"arn:aws:sts::{A}:federated-user/bob", USER.arn)
ROOT = Principal("root", A, f"arn:aws:iam::{A}:root")
NOBODY = Principal("anonymous")
EVERYTHING = {"Effect": "Allow", "Action": "*", "Resource": "*"}
NOTHING_S3 = {"Effect": "Allow", "Action": "sqs:*", "Resource": "*"}
PHOTO = "arn:aws:s3:::photos/cat.jpg"


def policy(*statements: dict[str, Any], name: str = "a policy", version: str = "2012-10-17") -> Policy:
    return Policy(name, {"Version": version, "Statement": list(statements)})


def allow(action: Any = "s3:GetObject", resource: Any = PHOTO, **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action: Any = "s3:GetObject", resource: Any = PHOTO, **more: Any) -> dict[str, Any]:
    return {"Effect": "Deny", "Action": action, "Resource": resource, **more}


def ask(
    policies: Policies,
    principal: Principal = USER,
    action: str = "s3:GetObject",
    resource: str = PHOTO,
    owner: str = A,
    **context: Any,
) -> Decision:
    keys = {key.replace("__", ":"): value for key, value in context.items()}
    return evaluate(Request(principal, action, resource, owner, keys), policies)


def test_denied_unless_allowed() -> None:
    """Requests start denied: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html"""
    decision = ask(Policies())
    assert (decision.allowed, decision.reason, decision.policy_type) == (False, "implicit-deny", "identity-based")


CARLOS = Principal("user", "123456789012", "arn:aws:iam::123456789012:user/carlossalazar")
CARLOS_MAY = policy(
    allow(["s3:GetBucketLocation", "s3:ListAllMyBuckets"], "arn:aws:s3:::*", Sid="AllowS3ListRead"),
    allow("s3:*", ["arn:aws:s3:::carlossalazar/*", "arn:aws:s3:::carlossalazar"], Sid="AllowS3Self"),
    deny("s3:*", "arn:aws:s3:::*log*", Sid="DenyS3Logs"),
)
CARLOS_BUCKET = policy(
    allow("s3:*", ["arn:aws:s3:::carlossalazar/*"], Principal={"AWS": CARLOS.arn}), name="bucket policy"
)


@pytest.mark.parametrize(
    ("resource", "reason", "statement"),
    [
        ("arn:aws:s3:::carlossalazar-logs/x", "explicit-deny", "DenyS3Logs"),
        ("arn:aws:s3:::carlossalazar/x", "allowed", None),
        ("arn:aws:s3:::other/x", "implicit-deny", None),
    ],
)
def test_carlos_and_his_bucket(resource: str, reason: str, statement: str | None) -> None:
    """The worked example of identity-based with resource-based policies.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-basics-req-context.html
    """
    owned = CARLOS_BUCKET if "carlossalazar/" in resource else None
    decision = ask(Policies((CARLOS_MAY,), resource=owned), CARLOS, "s3:PutObject", resource, owner="123456789012")
    assert decision.reason == reason
    assert statement is None or [each.statement for each in decision.statements] == [statement]


@pytest.mark.parametrize(
    ("action", "reason"),
    [
        ("iam:GetUser", "allowed"),
        ("iam:CreatePolicy", "implicit-deny"),
        ("iam:GetOrganizationsAccessReport", "explicit-deny"),
        ("iam:GenerateCredentialReport", "explicit-deny"),
    ],
)
def test_explicit_and_implicit_deny(action: str, reason: str) -> None:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_AccessPolicyLanguage_Interplay.html"""
    statements = policy(allow(["iam:Get*", "iam:List*"], "*"), deny("iam:*Report", "*", Sid="DenyReports"))
    assert ask(Policies((statements,)), action=action, resource="*").reason == reason


# For each way of naming a caller in a resource-based policy: does it hold without an identity-based policy, and with
# a permissions boundary or a session policy that leaves the action out?
DIRECTLY = {"alone": True, "boundary": True, "session": True}
LIMITED = {"alone": True, "boundary": False, "session": False}
DELEGATED = {"alone": False, "boundary": False, "session": False}


@pytest.mark.parametrize("limit", ["alone", "boundary", "session"])
@pytest.mark.parametrize(
    ("principal", "named", "expected"),
    [
        (USER, {"AWS": USER.arn}, DIRECTLY),
        (USER, "*", DIRECTLY),
        (USER, {"AWS": "*"}, DIRECTLY),
        (USER, {"AWS": ROOT.arn}, DELEGATED),
        (USER, {"AWS": A}, DELEGATED),
        (ROLE, {"AWS": SESSION_ARN}, DIRECTLY),
        (ROLE, {"AWS": ROLE_ARN}, LIMITED),
        (ROLE, {"AWS": [B, ROLE_ARN]}, LIMITED),
        (ROLE, "*", DIRECTLY),
        (ROLE, {"AWS": A}, DELEGATED),
        (FEDERATED, {"AWS": FEDERATED.arn}, DIRECTLY),
    ],
)
def test_what_a_resource_policy_lifts(principal: Principal, named: Any, expected: dict[str, bool], limit: str) -> None:
    """Within an account, whom a resource-based policy names decides which implicit denies still count.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html
    """
    policies = Policies(
        boundary=policy(NOTHING_S3) if limit == "boundary" else None,
        session=(policy(NOTHING_S3),) if limit == "session" else (),
        resource=policy(allow(Principal=named), name="bucket policy"),
    )
    assert ask(policies, principal).allowed is expected[limit]


def test_a_role_named_by_condition_is_not_limited() -> None:
    """aws:PrincipalArn with a wildcard principal grants to the session, whatever its boundary leaves out.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html#principal-roles
    """
    condition = {"ArnEquals": {"aws:PrincipalArn": ROLE_ARN}}
    resource = policy(allow(Principal="*", Condition=condition))
    assert ask(Policies(boundary=policy(NOTHING_S3), resource=resource), ROLE).allowed
    assert not ask(Policies(resource=resource), USER).allowed


def test_a_federated_session_named_by_its_user_is_limited() -> None:
    """Naming the IAM user who federated leaves session policies in force.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html
    """
    resource = policy(allow(Principal={"AWS": USER.arn}))
    assert not ask(Policies(resource=resource), FEDERATED).allowed
    assert not ask(Policies(session=(policy(NOTHING_S3),), resource=resource), FEDERATED).allowed
    assert ask(Policies(session=(policy(EVERYTHING),), resource=resource), FEDERATED).allowed


def test_a_federated_session_without_session_policies_may_do_nothing() -> None:
    """https://docs.aws.amazon.com/STS/latest/APIReference/API_GetFederationToken.html"""
    decision = ask(Policies((policy(EVERYTHING),)), FEDERATED)
    assert (decision.allowed, decision.policy_type) == (False, "session")
    assert ask(Policies((policy(EVERYTHING),), session=(policy(allow()),)), FEDERATED).allowed
    assert ask(Policies((policy(EVERYTHING),)), ROLE).allowed


@pytest.mark.parametrize(
    ("identity", "boundary", "reason", "policy_type"),
    [
        (allow("*", "*"), allow("s3:*", "*"), "allowed", "identity-based"),
        (allow("*", "*"), allow("cloudwatch:*", "*"), "implicit-deny", "permissions boundary"),
        (allow("iam:CreateUser", "*"), allow("s3:*", "*"), "implicit-deny", "identity-based"),
        (allow("*", "*"), deny("s3:*", "*"), "explicit-deny", "permissions boundary"),
    ],
)
def test_a_boundary_is_the_most_that_a_policy_can_grant(
    identity: Any, boundary: Any, reason: str, policy_type: str
) -> None:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html"""
    decision = ask(Policies((policy(identity),), policy(boundary)))
    assert (decision.reason, decision.policy_type) == (reason, policy_type)


def test_session_policies_intersect_with_the_roles() -> None:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies.html#policies_session"""
    reads = policy(allow("s3:*", "*"))
    assert ask(Policies((reads,), session=(policy(allow()),)), ROLE).allowed
    assert ask(Policies((reads,), session=(policy(NOTHING_S3),)), ROLE).policy_type == "session"
    assert not ask(Policies((), session=(policy(allow()),)), ROLE).allowed
    two = (policy(NOTHING_S3), policy(allow()))
    assert ask(Policies((reads,), session=two), ROLE).allowed


@pytest.mark.parametrize(
    ("identity", "named", "allowed", "missing"),
    [
        (True, {"AWS": A}, True, ""),
        (True, {"AWS": USER.arn}, True, ""),
        (True, "*", True, ""),
        (True, None, False, "resource-based"),
        (True, {"AWS": B}, False, "resource-based"),
        (False, {"AWS": USER.arn}, False, "identity-based"),
        (False, "*", False, "identity-based"),
    ],
)
def test_across_accounts_both_must_allow(identity: bool, named: Any, allowed: bool, missing: str) -> None:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic-cross-account.html"""
    mine = (policy(allow()),) if identity else ()
    theirs = policy(allow(Principal=named)) if named else None
    decision = ask(Policies(mine, resource=theirs), owner=B)
    assert decision.allowed is allowed
    assert allowed or decision.policy_type == missing


def test_the_root_passes_at_home_only() -> None:
    """The root has full access to its account; elsewhere it needs to be let in, and a bucket policy can shut it out.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_root-user.html
    """
    shut = policy(deny(Principal="*"), name="bucket policy")
    assert ask(Policies(), ROOT).allowed
    assert ask(Policies(resource=shut), ROOT).reason == "explicit-deny"
    assert not ask(Policies(), ROOT, owner=B).allowed
    assert ask(Policies(resource=policy(allow(Principal={"AWS": A}))), ROOT, owner=B).allowed


def test_kms_keys_must_allow_themselves() -> None:
    """Without a statement in the key policy, identity-based policies say nothing about a key.

    https://docs.aws.amazon.com/kms/latest/developerguide/key-policies.html
    """
    key = f"arn:aws:kms:us-east-1:{A}:key/1"
    mine = (policy(allow("kms:Decrypt", key)),)
    call = {"action": "kms:Decrypt", "resource": key}
    silent = policy(allow("kms:*", "*", Principal={"AWS": f"arn:aws:iam::{A}:user/admin"}))
    delegating = policy(allow("kms:*", "*", Principal={"AWS": ROOT.arn}))
    assert not ask(Policies(mine, resource=silent, resource_must_allow=True), **call).allowed
    assert ask(Policies(mine, resource=delegating, resource_must_allow=True), **call).allowed
    assert not ask(Policies((), resource=delegating, resource_must_allow=True), **call).allowed


def test_services_and_strangers_depend_on_the_resource() -> None:
    """A topic sends to a queue by the queue's policy; aws:SourceArn keeps other people's topics out.

    https://docs.aws.amazon.com/sns/latest/dg/subscribe-sqs-queue-to-sns-topic.html
    """
    queue, topic = f"arn:aws:sqs:us-east-1:{A}:q", f"arn:aws:sns:us-east-1:{A}:t"
    service = Principal("service", service="sns.amazonaws.com")
    condition = {"ArnEquals": {"aws:SourceArn": topic}}
    statement = allow("sqs:SendMessage", queue, Principal={"Service": service.service}, Condition=condition)
    call = {"action": "sqs:SendMessage", "resource": queue}
    policies = Policies(resource=policy(statement))
    assert ask(policies, service, **call, aws__SourceArn=topic).allowed
    assert not ask(policies, service, **call, aws__SourceArn=topic + "2").allowed
    assert not ask(policies, Principal("service", service="s3.amazonaws.com"), **call, aws__SourceArn=topic).allowed
    assert not ask(policies, NOBODY, **call, aws__SourceArn=topic).allowed
    assert ask(Policies(resource=policy(allow(Principal="*"))), NOBODY).allowed
    assert not ask(Policies(), NOBODY).allowed


BOB = Principal("user", B, f"arn:aws:iam::{B}:user/Bob")
AUDIT = Principal("role", B, f"arn:aws:sts::{B}:assumed-role/read-only/audit-app", f"arn:aws:iam::{B}:role/read-only")


@pytest.mark.parametrize(
    ("principal", "listed", "spared"),
    [
        (BOB, [BOB.arn, f"arn:aws:iam::{B}:root"], True),
        (BOB, [BOB.arn, B], True),
        (BOB, [BOB.arn], False),
        (AUDIT, [AUDIT.arn, AUDIT.role_arn, f"arn:aws:iam::{B}:root"], True),
        (AUDIT, [AUDIT.arn, f"arn:aws:iam::{B}:root"], False),
        (USER, [BOB.arn, f"arn:aws:iam::{B}:root"], False),
    ],
)
def test_deny_all_but(principal: Principal, listed: list[str], spared: bool) -> None:
    """NotPrincipal with Deny spares whom it lists, with their account and role.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html
    """
    statement = deny("s3:*", "*", NotPrincipal={"AWS": listed})
    resource = policy(statement, allow("s3:*", "*", Principal="*"))
    mine = (policy(EVERYTHING),)
    assert ask(Policies(mine, resource=resource), principal).allowed is spared
    bounded = Policies(mine, policy(EVERYTHING), resource=resource)
    assert not ask(bounded, principal).allowed, "who has a boundary is never spared"


@pytest.mark.parametrize(
    ("pattern", "action", "covered"),
    [
        ("*", "s3:GetObject", True),
        ("s3:*", "s3:GetObject", True),
        ("S3:getobject", "s3:GetObject", True),
        ("iam:*AccessKey*", "iam:UpdateAccessKey", True),
        ("iam:*AccessKey*", "iam:ListUsers", False),
        ("s3:Get?bject", "s3:GetObject", True),
        ("s3:Get?", "s3:GetObject", False),
        ("s3:GetObject.", "s3:GetObjects", False),
        (["sqs:*", "s3:PutObject"], "s3:PutObject", True),
    ],
)
def test_actions(pattern: Any, action: str, covered: bool) -> None:
    """Case does not matter: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_action.html"""
    assert ask(Policies((policy(allow(pattern, "*")),)), action=action).allowed is covered
    inverse = policy({"Effect": "Allow", "NotAction": pattern, "Resource": "*"})
    assert ask(Policies((inverse,)), action=action).allowed is not covered


@pytest.mark.parametrize(
    ("pattern", "resource", "covered"),
    [
        ("*", "*", True),
        ("arn:aws:s3:::photos/*", PHOTO, True),
        ("arn:aws:s3:::photos", PHOTO, False),
        ("arn:aws:s3:::PHOTOS/*", PHOTO, False),
        ("arn:aws:s3:::photos/*/test/*", "arn:aws:s3:::photos/1/2/test/3/4", True),
        ("arn:aws:s3:::photos/*/test/*", "arn:aws:s3:::photos/1/2/3/object", False),
        ("arn:aws:s3:::phot?s/*", PHOTO, True),
        ("arn:aws:iam::*:user/accounting/*", f"arn:aws:iam::{A}:user/accounting/ann", True),
        ("arn:aws:sqs", f"arn:aws:sqs:us-east-1:{A}:q", True),
        ("arn:aws:sqs:us-east-1", f"arn:aws:sqs:eu-west-1:{A}:q", False),
        ("arn:aws:logs:*:log-group:/app:x", f"arn:aws:logs:us-east-1:{A}:log-group:/app:x", True),
        (f"arn:aws:sqs:us-*-1:{A}:q", f"arn:aws:sqs:us-east-1:{A}:q", True),
        ("arn:aws:s3:::*", "*", False),
        (f"arn:aws:logs:*:{A}:log-group:/app*", f"arn:aws:logs:us-east-1:{A}:log-group:/app/x:log-stream:y", True),
        (f"arn:aws:dynamodb:*:{A}:table/orders", f"arn:aws:dynamodb:us-east-1:{A}:table/orders/index/by-day", False),
        ("arn:aws:s3:::photos/cat+jpg", PHOTO, False),
    ],
)
def test_resources(pattern: str, resource: str, covered: bool) -> None:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html"""
    assert ask(Policies((policy(allow(resource=pattern)),)), resource=resource).allowed is covered
    inverse = policy({"Effect": "Allow", "Action": "s3:GetObject", "NotResource": pattern})
    assert ask(Policies((inverse,)), resource=resource).allowed is not covered


def test_variables_stand_for_values_of_the_request() -> None:
    """Everyone has a folder, also who is called ``*``.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
    """
    home = policy(allow(resource="arn:aws:s3:::home/${aws:username}/*"))
    folder = "arn:aws:s3:::home/dev/x"
    assert ask(Policies((home,)), resource=folder).allowed
    assert not ask(Policies((home,)), resource="arn:aws:s3:::home/other/x").allowed
    star = Principal("user", A, f"arn:aws:iam::{A}:user/*")
    assert not ask(Policies((home,)), star, resource=folder).allowed
    assert ask(Policies((home,)), star, resource="arn:aws:s3:::home/*/x").allowed


def test_a_variable_without_a_value_matches_nothing() -> None:
    """A role's session has no aws:username: the statement does not apply, allowing or denying.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
    """
    home = "arn:aws:s3:::home/${aws:username}/*"
    everything = policy(EVERYTHING)
    assert not ask(Policies((policy(allow(resource=home)),)), ROLE, resource="arn:aws:s3:::home//x").allowed
    except_home = {"Effect": "Deny", "Action": "*", "NotResource": home}
    assert ask(Policies((everything, policy(except_home))), ROLE).allowed


@pytest.mark.parametrize(
    ("pattern", "resource", "covered"),
    [
        ("arn:aws:s3:::b/${aws:PrincipalTag/team, 'company-wide'}/x", "arn:aws:s3:::b/company-wide/x", True),
        ("arn:aws:s3:::b/${aws:username, 'nobody'}/x", "arn:aws:s3:::b/dev/x", True),
        ("arn:aws:s3:::b/${AWS:UserName}/x", "arn:aws:s3:::b/dev/x", True),
        ("arn:aws:s3:::b/${*}", "arn:aws:s3:::b/*", True),
        ("arn:aws:s3:::b/${*}", "arn:aws:s3:::b/anything", False),
        ("arn:aws:s3:::b/a${?}", "arn:aws:s3:::b/ab", False),
        ("arn:aws:s3:::b/${$}{x}", "arn:aws:s3:::b/${x}", True),
    ],
)
def test_defaults_and_special_characters(pattern: str, resource: str, covered: bool) -> None:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html#policy-vars-default-values"""
    assert ask(Policies((policy(allow(resource=pattern)),)), resource=resource).allowed is covered


def test_old_versions_know_no_variables() -> None:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_version.html"""
    old = policy(allow(resource="arn:aws:s3:::home/${aws:username}/*"), version="2008-10-17")
    assert not ask(Policies((old,)), resource="arn:aws:s3:::home/dev/x").allowed
    assert ask(Policies((old,)), resource="arn:aws:s3:::home/${aws:username}/x").allowed


def test_explanations_name_the_deciding_statement() -> None:
    """What a learner reads: which statement of which policy decided, or what is missing."""
    reads = policy(allow(Sid="Read"), name="inline policy 'read' of user 'dev'")
    said = ask(Policies((reads,))).explanation
    assert said.startswith("Statement 'Read' of inline policy 'read' of user 'dev' allows s3:GetObject")
    shut = policy(deny(Principal="*"), name="bucket policy of 'photos'")
    decision = ask(Policies((reads,), resource=shut))
    assert decision.explanation.startswith("Statement '#1' of bucket policy of 'photos' denies s3:GetObject")
    assert "explicit deny wins" in decision.explanation
    assert f"No identity-based policy of {USER.arn} allows" in ask(Policies()).explanation
    bounded = ask(Policies((reads,), policy(NOTHING_S3, name="'developers'"))).explanation
    assert "permissions boundary 'developers'" in bounded
    assert f"belongs to account {B}" in ask(Policies((reads,)), owner=B).explanation


def test_explanations_name_the_condition_that_was_not_met() -> None:
    """A statement that would allow but for a condition: which line fails, and what the request has."""
    condition = {"StringEquals": {"aws:PrincipalTag/team": "red"}, "Bool": {"aws:SecureTransport": "true"}}
    tagged = policy(allow(Sid="Team", Condition=condition), name="inline policy 'tags' of user 'dev'")
    said = ask(Policies((tagged,)), aws__SecureTransport="true").explanation
    assert "Statement 'Team' of inline policy 'tags' of user 'dev' would allow it" in said
    assert "StringEquals aws:PrincipalTag/team does not hold, the request has no such key" in said
    wrong = {"aws:PrincipalTag/team": "blue", "aws__SecureTransport": "true"}
    assert "the request has 'blue'" in ask(Policies((tagged,)), **wrong).explanation
    home = policy(allow(Condition={"StringEquals": {"s3:prefix": "${aws:SourceIdentity}"}}))
    assert "no value for ${aws:SourceIdentity}" in ask(Policies((home,)), s3__prefix="x").explanation
    assert "would allow" not in ask(Policies((tagged,)), action="s3:PutObject").explanation
