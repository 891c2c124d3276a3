"""What the emulator knows of a resource by its ARN: who owns it, its policy, its tags."""

from .owners import owner_of
from .policies import must_allow, policy_of
from .tags import tags_of

__all__ = ["must_allow", "owner_of", "policy_of", "tags_of"]
