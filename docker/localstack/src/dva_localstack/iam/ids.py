"""Unique ids with the prefixes that tell what something is.

LocalStack 4.14.0 gives users, groups, policies and instance profiles ids without them.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids
"""

import random
import string
from collections.abc import Callable
from typing import Any

from localstack.utils.patch import patch
from moto.iam.models import Group, InstanceProfile, ManagedPolicy, User

PREFIXES: dict[type, str] = {Group: "AGPA", InstanceProfile: "AIPA", ManagedPolicy: "ANPA", User: "AIDA"}
RANDOM_CHARACTERS = 17


def give_prefixes() -> None:
    """Have what is made from now on bear such ids."""
    for kind in PREFIXES:
        patch(kind.__init__)(with_prefix)  # type: ignore[misc]


def with_prefix(make: Callable[..., None], self: Any, *args: Any, **kwargs: Any) -> None:
    """Make a user, group, policy or instance profile with an id of AWS's form."""
    make(self, *args, **kwargs)
    prefix = next(prefix for kind, prefix in PREFIXES.items() if isinstance(self, kind))
    self.id = prefix + "".join(random.choices(string.ascii_uppercase + string.digits, k=RANDOM_CHARACTERS))
