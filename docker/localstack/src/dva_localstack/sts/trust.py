"""Whether a role may be assumed: its trust policy, and for callers of AWS also their own policies."""

import json
from collections.abc import Mapping, Sequence

from localstack.aws.api import CommonServiceException
from moto.iam.models import Role

from dva_localstack.enforcement import denials, switch
from dva_localstack.enforcement.callers import Caller as DeniedCaller
from dva_localstack.enforcement.needs.call import Need
from dva_localstack.iam import identities
from dva_localstack.policy import Decision, Policies, Policy, Principal, Request, evaluate
from dva_localstack.sts.callers import ALLOW_ALL, Caller, now_keys


def role_with_arn(arn: str) -> Role | None:
    """Return moto's record of the role with an ARN, or None where there is no such role."""
    account = arn.split(":")[4]
    role = identities.moto_role(account, arn.rpartition("/")[2])
    return role if role and role.arn == arn else None


def trust_policy(role: Role) -> Policy:
    """Return the trust policy of a role."""
    document = role.assume_role_policy_document
    return Policy(
        f"the trust policy of role {role.name!r}", json.loads(document) if isinstance(document, str) else document
    )


def role_keys(role: Role) -> dict[str, str]:
    """Return the condition keys that tell of the role asked for."""
    tags = identities.tags_of(role.tags)
    return {f"{prefix}:ResourceTag/{key}": value for prefix in ("aws", "iam") for key, value in tags.items()}


def judge(
    role: Role,
    action: str,
    caller: Caller,
    context: Mapping[str, str | Sequence[str]],
) -> Decision:
    """Judge whether a caller may do ``action`` (such as ``sts:AssumeRole``) with a role."""
    request = Request(
        caller.principal,
        action,
        role.arn,
        role.account_id,
        {**now_keys(), **role_keys(role), **caller.context(), **context},
    )
    policies = caller.policies(trust_policy(role), resource_must_allow=True)
    # Where IAM is not enforced, identity-based policies have no say; roles still choose whom they trust.
    return evaluate(
        request, policies if switch.enabled() else Policies((ALLOW_ALL,), None, (ALLOW_ALL,), policies.resource, True)
    )


def require(role: Role, action: str, caller: Caller, context: Mapping[str, str | Sequence[str]]) -> None:
    """Refuse a caller who may not do ``action`` with a role.

    :raises CommonServiceException: ``AccessDenied``
    """
    decision = judge(role, action, caller, context)
    if not decision.allowed:
        explain(caller.principal, action, role, decision)
        raise refusal(caller.principal, action, role.arn)


def explain(principal: Principal, action: str, role: Role, decision: Decision) -> None:
    """Keep a refusal with its explanation where learners can ask for the last ones."""
    denials.remember(DeniedCaller(principal), Need(action, role.arn), decision, role.account_id)


def refusal(principal: Principal, action: str, role_arn: str) -> CommonServiceException:
    """Return the refusal that callers of AWS get, also for a role that does not exist."""
    who = principal.arn or principal.service
    message = f"User: {who} is not authorized to perform: {action} on resource: {role_arn}"
    return CommonServiceException("AccessDenied", message, 403, True)


def require_web(
    role: Role | None, actions: Sequence[str], provider: str, context: Mapping[str, str | Sequence[str]]
) -> None:
    """Refuse a web identity that a role does not trust, or whose role does not exist.

    :param provider: the ARN of the OpenID Connect provider, or ``cognito-identity.amazonaws.com``
    :raises CommonServiceException: ``AccessDenied``
    """
    principal = Principal("web", service=provider)
    for action in actions:
        if role:
            request = Request(
                principal, action, role.arn, role.account_id, {**now_keys(), **role_keys(role), **context}
            )
            decision = evaluate(request, Policies(resource=trust_policy(role), resource_must_allow=True))
            if decision.allowed:
                continue
            explain(principal, action, role, decision)
        raise CommonServiceException("AccessDenied", f"Not authorized to perform {action}", 403, True)
