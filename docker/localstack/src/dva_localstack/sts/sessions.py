"""The temporary credentials that were given out, found again by their access key.

What a session carries: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime

from dva_localstack.policy import Policy, Principal


@dataclass(frozen=True)
class Session:
    """One set of temporary credentials and what it stands for."""

    access_key_id: str
    secret_access_key: str
    session_token: str
    kind: str
    """``role``; ``federated`` of GetFederationToken; ``user`` or ``root`` of GetSessionToken."""
    account: str
    arn: str
    """``arn:aws:sts::…:assumed-role/ROLE/NAME``, ``…:federated-user/NAME``, or the user's or root's own ARN."""
    source_arn: str
    """The ARN of the role, or of the user (or root) who asked."""
    user_id: str
    """The value of ``aws:userid``: ``AROA…:NAME`` for a role."""
    issued: datetime
    expires: datetime
    policies: tuple[Policy, ...] = ()
    """Session policies."""
    tags: dict[str, str] = field(default_factory=dict)
    """Session tags, the transitive ones of earlier sessions among them; they hide the role's own of the same key."""
    transitive: frozenset[str] = frozenset()
    """Keys, in lower case, of the tags that go on to the next role."""
    source_identity: str = ""
    mfa_at: datetime | None = None
    """When a code of an MFA device was given."""
    provider: str = ""
    """Who vouched for a web identity: the value of ``aws:FederatedProvider``."""
    claims: dict[str, str] = field(default_factory=dict)
    """Condition keys of the web identity, such as ``cognito-identity.amazonaws.com:sub``."""

    @property
    def principal(self) -> Principal:
        """Return the session as evaluation knows it."""
        source = self.source_arn if self.kind in ("role", "federated") else ""
        return Principal(self.kind, self.account, self.arn, source)

    @property
    def expired(self) -> bool:
        """Tell whether the credentials have run out."""
        return datetime.now(UTC) >= self.expires

    def context(self, principal_tags: dict[str, str] | None = None) -> dict[str, str]:
        """Return the condition keys that the session brings into each request.

        :param principal_tags: the tags of the role or user itself
        """
        keys = {
            "aws:userid": self.user_id,
            "aws:TokenIssueTime": self.issued.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "aws:MultiFactorAuthPresent": "true" if self.mfa_at else "false",
        }
        if self.mfa_at:
            keys["aws:MultiFactorAuthAge"] = str(int((datetime.now(UTC) - self.mfa_at).total_seconds()))
        if self.source_identity:
            keys["aws:SourceIdentity"] = self.source_identity
        if self.provider:
            keys["aws:FederatedProvider"] = self.provider
        given = {key.lower() for key in self.tags}
        inherited = {key: value for key, value in (principal_tags or {}).items() if key.lower() not in given}
        tags = {f"aws:PrincipalTag/{key}": value for key, value in (inherited | self.tags).items()}
        return keys | tags | self.claims


SESSIONS: dict[str, Session] = {}
"""By access key id. Expired ones stay, so that their callers learn ExpiredToken and not that the key is unknown."""


def remember(session: Session) -> None:
    """Keep a session, so that its access key is known from now on."""
    SESSIONS[session.access_key_id] = session


def find(access_key_id: str) -> Session | None:
    """Return the session with an access key, expired or not, or None where there never was one."""
    return SESSIONS.get(access_key_id)
