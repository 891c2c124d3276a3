"""One need of one caller, put to the evaluation with every policy that has a say."""

from dva_localstack.policy import Decision, Policies, Policy, Request, evaluate

from . import resources
from .callers import Caller
from .needs.call import Context, Need


def decide(caller: Caller, need: Need, context: Context, owner: str, *, policy: Policy | None = None) -> Decision:
    """Decide whether a caller may do one thing.

    Other parts of the emulator use this too, for what does not come as a call of an AWS API: function URLs, and
    APIs of API Gateway that IAM authorizes.

    :param context: condition keys of the request, see :mod:`.conditions`
    :param owner: the account that owns the resource
    :param policy: the resource's policy, where it is not one that :func:`.resources.policy_of` finds
    """
    keys: Context = {**context, **caller.context, **need.context}
    for name, value in resources.tags_of(need.resource).items():
        keys[f"aws:ResourceTag/{name}"] = value
        if need.resource.startswith("arn:aws:secretsmanager"):
            keys[f"secretsmanager:ResourceTag/{name}"] = value
    if caller.principal.account:
        keys["AWS:SourceOwner"] = caller.principal.account
    if need.action.startswith("s3:"):
        keys["s3:ResourceAccount"] = owner
    request = Request(caller.principal, need.action, need.resource, owner, keys)
    policies = Policies(
        identity=caller.identity,
        boundary=caller.boundary,
        session=caller.session,
        resource=policy or resources.policy_of(need.resource),
        resource_must_allow=resources.must_allow(need.resource),
    )
    return evaluate(request, policies)


def passes_unread(caller: Caller, need: Need, owner: str) -> bool:
    """Tell at once that the root may do something in its own account, where no policy of the resource exists."""
    return (
        caller.principal.kind == "root"
        and owner == caller.principal.account
        and not resources.must_allow(need.resource)
        and resources.policy_of(need.resource) is None
    )
