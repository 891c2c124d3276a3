"""AWS's managed policies, read once and shared by all accounts.

moto parses its thousand documents anew for each account that uses IAM: a tenth of a second and 4 MB each time.
"""

import copy
from collections.abc import Callable
from typing import Any

from localstack.utils.patch import patch
from moto.iam.models import IAMBackend, ManagedPolicy, iam_backends


def read_once() -> None:
    """Have all accounts share AWS's managed policies; an account gets its own copy of what it attaches, to count."""
    shared: list[Any] = []
    by_arn: dict[str, Any] = {}

    @patch(IAMBackend._init_aws_policies)
    def _init_aws_policies(read: Callable[[IAMBackend], list[Any]], self: IAMBackend) -> list[Any]:
        if not shared:
            shared.extend(read(self))
            by_arn.update((policy.arn, policy) for policy in shared)
        return list(shared)

    @patch(IAMBackend._init_managed_policies)
    def _init_managed_policies(read: Callable[[IAMBackend], dict[str, Any]], self: IAMBackend) -> dict[str, Any]:
        return dict(by_arn)

    @patch(ManagedPolicy.attach_to)
    def attach_to(attach: Callable[[Any, Any], None], self: Any, holder: Any) -> None:
        policy = self
        if policy.arn in by_arn and policy is by_arn[policy.arn]:
            account = iam_backends[holder.account_id][policy.partition]
            own = copy.copy(policy)
            account.managed_policies[policy.arn] = own
            account.aws_managed_policies[account.aws_managed_policies.index(policy)] = own
            policy = own
        attach(policy, holder)
