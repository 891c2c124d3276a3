"""Passwords of console users, as the account's password policy wants them.

LocalStack 4.14.0 keeps any password, and lets nobody change their own.
https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_passwords_account-policy.html
"""

import re
from typing import Any

from localstack.aws.api import CommonServiceException, RequestContext
from localstack.aws.api.iam import (
    EntityAlreadyExistsException,
    NoSuchEntityException,
    PasswordPolicyViolationException,
)

from dva_localstack.enforcement import callers
from dva_localstack.iam import entities, identities

LEAST_LENGTH, DEFAULT_LENGTH, DEFAULT_KINDS = 6, 8, 3
KINDS = {
    "uppercase": ("require_uppercase_characters", re.compile("[A-Z]")),
    "lowercase": ("require_lowercase_characters", re.compile("[a-z]")),
    "number": ("require_numbers", re.compile("[0-9]")),
    "symbol": ("require_symbols", re.compile(r"[!@#$%^&*()_+\-=\[\]{}|']")),
}
"""Kinds of characters: whether the account's policy requires one, and what they are."""


def check(account: str, password: str) -> None:
    """Refuse a password that the account's policy, or AWS's default one, does not allow.

    :raises PasswordPolicyViolationException: saying what is missing
    """
    policy: Any = identities.backend(account).account_password_policy
    length = policy.minimum_password_length if policy else DEFAULT_LENGTH
    if len(password) < length:
        raise PasswordPolicyViolationException(f"Password should have a minimum length of {length}")
    missing = [name for name, (_, pattern) in KINDS.items() if not pattern.search(password)]
    if policy:
        missing = [name for name in missing if getattr(policy, KINDS[name][0])]
        if missing:
            raise PasswordPolicyViolationException(f"Password should have at least one {missing[0]} character")
    elif len(KINDS) - len(missing) < DEFAULT_KINDS:
        kinds = "uppercase letters, lowercase letters, numbers and symbols"
        raise PasswordPolicyViolationException(f"Password should mix at least {DEFAULT_KINDS} of: {kinds}")


def check_profile(context: RequestContext, request: Any) -> None:
    """Refuse a second password, and one that is not allowed."""
    user = identities.backend(context.account_id).users.get(request["UserName"])
    if user is None:
        raise NoSuchEntityException(f"The user with name {request['UserName']} cannot be found.")
    if user.password:
        raise EntityAlreadyExistsException(f"Login Profile for user {user.name} already exists.")
    check(context.account_id, request["Password"])


def check_update(context: RequestContext, request: Any) -> None:
    """Refuse to change a password that does not exist, or to one that is not allowed."""
    check_has_one(context, request)
    if request.get("Password"):
        check(context.account_id, request["Password"])


def check_has_one(context: RequestContext, request: Any) -> None:
    """Refuse what is about the password of a user who has none."""
    user = identities.backend(context.account_id).users.get(request.get("UserName", ""))
    if user and not user.password:
        raise NoSuchEntityException(f"Login Profile for User {user.name} cannot be found.")


def check_policy(context: RequestContext, request: Any) -> None:
    """Refuse a least length that is too short."""
    if request.get("MinimumPasswordLength", LEAST_LENGTH) < LEAST_LENGTH:
        rule = f"have value greater than or equal to {LEAST_LENGTH}"
        raise entities.constraint("minimumPasswordLength", request["MinimumPasswordLength"], rule)


def change(context: RequestContext, old: str, new: str) -> None:
    """Change the caller's own password.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_ChangePassword.html
    """
    caller = callers.of_key(callers.key_of(context), callers.token_of(context), fresh=False)
    name = caller.principal.arn.rpartition("/")[2]
    user = identities.backend(context.account_id).users.get(name) if caller.principal.kind == "user" else None
    if user is None:
        raise CommonServiceException("InvalidUserType", "Only IAM Users can change their own password", 400, True)
    if not user.password:
        raise NoSuchEntityException(f"Login Profile for User {name} cannot be found.")
    if user.password != old:
        raise CommonServiceException("AccessDenied", "The old password was incorrect.", 403, True)
    check(context.account_id, new)
    user.password, user.password_reset_required = new, False


CHECKS = {
    "CreateLoginProfile": (check_profile,),
    "DeleteLoginProfile": (check_has_one,),
    "GetLoginProfile": (check_has_one,),
    "UpdateAccountPasswordPolicy": (check_policy,),
    "UpdateLoginProfile": (check_update,),
}
"""By operation."""
