"""When a secret is rotated. Imports nothing but the schedule expressions.

https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_schedule.html
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from dva_localstack.schedules import expressions

SHORTEST_HOURS, LONGEST_DAYS = 4, 999
"""https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_schedule.html"""


class BadRules(ValueError):
    """Rules of a rotation that Secrets Manager refuses."""


def check(rules: Mapping[str, Any]) -> None:
    """Refuse rules that are none.

    :raises BadRules: with the reason
    """
    days, text = rules.get("AutomaticallyAfterDays"), rules.get("ScheduleExpression")
    if days is not None and text is not None:
        raise BadRules("You can't specify both AutomaticallyAfterDays and ScheduleExpression in RotationRules.")
    hours = window_hours(rules)
    if text is None:
        if hours is not None and hours > 24:
            raise BadRules("The rotation window is too long.")
        return
    try:
        schedule = expressions.parse(text)
    except expressions.BadExpression:
        raise BadRules(f"Invalid ScheduleExpression: {text}") from None
    least: float = 24
    if isinstance(schedule, expressions.Rate):
        if "minute" in text or not SHORTEST_HOURS * 3600 <= schedule.seconds <= LONGEST_DAYS * 86400:
            raise BadRules(f"A rate is at least {SHORTEST_HOURS} hours and at most {LONGEST_DAYS} days: {text}")
        least = min(24, schedule.seconds / 3600)
    elif isinstance(schedule, expressions.Cron):
        times = sorted(schedule.hours)
        gaps = [later - earlier for earlier, later in zip(times, [*times[1:], times[0] + 24], strict=True)]
        if schedule.minutes != {0} or text.split()[-1] != "*)" or min(gaps) < SHORTEST_HOURS:
            raise BadRules(f"A cron has 0 minutes, every year, and {SHORTEST_HOURS} hours between two times: {text}")
        least = min(gaps)
    else:
        raise BadRules(f"Invalid ScheduleExpression: {text}")
    if hours is not None and hours > least:
        raise BadRules("The rotation window must not reach into the next one.")


def window_hours(rules: Mapping[str, Any]) -> int | None:
    """Return how long a rotation window is; None for the default.

    :raises BadRules: it is no number of hours
    """
    text = rules.get("Duration")
    if text is None:
        return None
    found = re.fullmatch(r"([1-9]\d?)h", text)
    if not found:
        raise BadRules(f"Invalid Duration: {text}")
    return int(found[1])


def next_window(rules: Mapping[str, Any], after: datetime) -> datetime | None:
    """Return when the next rotation window opens, in UTC.

    A number of days, and a rate in days, opens at midnight; a rate in hours at the full hour.

    :param after: the last rotation, or the moment when the rules were given
    """
    text = rules.get("ScheduleExpression")
    days = rules.get("AutomaticallyAfterDays")
    if days:
        text = f"rate({days} day{'' if days == 1 else 's'})"
    if not text:
        return None
    schedule = expressions.parse(text)
    if isinstance(schedule, expressions.Rate):
        start = after.replace(minute=0, second=0, microsecond=0)
        if schedule.seconds % 86400 == 0 and "hour" not in text:
            start = start.replace(hour=0)
        return start + timedelta(seconds=schedule.seconds)
    return schedule.next(after, UTC, after)


def window_end(rules: Mapping[str, Any], opens: datetime) -> datetime:
    """Return when a rotation window closes: with the day, or for windows that repeat within a day after an hour."""
    hours = window_hours(rules)
    text = rules.get("ScheduleExpression") or ""
    if hours is None and ("hour" in text or ("cron" in text and len(expressions.parse(text).hours) > 1)):  # type: ignore[union-attr]
        hours = 1
    if hours is not None:
        return opens + timedelta(hours=hours)
    return opens.replace(hour=23, minute=59, second=59)
