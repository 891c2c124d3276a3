"""Key policies that KMS refuses: principals that do not exist, and locking oneself out.

Fault: LocalStack 4.14.0 keeps any JSON.
https://docs.aws.amazon.com/kms/latest/APIReference/API_PutKeyPolicy.html
https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html#prevent-unmanageable-key
"""

import json
from typing import Any

from localstack.aws.api import RequestContext
from localstack.aws.api.kms import (
    CreateKeyRequest,
    CreateKeyResponse,
    MalformedPolicyDocumentException,
    NotFoundException,
    PutKeyPolicyRequest,
)
from localstack.services.kms.provider import KmsProvider

from dva_localstack.enforcement import callers, switch
from dva_localstack.iam import identities
from dva_localstack.policy import MalformedPolicy, Policies, Policy, Request, check_document, evaluate

LOCKED_OUT = "The new key policy will not allow you to update the key policy in the future."
ONLY_POLICY = "default"


class CheckedPolicies(KmsProvider):
    """Checks a key's policy before it is kept."""

    def create_key(self, context: RequestContext, request: Any = None) -> CreateKeyResponse:
        """Create a key."""
        wanted: CreateKeyRequest = request or {}
        if wanted.get("Policy"):
            check(context, wanted["Policy"], bool(wanted.get("BypassPolicyLockoutSafetyCheck")))
        return super().create_key(context, wanted)

    def put_key_policy(self, context: RequestContext, request: PutKeyPolicyRequest) -> None:
        """Replace a key's policy."""
        if request.get("PolicyName", ONLY_POLICY) != ONLY_POLICY:
            raise NotFoundException("No such policy exists")
        check(context, request["Policy"], bool(request.get("BypassPolicyLockoutSafetyCheck")))
        super().put_key_policy(context, request)


def check(context: RequestContext, text: str, may_lock_out: bool) -> None:
    """Refuse a key policy.

    :param may_lock_out: whether the caller said that they want to be able to lose the key
    :raises MalformedPolicyDocumentException: it is refused
    """
    try:
        document = json.loads(text)
        check_document(document, "resource")
    except (MalformedPolicy, ValueError) as error:
        raise MalformedPolicyDocumentException(str(error)) from error
    if identities.missing_in(document):
        raise MalformedPolicyDocumentException("Policy contains a statement with one or more invalid principals.")
    if not may_lock_out and switch.enabled() and locks_out(context, document):
        raise MalformedPolicyDocumentException(LOCKED_OUT)


def locks_out(context: RequestContext, document: dict[str, Any]) -> bool:
    """Tell whether the caller could not change the key's policy any more; what stands for nobody never can."""
    key = callers.key_of(context)
    if context.is_internal_call or key is None:
        return False
    caller = callers.of_key(key, callers.token_of(context), fresh=False)
    policies = Policies(
        identity=caller.identity,
        boundary=caller.boundary,
        session=caller.session,
        resource=Policy("new key policy", document),
        resource_must_allow=True,
    )
    keys = {"kms:CallerAccount": caller.principal.account, **caller.context}
    arn = f"arn:aws:kms:{context.region}:{context.account_id}:key/new"
    request = Request(caller.principal, "kms:PutKeyPolicy", arn, context.account_id, keys)
    return not evaluate(request, policies).allowed
