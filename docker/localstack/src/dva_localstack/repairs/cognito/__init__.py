"""Cognito in the MiniStack child: what 1.5.33 leaves out or answers otherwise than AWS documents.

MiniStack keeps the pools, users and groups, runs SRP, and signs. It checks codes, secret hashes and tokens only
where it also enforces IAM, which is LocalStack's matter here; it does not look for user pools in other accounts;
and it calls a Lambda of its own. Each module names the faults that it mends.
"""

from types import ModuleType

from dva_localstack.repairs.cognito import (
    challenges,
    choice,
    codes,
    defaults,
    developers,
    dispatch,
    hosted,
    identity,
    keys,
    passwords,
    pools,
    schema,
    scope,
    sessions,
    sign_in,
    sign_up,
    tokens,
    users,
)

OPERATIONS = (choice, developers, passwords)
"""Modules that register operations and patch nothing."""


PARTS = (
    scope,
    keys,
    codes,
    schema,
    tokens,
    challenges,
    sessions,
    defaults,
    pools,
    sign_up,
    sign_in,
    users,
    hosted,
    identity,
    dispatch,
)


def apply(_cognito: ModuleType) -> None:
    """Repair Cognito before its first request."""
    for part in PARTS:
        part.apply()
