"""Who is behind an access key: the account's root, a user, or a session, each with its policies and condition keys."""

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime

from localstack.aws.accounts import get_account_id_from_access_key_id

from dva_localstack.iam import identities
from dva_localstack.policy import Policies, Policy, Principal
from dva_localstack.sts import sessions
from dva_localstack.sts.sessions import Session

ROOT_KEY = re.compile(r"\d{12}")
"""A 12-digit access key is the root of the account with that number."""
ALLOW_ALL = Policy(
    "the account's root",
    {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}},
)


@dataclass(frozen=True)
class Caller:
    """The holder of an access key."""

    principal: Principal
    user_id: str
    """The value of ``aws:userid``."""
    identity: tuple[Policy, ...] = ()
    boundary: Policy | None = None
    session: Session | None = None
    """For temporary credentials."""
    tags: dict[str, str] = field(default_factory=dict)
    """Of the user or role itself."""
    secret_access_key: str = ""
    active: bool = True
    """False for an access key that was set inactive."""

    def policies(self, resource: Policy | None = None, resource_must_allow: bool = False) -> Policies:
        """Return the policies that judge a request of this caller, with those of the resource asked for."""
        passed = self.session.policies if self.session else ()
        return Policies(self.identity, self.boundary, passed, resource, resource_must_allow)

    def context(self) -> dict[str, str]:
        """Return the condition keys that the caller brings into each request."""
        if self.session:
            return self.session.context(self.tags)
        return {"aws:userid": self.user_id} | {f"aws:PrincipalTag/{key}": value for key, value in self.tags.items()}


def root(account: str) -> Caller:
    """Return the root of an account."""
    return Caller(Principal("root", account, f"arn:aws:iam::{account}:root"), account)


def user_with_key(account: str, access_key_id: str) -> Caller | None:
    """Return the IAM user of an account that has an access key, or None."""
    for owner in list(identities.backend(account).users.values()):
        for key in owner.access_keys:
            if key.access_key_id != access_key_id:
                continue
            user = identities.user(account, owner.name)
            if user is None:
                return None
            return Caller(
                Principal("user", account, user.arn),
                user.id,
                user.policies,
                user.boundary,
                tags=user.tags,
                secret_access_key=key.secret_access_key,
                active=key.status == "Active",
            )
    return None


def with_session(session: Session) -> Caller:
    """Return the holder of temporary credentials; a role or user that was deleted since has no policies."""
    principal = session.principal
    if session.source_arn.endswith(":root"):
        identity = (ALLOW_ALL,) if session.kind == "federated" else ()
        return Caller(
            principal, session.user_id, identity, session=session, secret_access_key=session.secret_access_key
        )
    source = identities.find(session.source_arn)
    return Caller(
        principal,
        session.user_id,
        source.policies if source else (),
        source.boundary if source else None,
        session,
        source.tags if source else {},
        session.secret_access_key,
    )


def find(access_key_id: str) -> Caller | None:
    """Return who holds an access key, also where it expired or is inactive, or None for an unknown key."""
    if ROOT_KEY.fullmatch(access_key_id):
        return root(access_key_id)
    if session := sessions.find(access_key_id):
        return with_session(session)
    return user_with_key(get_account_id_from_access_key_id(access_key_id), access_key_id)


def now_keys() -> dict[str, str]:
    """Return the condition keys that tell the time."""
    now = datetime.now(UTC)
    return {"aws:CurrentTime": now.strftime("%Y-%m-%dT%H:%M:%SZ"), "aws:EpochTime": str(int(now.timestamp()))}
