"""IAM policies: decides requests as AWS documents it, says why, and refuses documents that are none.

Pure Python: it knows neither LocalStack nor where policies are kept.
"""

from .evaluation import evaluate
from .types import Decision, Matched, Policies, Policy, Principal, Request
from .validation import MalformedPolicy, check_document

__all__ = [
    "Decision",
    "MalformedPolicy",
    "Matched",
    "Policies",
    "Policy",
    "Principal",
    "Request",
    "check_document",
    "evaluate",
]
