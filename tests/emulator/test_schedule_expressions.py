"""When schedule expressions are due, computed without a server.

https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
"""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

PYTHON = Path(__file__).resolve().parents[2] / "docker/localstack/.venv/bin/python"

DUE = [
    ("cron(0 9 ? * MON-FRI *)", "UTC", "2026-11-20T09:00:00", ["2026-11-23T09:00:00", "2026-11-24T09:00:00"]),
    ("cron(0 9 ? * 2 *)", "UTC", "2026-11-20T00:00:00", ["2026-11-23T09:00:00"]),
    ("cron(15 10 ? * 6L 2027-2028)", "UTC", "2026-11-20T00:00:00", ["2027-01-29T10:15:00", "2027-02-26T10:15:00"]),
    ("cron(0/15 8 L * ? *)", "UTC", "2026-02-01T00:00:00", ["2026-02-28T08:00:00", "2026-02-28T08:15:00"]),
    ("cron(0 0 15W * ? *)", "UTC", "2026-11-01T00:00:00", ["2026-11-16T00:00:00", "2026-12-15T00:00:00"]),
    ("cron(0 12 ? * TUE#2 *)", "UTC", "2026-11-01T00:00:00", ["2026-11-10T12:00:00", "2026-12-08T12:00:00"]),
    ("cron(30 9 1 JAN,JUL ? *)", "UTC", "2026-11-01T00:00:00", ["2027-01-01T09:30:00", "2027-07-01T09:30:00"]),
    ("cron(0 9 * * ? *)", "Europe/Berlin", "2026-10-24T00:00:00", ["2026-10-24T07:00:00", "2026-10-25T08:00:00"]),
    ("cron(30 2 29 3 ? *)", "Europe/Berlin", "2026-01-01T00:00:00", ["2027-03-29T00:30:00"]),
    ("rate(5 minutes)", "UTC", "2026-11-01T00:00:00", ["2026-11-01T00:05:00", "2026-11-01T00:10:00"]),
    ("rate(1 day)", "Europe/Berlin", "2026-10-24T22:00:00", ["2026-10-25T22:00:00"]),
    ("at(2026-11-23T08:30:00)", "America/New_York", "2026-11-01T00:00:00", ["2026-11-23T13:30:00", None]),
    ("cron(0 0 1 1 ? 2020)", "UTC", "2026-11-01T00:00:00", [None]),
]

BAD = [
    "rate(0 minutes)",
    "rate(1 minutes)",
    "rate(5 minute)",
    "rate(5 seconds)",
    "rate(-1 hours)",
    "cron(0 9 * * * *)",
    "cron(0 9 ? * ? *)",
    "cron(60 9 ? * MON *)",
    "cron(0 24 ? * MON *)",
    "cron(0 9 32 * ? *)",
    "cron(0 9 ? 13 MON *)",
    "cron(0 9 ? * MON)",
    "cron(0 9 ? * MON#6 *)",
    "at(2026-11-23 08:30:00)",
    "at(2026-02-30T08:30:00)",
    "every(5 minutes)",
    "",
]

PROGRAM = """
import json, sys
from datetime import UTC, datetime
from dateutil.zoneinfo import get_zonefile_instance
from dva_localstack.schedules.expressions import BadExpression, parse

given = json.load(sys.stdin)
due = []
for text, zone, after, count in given["due"]:
    moment = anchor = datetime.fromisoformat(after).replace(tzinfo=UTC)
    found = []
    for _ in range(count):
        moment = moment and parse(text).next(moment, get_zonefile_instance().zones[zone], anchor)
        found.append(moment and moment.strftime("%Y-%m-%dT%H:%M:%S"))
    due.append(found)

def is_bad(text):
    try:
        parse(text)
    except BadExpression:
        return True
    return False

print(json.dumps({"due": due, "bad": [is_bad(text) for text in given["bad"]]}))
"""


@pytest.fixture(scope="module")
def answers() -> dict[str, Any]:
    """What the emulator's parser says to all cases, in one process of its environment."""
    given = {"due": [(text, zone, after, len(due)) for text, zone, after, due in DUE], "bad": BAD}
    command = [str(PYTHON), "-c", PROGRAM]
    answer = subprocess.run(command, input=json.dumps(given), capture_output=True, text=True, check=True)
    return json.loads(answer.stdout)


@pytest.mark.parametrize("number", range(len(DUE)), ids=[f"{case[0]} {case[1]}" for case in DUE])
def test_an_expression_is_due(answers: dict[str, Any], number: int) -> None:
    assert answers["due"][number] == DUE[number][3]


@pytest.mark.parametrize("number", range(len(BAD)), ids=BAD)
def test_an_expression_that_means_nothing_is_refused(answers: dict[str, Any], number: int) -> None:
    assert answers["bad"][number]
