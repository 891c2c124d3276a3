"""The credential report: who has which credentials, how old they are, and when they were last used.

LocalStack 4.14.0 leaves the root out, and knows no key that was ever used.
https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_getting-report.html
"""

import csv
import io
from datetime import UTC, datetime
from typing import Any

from localstack.aws.api import CommonServiceException
from localstack.aws.api.iam import GenerateCredentialReportResponse, GetCredentialReportResponse

from dva_localstack.iam import identities

COLUMNS = (
    *("user", "arn", "user_creation_time", "password_enabled", "password_last_used", "password_last_changed"),
    *("password_next_rotation", "mfa_active"),
    *(
        f"access_key_{number}_{what}"
        for number in (1, 2)
        for what in ("active", "last_rotated", "last_used_date", "last_used_region", "last_used_service")
    ),
    *("cert_1_active", "cert_1_last_rotated", "cert_2_active", "cert_2_last_rotated"),
)
NOTHING = "N/A"

MADE: dict[str, tuple[datetime, bytes]] = {}
"""By account: when the last report was made, and its text. One for each account that ever asked for one."""


def text_of(moment: datetime | None) -> str:
    """Return a time as the report writes it."""
    return f"{moment:%Y-%m-%dT%H:%M:%S}+00:00" if moment else NOTHING


def yes(condition: object) -> str:
    """Return a truth as the report writes it."""
    return "true" if condition else "false"


def generate(account: str) -> GenerateCredentialReportResponse:
    """Make an account's report: it is started by the first call, and there at the second.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_GenerateCredentialReport.html
    """
    started = account in MADE
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, COLUMNS, restval=NOTHING, lineterminator="\n")
    writer.writeheader()
    users = list(identities.backend(account).users.values())
    writer.writerows([root_row(account), *map(user_row, users)])
    MADE[account] = datetime.now(UTC), buffer.getvalue().encode()
    if started:
        return GenerateCredentialReportResponse(State="COMPLETE")
    description = "No report exists. Starting a new report generation task"
    return GenerateCredentialReportResponse(State="STARTED", Description=description)


def get(account: str) -> GetCredentialReportResponse:
    """Return an account's last report.

    :raises CommonServiceException: ``ReportNotPresent``
    """
    if account not in MADE:
        message = "No report exists. Call GenerateCredentialReport to generate one."
        raise CommonServiceException("ReportNotPresent", message, 410, True)
    moment, content = MADE[account]
    return GetCredentialReportResponse(Content=content, ReportFormat="text/csv", GeneratedTime=moment)


def root_row(account: str) -> dict[str, str]:
    """Return the line of an account's root, which has no keys here."""
    return {
        "user": "<root_account>",
        "arn": f"arn:aws:iam::{account}:root",
        "password_enabled": "not_supported",
        "password_last_used": "no_information",
        "password_last_changed": "not_supported",
        "password_next_rotation": "not_supported",
        **dict.fromkeys(("mfa_active", "access_key_1_active", "access_key_2_active"), "false"),
        **dict.fromkeys(("cert_1_active", "cert_2_active"), "false"),
    }


def user_row(user: Any) -> dict[str, str]:
    """Return the line of a user."""
    row = {
        "user": user.name,
        "arn": user.arn,
        "user_creation_time": text_of(user.create_date),
        "password_enabled": yes(user.password),
        "password_last_used": "no_information" if user.password else NOTHING,
        "password_last_changed": text_of(user.create_date) if user.password else NOTHING,
        "mfa_active": yes(user.mfa_devices),
        **dict.fromkeys(("cert_1_active", "cert_2_active"), "false"),
        **dict.fromkeys(("access_key_1_active", "access_key_2_active"), "false"),
    }
    for number, key in enumerate(user.access_keys, 1):
        used = key.last_used
        row |= {
            f"access_key_{number}_active": yes(key.status == "Active"),
            f"access_key_{number}_last_rotated": text_of(key.create_date),
            f"access_key_{number}_last_used_date": text_of(used.timestamp if used else None),
            f"access_key_{number}_last_used_region": used.region if used else NOTHING,
            f"access_key_{number}_last_used_service": used.service if used else NOTHING,
        }
    return row
