"""The page of services says what the emulator's table and the comparison say."""

import datetime as dt
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

from dva import servicetable
from dva.servicetable import Comparison, Service

ROOT = Path(__file__).parents[2]
PAGE = "chapters/reference/services.html"


def test_every_service_and_everything_it_lacks_is_on_the_page(pages: dict[str, BeautifulSoup]) -> None:
    article = pages[PAGE].find("article")
    assert article is not None
    shown = {code.get_text() for code in article.select("td:first-child code")}
    services = servicetable.load_services(ROOT)
    assert shown == set(services)
    items = [item.get_text(" ", strip=True) for item in article.select("li")]
    assert len(items) >= sum(len(service.lacks) for service in services.values())


def test_the_comparison_adds_up() -> None:
    services = {"s3": Service(title="S3", backend="course"), "sqs": Service(title="SQS", backend="localstack")}
    comparison = Comparison(
        date=dt.date(2026, 11, 23),
        command="measure",
        versions={"localstack": "4", "ministack": "1"},
        services={
            "s3": {"course": (5, 5), "localstack": (2, 5), "ministack": (3, 5)},
            "sqs": {"course": (1, 2), "localstack": (1, 2), "ministack": (0, 2)},
        },
    )
    lines = servicetable.comparison_markdown(comparison, services).splitlines()
    assert "| S3 (5) | 5 | 2 | 3 |" in lines
    assert "| **All (7)** | **6** | **3** | **3** |" in lines
    assert lines[-1] == "Measured on November 23, 2026 with LocalStack 4, MiniStack 1 by `measure`."


def test_a_committed_comparison_is_about_services_of_the_table() -> None:
    comparison = servicetable.load_comparison(ROOT)
    assert comparison is None or set(comparison.services) <= set(servicetable.load_services(ROOT))


def test_every_test_of_the_emulator_is_about_a_service_of_the_table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "tests/bench"))
    import compare

    known = set(servicetable.load_services(ROOT))
    assert all(
        compare.service_of(path.stem, known) for path in compare.SUITE.glob("test_*.py") if path.stem not in compare.OWN
    )
