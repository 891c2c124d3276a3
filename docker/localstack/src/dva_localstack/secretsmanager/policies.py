"""Resource policies that Secrets Manager refuses.

LocalStack 4.14 keeps any text for a policy, does not look at ``BlockPublicPolicy``, and fails at validation.
"""

import json
from typing import Any

from localstack.aws.api import RequestContext, handler
from localstack.aws.api.secretsmanager import MalformedPolicyDocumentException, PublicPolicyException
from localstack.services.secretsmanager.provider import SecretsmanagerProvider

from dva_localstack.policy import validation


class CheckedPolicies(SecretsmanagerProvider):
    """A Secrets Manager provider that keeps only policies."""

    @handler("PutResourcePolicy", expand=False)
    def put_resource_policy(self, context: RequestContext, request: Any) -> Any:
        """Answer ``PutResourcePolicy``, unless the policy is none, or is public where that is blocked."""
        if fault := fault_of(request["ResourcePolicy"]):
            raise MalformedPolicyDocumentException(fault)
        if request.get("BlockPublicPolicy") and lets_everyone_in(request["ResourcePolicy"]):
            raise PublicPolicyException("You can't attach a resource policy that allows broad access to the secret.")
        return super().put_resource_policy(context, request)

    @handler("ValidateResourcePolicy", expand=False)
    def validate_resource_policy(self, context: RequestContext, request: Any) -> Any:
        """Answer ``ValidateResourcePolicy``.

        https://docs.aws.amazon.com/secretsmanager/latest/APIReference/API_ValidateResourcePolicy.html
        """
        policy = request["ResourcePolicy"]
        if fault := fault_of(policy):
            raise MalformedPolicyDocumentException(fault)
        if not lets_everyone_in(policy):
            return {"PolicyValidationPassed": True, "ValidationErrors": []}
        error = {"CheckName": "PUBLIC_POLICY", "ErrorMessage": "The policy allows broad access to the secret."}
        return {"PolicyValidationPassed": False, "ValidationErrors": [error]}


def fault_of(policy: str) -> str | None:
    """Return why a text is no resource policy; None if it is one."""
    try:
        validation.check_document(json.loads(policy), "resource")
    except ValueError:
        return "This resource policy contains invalid Json."
    except validation.MalformedPolicy as fault:
        return str(fault)
    return None


def lets_everyone_in(policy: str) -> bool:
    """Return whether a policy allows everyone something, without a condition that names who."""
    from dva_localstack.s3.policies import is_public

    return is_public(json.loads(policy))
