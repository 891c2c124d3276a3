"""Whether a policy document allows ``execute-api:Invoke``: an authorizer's answer, or the policy of a REST API."""

from collections.abc import Mapping
from typing import Any

from dva_localstack.policy import Decision, Policies, Policy, Principal, Request, evaluate

INVOKE = "execute-api:Invoke"


def judge_answer(
    document: Mapping[str, Any],
    method_arn: str,
    account: str,
    context: Mapping[str, str],
    resource: Policy | None = None,
) -> Decision:
    """Judge a request by the policy that a Lambda authorizer returned.

    :param method_arn: ``arn:aws:execute-api:REGION:ACCOUNT:API/STAGE/METHOD/PATH``
    :param account: the account of the API
    :param context: condition keys
    :param resource: the API's own policy
    """
    caller = Principal("user", account, f"arn:aws:iam::{account}:user/authorizer")
    request = Request(caller, INVOKE, method_arn, account, context)
    return evaluate(request, Policies(identity=(Policy("the authorizer's answer", document),), resource=resource))


def whole(document: Mapping[str, Any], api_arn: str) -> dict[str, Any]:
    """Return a REST API's policy with its resources' short form ``execute-api:/STAGE/METHOD/PATH`` written out.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-resource-policies-examples.html

    :param api_arn: ``arn:aws:execute-api:REGION:ACCOUNT:API``
    """

    def full(resource: Any) -> Any:
        if isinstance(resource, list):
            return [full(item) for item in resource]
        if isinstance(resource, str) and resource.startswith("execute-api:/"):
            return f"{api_arn}/{resource.removeprefix('execute-api:/')}"
        return resource

    statements = document.get("Statement") or []
    statements = statements if isinstance(statements, list) else [statements]
    changed = [
        {name: full(value) if name in ("Resource", "NotResource") else value for name, value in statement.items()}
        for statement in statements
    ]
    return {**document, "Statement": changed}
