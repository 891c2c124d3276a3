"""The pipes that there are."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from localstack.services.stores import AccountRegionBundle, BaseStore, LocalAttribute

QUEUE_DEFAULTS = {"BatchSize": 10, "MaximumBatchingWindowInSeconds": 0}
"""Parameters of a queue that a pipe does not name:
https://docs.aws.amazon.com/eventbridge/latest/pipes-reference/API_PipeSourceSqsQueueParameters.html"""


@dataclass
class Pipe:
    """One pipe: what was asked for, and what it is doing."""

    name: str
    arn: str
    request: dict[str, Any]
    """The parameters of CreatePipe, with those of later updates."""
    desired: str
    state: str
    reason: str | None = None
    tags: dict[str, str] = field(default_factory=dict)
    created: datetime = field(default_factory=lambda: datetime.now(UTC))
    modified: datetime = field(default_factory=lambda: datetime.now(UTC))

    def summary(self) -> dict[str, Any]:
        """Return the members that ListPipes shows, and the answers to changes."""
        shown = {
            "Name": self.name,
            "Arn": self.arn,
            "DesiredState": self.desired,
            "CurrentState": self.state,
            "CreationTime": self.created,
            "LastModifiedTime": self.modified,
        }
        return shown | ({"StateReason": self.reason} if self.reason else {})

    def described(self) -> dict[str, Any]:
        """Return all that DescribePipe shows."""
        source = self.request.get("SourceParameters") or {}
        if ":sqs:" in self.request["Source"]:
            source = {**source, "SqsQueueParameters": {**QUEUE_DEFAULTS, **(source.get("SqsQueueParameters") or {})}}
        return {**self.request, "SourceParameters": source, **self.summary(), "Tags": self.tags}


class PipesStore(BaseStore):
    """The pipes of one account and Region, by name."""

    pipes: dict[str, Pipe] = LocalAttribute(default=dict)


pipes_stores = AccountRegionBundle("pipes", PipesStore)
