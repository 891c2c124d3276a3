"""Whether IAM is enforced."""

import os

SWITCH = "DVA_ENFORCE_IAM"
"""Environment variable: ``0`` turns enforcement off; ``dva-localstack --no-iam`` sets it."""


def enabled() -> bool:
    """Tell whether enforcement is on."""
    return os.environ.get(SWITCH, "1").strip().lower() not in ("0", "false", "off", "no")
