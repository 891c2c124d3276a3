"""Giving out temporary credentials."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from localstack.aws.api.sts import Credentials
from moto.iam.models import Role
from moto.sts.utils import random_assumed_role_id, random_session_token

from dva_localstack.iam import identities
from dva_localstack.policy import Policy
from dva_localstack.sts.sessions import Session, remember


@dataclass(frozen=True)
class Grant:
    """What a session is given beside its name."""

    seconds: int
    policies: tuple[Policy, ...] = ()
    tags: dict[str, str] = field(default_factory=dict)
    transitive: frozenset[str] = frozenset()
    source_identity: str = ""
    mfa: bool = False
    """Whether a code of an MFA device came with the request."""
    provider: str = ""
    claims: dict[str, str] = field(default_factory=dict)


def issue(kind: str, account: str, arn: str, source_arn: str, user_id: str, grant: Grant) -> Session:
    """Give out credentials and remember them; the parameters are those of `Session`."""
    key = identities.backend(account).create_temp_access_key()
    issued = datetime.now(UTC).replace(microsecond=0)
    session = Session(
        access_key_id=key.access_key_id,
        secret_access_key=key.secret_access_key,
        session_token=random_session_token(),
        kind=kind,
        account=account,
        arn=arn,
        source_arn=source_arn,
        user_id=user_id,
        issued=issued,
        expires=issued + timedelta(seconds=grant.seconds),
        policies=grant.policies,
        tags=grant.tags,
        transitive=grant.transitive,
        source_identity=grant.source_identity,
        mfa_at=issued if grant.mfa else None,
        provider=grant.provider,
        claims=grant.claims,
    )
    remember(session)
    return session


def role_session(role_arn: str, role: Role | None, name: str, grant: Grant) -> Session:
    """Give out a session of a role; services may name a role that does not exist."""
    account = role_arn.split(":")[4]
    role_id = role.id if role else f"AROA{random_assumed_role_id()}"
    arn = f"arn:aws:sts::{account}:assumed-role/{role_arn.rpartition('/')[2]}/{name}"
    return issue("role", account, arn, role_arn, f"{role_id}:{name}", grant)


def credentials(session: Session) -> Credentials:
    """Return a session's credentials as STS answers them."""
    return Credentials(
        AccessKeyId=session.access_key_id,
        SecretAccessKey=session.secret_access_key,
        SessionToken=session.session_token,
        Expiration=session.expires,
    )
