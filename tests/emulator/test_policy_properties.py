"""What holds for every request and every set of policies, tried with many that hypothesis makes up.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html
"""

from dataclasses import replace
from random import Random
from typing import Any

from dva_localstack.policy import Policies, Policy, Principal, Request, evaluate
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

# Few values, so that statements often apply: the interesting cases are those that collide.
A, B = "111122223333", "444455556666"
ROLE_ARN = f"arn:aws:iam::{A}:role/clerk"
PRINCIPALS = [
    Principal("root", A, f"arn:aws:iam::{A}:root"),
    Principal("user", A, f"arn:aws:iam::{A}:user/dev"),
    Principal("role", A, f"arn:aws:sts::{A}:assumed-role/clerk/day", ROLE_ARN),
    Principal("federated", A, f"arn:aws:sts::{A}:federated-user/bob", f"arn:aws:iam::{A}:user/dev"),
    Principal("service", service="s3.amazonaws.com"),
    Principal("anonymous"),
]
NAMES = ["*", A, B, ROLE_ARN, *(principal.arn for principal in PRINCIPALS if principal.arn)]
ACTIONS = ["s3:GetObject", "s3:PutObject", "sqs:SendMessage"]
RESOURCES = ["arn:aws:s3:::b/x", "arn:aws:s3:::b/dev", f"arn:aws:sqs:us-east-1:{A}:q", "*"]
KEYS = ["x:k", "aws:username", "aws:PrincipalAccount"]
OPERATORS = ["StringEquals", "StringNotLike", "StringEqualsIfExists", "ForAllValues:StringLike", "Null"]

CONDITIONS: list[dict[str, Any]] = [
    {operator: {key: value}} for operator in OPERATORS for key in KEYS for value in ("a", "dev", "true", "${x:k}", A)
]
PRINCIPAL_ELEMENTS: list[Any] = ["*", {"Service": "s3.amazonaws.com"}, *({"AWS": [name, B]} for name in NAMES)]


def made_up(random: Random, effect: str, with_principal: bool) -> dict[str, Any]:
    """Make up a statement."""
    action = random.choice([*ACTIONS, "*", "s3:*", "s3:?etObject"])
    resource = random.choice([*RESOURCES, "arn:aws:s3:::b/*", "arn:aws:s3:::b/${aws:username}", "arn:aws:sqs"])
    statement: dict[str, Any] = {"Effect": effect}
    statement[random.choice(["Action", "Action", "NotAction"])] = action
    statement[random.choice(["Resource", "Resource", "NotResource"])] = resource
    if with_principal:
        statement[random.choice(["Principal", "Principal", "NotPrincipal"])] = random.choice(PRINCIPAL_ELEMENTS)
    if random.random() < 0.4:
        statement["Condition"] = random.choice(CONDITIONS)
    return statement


def statements(effect: str, with_principal: bool = False) -> st.SearchStrategy[dict[str, Any]]:
    """Choose from 300 made-up statements; making each up by hypothesis takes ten times as long."""
    random = Random(f"{effect} {with_principal}")
    return st.sampled_from([made_up(random, effect, with_principal) for _ in range(300)])


def documents(with_principal: bool = False) -> st.SearchStrategy[Policy]:
    """Choose a policy of up to three statements."""
    either = statements("Allow", with_principal) | statements("Deny", with_principal)
    return st.builds(
        lambda version, found: Policy("p", {"Version": version, "Statement": found}),
        st.sampled_from(["2012-10-17", "2008-10-17"]),
        st.lists(either, min_size=1, max_size=3),
    )


policy_sets = st.builds(
    Policies,
    identity=st.lists(documents(), max_size=2).map(tuple),
    boundary=st.none() | documents(),
    session=st.lists(documents(), max_size=2).map(tuple),
    resource=st.none() | documents(with_principal=True),
    resource_must_allow=st.booleans(),
)
requests = st.builds(
    Request,
    principal=st.sampled_from(PRINCIPALS),
    action=st.sampled_from(ACTIONS),
    resource=st.sampled_from(RESOURCES),
    resource_account=st.sampled_from([A, A, B]),
    context=st.dictionaries(st.just("x:k"), st.sampled_from(["a", "dev", ""]), max_size=1),
)
steady = settings(
    max_examples=50,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow],
)
DENY_ALL: dict[str, Any] = {"Effect": "Deny", "Action": "*", "Resource": "*"}
ALLOW_ALL: dict[str, Any] = {"Effect": "Allow", "Action": "*", "Resource": "*"}


def with_statement(policy: Policy | None, statement: dict[str, Any]) -> Policy:
    """Return a policy with one statement more."""
    document = dict(policy.document) if policy else {"Version": "2012-10-17", "Statement": []}
    return Policy("p", {**document, "Statement": [*document["Statement"], statement]})


def permitted(policies: Policies) -> Policies:
    """Return policies that allow everything, but for what they deny: made-up ones alone rarely allow anything."""
    return replace(
        policies,
        identity=(*policies.identity, with_statement(None, ALLOW_ALL)),
        boundary=with_statement(policies.boundary, ALLOW_ALL) if policies.boundary else None,
        session=tuple(with_statement(policy, ALLOW_ALL) for policy in policies.session),
    )


@steady
@given(requests, policy_sets)
def test_an_applying_deny_wins_wherever_it_stands(request: Request, policies: Policies) -> None:
    everywhere = [
        replace(policies, identity=(*policies.identity, with_statement(None, DENY_ALL))),
        replace(policies, boundary=with_statement(policies.boundary, DENY_ALL)),
        replace(policies, session=(*policies.session, with_statement(None, DENY_ALL))),
        replace(policies, resource=with_statement(policies.resource, DENY_ALL | {"Principal": "*"})),
    ]
    for denied in everywhere:
        assert evaluate(request, denied).reason == "explicit-deny"


@steady
@given(
    requests,
    policy_sets | policy_sets.map(permitted),
    statements("Allow"),
    statements("Allow", with_principal=True),
)
def test_adding_an_allow_never_takes_away(
    request: Request, policies: Policies, mine: dict[str, Any], theirs: dict[str, Any]
) -> None:
    if not evaluate(request, policies).allowed:
        policies = permitted(policies)
    assume(evaluate(request, policies).allowed)
    more = [
        replace(policies, identity=(*policies.identity, with_statement(None, mine))),
        replace(policies, resource=with_statement(policies.resource, theirs)),
    ]
    more += [replace(policies, boundary=with_statement(policies.boundary, mine))] if policies.boundary else []
    more += [replace(policies, session=(*policies.session, with_statement(None, mine)))] if policies.session else []
    for wider in more:
        assert evaluate(request, wider).allowed


@steady
@given(requests, policy_sets, statements("Deny"), statements("Deny", with_principal=True))
def test_adding_a_deny_never_grants(
    request: Request, policies: Policies, mine: dict[str, Any], theirs: dict[str, Any]
) -> None:
    assume(not evaluate(request, policies).allowed)
    for narrower in (
        replace(policies, identity=(*policies.identity, with_statement(None, mine))),
        replace(policies, boundary=with_statement(policies.boundary, mine)),
        replace(policies, session=(*policies.session, with_statement(None, mine))),
        replace(policies, resource=with_statement(policies.resource, theirs)),
    ):
        assert not evaluate(request, narrower).allowed


@steady
@given(requests, policy_sets, st.randoms(use_true_random=False))
def test_order_does_not_matter(request: Request, policies: Policies, random: Any) -> None:
    def shuffled(found: tuple[Policy, ...]) -> tuple[Policy, ...]:
        mixed = [
            Policy(policy.name, {**policy.document, "Statement": list(policy.document["Statement"])})
            for policy in found
        ]
        for policy in mixed:
            random.shuffle(policy.document["Statement"])
        random.shuffle(mixed)
        return tuple(mixed)

    other = Policies(
        shuffled(policies.identity),
        next(iter(shuffled((policies.boundary,))), None) if policies.boundary else None,
        shuffled(policies.session),
        next(iter(shuffled((policies.resource,))), None) if policies.resource else None,
        policies.resource_must_allow,
    )
    one, two = evaluate(request, policies), evaluate(request, other)
    assert (one.allowed, one.reason) == (two.allowed, two.reason)
    assert len(one.statements) == len(two.statements)


@steady
@given(requests, policy_sets | policy_sets.map(permitted), documents())
def test_a_boundary_only_narrows(request: Request, policies: Policies, boundary: Policy) -> None:
    free = replace(policies, boundary=None)
    if evaluate(request, replace(policies, boundary=boundary)).allowed:
        assert evaluate(request, free).allowed


@steady
@given(requests, policy_sets | policy_sets.map(permitted), documents())
def test_session_policies_only_narrow_a_role(request: Request, policies: Policies, passed: Policy) -> None:
    request = replace(request, principal=PRINCIPALS[2])
    if evaluate(request, replace(policies, session=(passed,))).allowed:
        assert evaluate(request, replace(policies, session=())).allowed


@steady
@given(requests, policy_sets | policy_sets.map(permitted))
def test_across_accounts_nothing_goes_without_the_resource(request: Request, policies: Policies) -> None:
    principal = request.principal if request.principal.account else PRINCIPALS[1]
    abroad = replace(request, resource_account=B, principal=principal)
    assert not evaluate(abroad, replace(policies, resource=None)).allowed
    if evaluate(abroad, policies).allowed:
        assert evaluate(abroad, replace(policies, resource_must_allow=True)).allowed


@steady
@given(requests, policy_sets)
def test_a_decision_is_whole(request: Request, policies: Policies) -> None:
    decision = evaluate(request, policies)
    assert decision.allowed == (decision.reason == "allowed")
    assert decision.policy_type
    assert request.action in decision.explanation
    effects = {statement.effect for statement in decision.statements}
    assert effects <= ({"Allow"} if decision.allowed else {"Deny"})
    if decision.reason == "explicit-deny":
        assert effects == {"Deny"}
    assert evaluate(request, policies) == decision, "asked twice, the answer is the same"
