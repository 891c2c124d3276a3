"""``at``, ``rate`` and ``cron`` expressions, and when they are due.

https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
"""

import calendar
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo

from dateutil.tz import datetime_exists

UNIT_SECONDS = {"minute": 60, "hour": 3_600, "day": 86_400}

MONTHS = {name.upper(): number for number, name in enumerate(calendar.month_abbr) if name}
DAYS = {name: number for number, name in enumerate(("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"), 1)}

FIRST_YEAR, LAST_YEAR = 1970, 2199

FAR_DAYS = 366 * 30
"""How far a due day is looked for: a 29 February on a given weekday comes once in 28 years."""


class BadExpression(ValueError):
    """The text is no schedule expression."""


@dataclass(frozen=True)
class At:
    """One moment, in a time zone that is told later."""

    moment: datetime

    def next(self, after: datetime, zone: tzinfo, anchor: datetime) -> datetime | None:
        """Return the moment in UTC; None if it is over."""
        due = self.moment.replace(tzinfo=zone).astimezone(UTC)
        return due if due > after else None


@dataclass(frozen=True)
class Rate:
    """Every so often."""

    seconds: int

    def next(self, after: datetime, zone: tzinfo, anchor: datetime) -> datetime:
        """Return the first moment after another one, counted from ``anchor``."""
        if anchor > after:
            return anchor
        passed = (after - anchor).total_seconds() // self.seconds
        return anchor + timedelta(seconds=(passed + 1) * self.seconds)


@dataclass(frozen=True)
class Cron:
    """Six fields of which each says what may be."""

    minutes: frozenset[int]
    hours: frozenset[int]
    day_of_month: str
    months: frozenset[int]
    day_of_week: str
    years: frozenset[int]

    def next(self, after: datetime, zone: tzinfo, anchor: datetime) -> datetime | None:
        """Return the first moment after another one, in UTC; a local time that a clock change leaves out is none."""
        start = after.astimezone(zone).date()
        for offset in range(FAR_DAYS):
            day = start + timedelta(days=offset)
            if day.year > LAST_YEAR:
                return None
            if self.on(day):
                for due in self.times(day, zone):
                    if due > after:
                        return due
        return None

    def on(self, day: date) -> bool:
        """Return whether something is due on a day."""
        if day.year not in self.years or day.month not in self.months:
            return False
        return on_day_of_week(self.day_of_week, day) if self.day_of_month == "?" else on_date(self.day_of_month, day)

    def times(self, day: date, zone: tzinfo) -> Iterator[datetime]:
        """Yield the moments of a day, in UTC."""
        for hour in sorted(self.hours):
            for minute in sorted(self.minutes):
                local = datetime(day.year, day.month, day.day, hour, minute, tzinfo=zone)
                if datetime_exists(local):
                    yield local.astimezone(UTC)


Expression = At | Rate | Cron


def parse(text: str) -> Expression:
    """Return what a schedule expression means.

    :param text: for example ``at(2026-11-23T08:30:00)``, ``rate(5 minutes)``, ``cron(0 9 ? * MON-FRI *)``
    :raises BadExpression: it is none
    """
    found = re.fullmatch(r"(at|rate|cron)\((.*)\)", text)
    if not found:
        raise BadExpression(text)
    kind, inside = found.groups()
    parsers: dict[str, Callable[[str], Expression]] = {"at": parse_at, "rate": parse_rate, "cron": parse_cron}
    try:
        return parsers[kind](inside)
    except ValueError as error:
        raise BadExpression(text) from error


def parse_at(text: str) -> At:
    """Return the moment of ``yyyy-mm-ddThh:mm:ss``."""
    return At(datetime.strptime(text, "%Y-%m-%dT%H:%M:%S"))


def parse_rate(text: str) -> Rate:
    """Return the period of ``5 minutes``: a positive number, and the unit in its plural unless it is one."""
    found = re.fullmatch(r"(\d+) (minute|hour|day)(s?)", text)
    if not found or int(found[1]) < 1 or (found[1] == "1") == bool(found[3]):
        raise BadExpression(text)
    return Rate(int(found[1]) * UNIT_SECONDS[found[2]])


def parse_cron(text: str) -> Cron:
    """Return the meaning of the six fields: minutes, hours, day of month, month, day of week, year."""
    fields = text.upper().split()
    if len(fields) != 6:
        raise BadExpression(text)
    minutes, hours, day_of_month, months, day_of_week, years = fields
    if (day_of_month == "?") == (day_of_week == "?"):
        raise BadExpression(text)
    on_date(day_of_month, date(2024, 1, 1))
    on_day_of_week(day_of_week, date(2024, 1, 1))
    return Cron(
        numbers(minutes, 0, 59),
        numbers(hours, 0, 23),
        day_of_month,
        numbers(months, 1, 12, MONTHS),
        day_of_week,
        numbers(years, FIRST_YEAR, LAST_YEAR),
    )


def numbers(field: str, least: int, most: int, names: dict[str, int] | None = None) -> frozenset[int]:
    """Return the numbers that a field allows.

    :param field: a list of ``*``, ``n``, ``n-m``, each perhaps with ``/step``
    :param least: smallest number
    :param most: largest number
    :param names: names of numbers
    :raises ValueError: it means nothing
    """

    def number(text: str) -> int:
        value = (names or {}).get(text)
        value = int(text) if value is None else value
        if not least <= value <= most:
            raise BadExpression(field)
        return value

    allowed: set[int] = set()
    for part in field.split(","):
        span, _, step = part.partition("/")
        first, dash, last = span.partition("-")
        low = least if span == "*" else number(first)
        high = most if span == "*" or (step and not dash) else number(last) if dash else low
        if low > high or (step and int(step) < 1):
            raise BadExpression(field)
        allowed.update(range(low, high + 1, int(step or 1)))
    return frozenset(allowed)


def on_date(field: str, day: date) -> bool:
    """Return whether a day-of-month field allows a day.

    :param field: numbers, ``L`` for the last day, ``15W`` for the weekday nearest to the 15th, or ``?``
    :param day: the day
    """
    if field == "?":
        return True
    last = calendar.monthrange(day.year, day.month)[1]
    if field == "L":
        return day.day == last
    if found := re.fullmatch(r"(\d+)W", field):
        return day.day == nearest_weekday(day.year, day.month, min(int(found[1]), last))
    return day.day in numbers(field, 1, 31)


def nearest_weekday(year: int, month: int, day: int) -> int:
    """Return the day of the month, Monday to Friday, that is nearest to another one and in the same month."""
    last = calendar.monthrange(year, month)[1]
    if not 1 <= day <= last:
        raise BadExpression(f"{day}W")
    weekday = date(year, month, day).weekday()
    if weekday == 5:
        return day - 1 if day > 1 else day + 2
    if weekday == 6:
        return day + 1 if day < last else day - 2
    return day


def on_day_of_week(field: str, day: date) -> bool:
    """Return whether a day-of-week field allows a day.

    :param field: 1 (Sunday) to 7, names, ``L`` for Saturday, ``5L`` for the month's last Thursday, ``3#2`` for its
        second Tuesday, or ``?``
    :param day: the day
    """
    if field == "?":
        return True
    weekday = day.isoweekday() % 7 + 1
    if field == "L":
        return weekday == 7
    if found := re.fullmatch(r"(\w+)#([1-5])", field):
        return weekday in numbers(found[1], 1, 7, DAYS) and (day.day - 1) // 7 + 1 == int(found[2])
    if found := re.fullmatch(r"(\w+)L", field):
        last = calendar.monthrange(day.year, day.month)[1]
        return weekday in numbers(found[1], 1, 7, DAYS) and day.day > last - 7
    return weekday in numbers(field, 1, 7, DAYS)
