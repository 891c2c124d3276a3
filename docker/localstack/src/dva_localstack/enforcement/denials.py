"""Why was I denied? The last refusals of each account with the evaluator's explanation, for the log and for learners.

``GET /_dva/iam/last-denials?account=123456789012`` answers them as JSON, the newest first.
"""

import json
import logging
from collections import defaultdict, deque
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from localstack.http import Request, Response

from dva_localstack.policy import Decision

from .callers import Caller
from .needs.call import Need

LOG = logging.getLogger(__name__)

PATH = "/_dva/iam/last-denials"
KEPT = 20
"""Refusals kept for each account."""


@dataclass(frozen=True)
class Denial:
    """One refusal."""

    principal: str
    action: str
    resource: str
    reason: str
    """``explicit-deny`` or ``implicit-deny``."""
    policy_type: str
    explanation: str
    statements: list[dict[str, Any]] = field(default_factory=list)
    """Those that denied: policy, statement, effect."""
    time: str = ""


LAST: dict[str, deque[Denial]] = defaultdict(lambda: deque(maxlen=KEPT))
"""By account: the caller's and the resource's owner's."""


def remember(caller: Caller, need: Need, decision: Decision, owner: str) -> None:
    """Keep a refusal for both accounts that it concerns, and say it in the log."""
    denial = Denial(
        caller.name,
        need.action,
        need.resource,
        decision.reason,
        decision.policy_type,
        decision.explanation,
        [asdict(each) for each in decision.statements],
        datetime.now(UTC).isoformat(timespec="milliseconds"),
    )
    for account in {caller.principal.account, owner} - {""}:
        LAST[account].appendleft(denial)
    LOG.info("IAM denied %s on %s to %s: %s", need.action, need.resource, caller.name, decision.explanation)


def answer(request: Request, **_: str) -> Response:
    """Answer the last refusals of the account in the query."""
    account = request.args.get("account", "")
    found = [asdict(denial) for denial in list(LAST.get(account, ()))]
    return Response(json.dumps({"account": account, "denials": found}), mimetype="application/json")
