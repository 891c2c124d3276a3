"""What the gateway runs before a service sees a call: find the caller, see what the call needs, allow or refuse."""

import dataclasses
import logging
from typing import Any

from localstack.aws import handlers
from localstack.aws.api import CommonServiceException, RequestContext
from localstack.aws.chain import HandlerChain
from localstack.constants import INTERNAL_AWS_ACCESS_KEY_ID
from localstack.http import Response
from localstack.runtime import hooks

from dva_localstack.iam import aws_policies, last_used

from . import (
    batches,
    callers,
    conditions,
    deletions,
    denials,
    forwarding,
    judgment,
    key_states,
    refusals,
    resources,
    services,
    signatures,
    switch,
)
from .callers import Caller
from .needs import needs_of
from .needs.call import Call, Need
from .resources import buckets, recorded

LOG = logging.getLogger(__name__)

ANONYMOUS_WELCOME = frozenset({"s3", "sns", "sqs"})
"""Services that nobody in particular may call, if the resource's policy says so."""

IAM_SERVICES = frozenset({"iam", "sts"})
ANSWERED_BY_STS = frozenset({"GetCallerIdentity", "AssumeRole", "GetSessionToken", "GetFederationToken"})
"""What any session may ask STS, which refuses some of them itself."""


@hooks.on_infra_start()
def install() -> None:
    """Have the gateway judge calls, unless :data:`switch.SWITCH` says otherwise."""
    from localstack.services.edge import ROUTER

    aws_policies.read_once()
    if not switch.enabled():
        LOG.info("IAM is not enforced: %s is off", switch.SWITCH)
        return
    handlers.preprocess_request.append(signatures.keep_body)
    handlers.serve_custom_service_request_handlers.append(judge)
    handlers.run_custom_response_handlers.append(recorded.note)
    handlers.run_custom_response_handlers.append(deletions.add_errors)
    handlers.run_custom_response_handlers.append(batches.take_out)
    ROUTER.add(denials.PATH, denials.answer)


def judge(chain: HandlerChain, context: RequestContext, response: Response) -> None:
    """Let a call pass or refuse it: a request handler of the gateway.

    :raises CommonServiceException: the refusal, as the service's protocol wants it
    """
    if context.service is None or context.operation is None or is_open(context):
        return
    caller = caller_of(context)
    if caller is None or nothing_to_judge(context, caller):
        return
    call = call_of(context, caller)
    refused = refused_needs(context, caller, call)
    if batches.is_batch(context) and not refused:
        one = dataclasses.replace(call, operation="GetSecretValue")
        batches.remember(
            context, lambda params: refused_needs(context, caller, dataclasses.replace(one, params=params))
        )
    if refused and context.operation.name == "DeleteObjects":
        deletions.keep_back(context, refused)
        if not context.service_request["Delete"]["Objects"]:  # type: ignore[index,typeddict-item]
            deletions.answer_all(chain, context, response)
    elif refused:
        raise next(iter(refused.values()))


def refused_needs(context: RequestContext, caller: Caller, call: Call) -> dict[str, CommonServiceException]:
    """Return the refusals of what a call needs and its caller may not, by resource: all of them for DeleteObjects.

    Of any other call the first one only, since that is what is answered.
    """
    keys = conditions.of_request(context, not context.is_internal_call)
    refused: dict[str, CommonServiceException] = {}
    used: list[Need] = []
    for need in needs_of(call):
        mine = caller.principal.account
        # The name of a bucket to be may be another account's already: that is told by S3, not by a policy.
        owner = mine if need.action == "s3:CreateBucket" else resources.owner_of(need.resource, mine)
        if judgment.passes_unread(caller, need, owner):
            continue
        decision = judgment.decide(caller, need, keys, owner)
        if decision.allowed:
            forwarding.as_owner(context, owner)
            used.append(need)
            continue
        denials.remember(caller, need, decision, owner)
        refused[need.resource] = refusals.denied(context, caller, need, decision, owner)
        if call_is_whole(context):
            break
    if not refused:
        key_states.check(context, used)
    return refused


def call_is_whole(context: RequestContext) -> bool:
    """Tell whether one refusal refuses the whole call."""
    return context.operation is None or context.operation.name != "DeleteObjects"


def is_open(context: RequestContext) -> bool:
    """Tell whether an operation is for everybody, such as Cognito's SignUp, whatever its headers say."""
    operation = context.operation
    assert operation is not None
    return operation.auth_type == "none" or "smithy.api#noAuth" in (operation.auth or ())


def caller_of(context: RequestContext) -> Caller | None:
    """Return who calls; None for the emulator's own calls, which stand for nobody.

    :raises CommonServiceException: credentials that are unknown or have expired
    """
    key = callers.key_of(context)
    internal = context.is_internal_call
    if internal and (key is None or key == INTERNAL_AWS_ACCESS_KEY_ID or key.isdigit()):
        return services.caller_of(context)
    token = callers.token_of(context)
    try:
        caller = callers.of_key(key, token, fresh=not internal)
    except callers.UnknownKey:
        raise refusals.unknown_key(context) from None
    except callers.WrongToken:
        raise refusals.wrong_token(context) from None
    except callers.Expired:
        raise refusals.expired(context) from None
    if key and context.service and caller.secret:
        last_used.note(caller.principal, key, context.service.service_name, context.region)
    if internal:
        return services.on_behalf(context, caller)
    try:
        signatures.check(context, caller)
    except signatures.Mismatch:
        raise refusals.wrong_signature(context) from None
    service, operation = context.service.service_name, context.operation.name  # type: ignore[union-attr]
    if caller.principal.kind == "anonymous" and service not in ANONYMOUS_WELCOME:
        raise refusals.unsigned(context)
    if caller.without_iam and service in IAM_SERVICES and operation not in ANSWERED_BY_STS:
        raise refusals.unusable(context)
    return caller


def nothing_to_judge(context: RequestContext, caller: Caller) -> bool:
    """Tell that no policy can have a say: a bucket that does not exist is not found, whoever asks."""
    params: Any = context.service_request or {}
    if refusals.service_of(context) != "s3" or context.operation is None:
        return False
    return (
        bool(params.get("Bucket")) and context.operation.name != "CreateBucket" and not buckets.owner(params["Bucket"])
    )


def call_of(context: RequestContext, caller: Caller) -> Call:
    """Return the call as its needs are worked out from it."""
    assert context.service is not None
    assert context.operation is not None
    return Call(
        service=context.service.service_name,
        operation=context.operation.name,
        params=parameters(context),
        account=caller.principal.account or context.account_id,
        region=context.region,
        method=context.request.method,
        path=context.request.path,
        headers=context.request.headers,
        caller=caller.principal.arn,
        detailed=caller.principal.kind != "root",
    )


def parameters(context: RequestContext) -> dict[str, Any]:
    """Return a call's parameters; those of a form for S3 stand in its fields."""
    params: dict[str, Any] = dict(context.service_request or {})
    if context.operation is not None and context.operation.name == "PostObject":
        fields = callers.form_of(context)
        return params | {"Key": fields.get("key", ""), "ACL": fields.get("acl"), "Tagging": fields.get("tagging")}
    return params
