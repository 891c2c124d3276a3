"""AWS's managed policies, read once for all accounts.

moto parses its thousand documents anew for each account that uses IAM: a tenth of a second and 4 MB each time.
"""

import copy
from collections.abc import Callable
from typing import Any

from localstack.utils.patch import patch
from moto.iam.models import IAMBackend


def read_once() -> None:
    """Have all accounts share the documents of AWS's managed policies; each keeps its own count of attachments."""
    known: list[Any] = []

    @patch(IAMBackend._init_aws_policies)
    def _init_aws_policies(read: Callable[[IAMBackend], list[Any]], self: IAMBackend) -> list[Any]:
        if not known:
            known.extend(read(self))
        return [copy.copy(policy) for policy in known]
