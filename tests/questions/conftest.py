"""A small bank with nothing to mend, for tests to break."""

import copy
import datetime as dt
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from dva.questions import Question

GOOD: dict[str, Any] = {
    "id": "queue-grows",
    "skills": {"DVA-C02": ["1.1.8"], "DVA-C03": ["1.1.8"]},
    "difficulty": "easy",
    "section": "what-goes-wrong",
    "scenario": "A worker takes a message, and `ReceiveMessage` gives the same one again after 30 seconds.",
    "ask": "Which call is missing?",
    "options": [
        {"text": "`PurgeQueue`", "why": "It empties the whole queue, with what nobody has read."},
        {"text": "`DeleteMessage`", "right": True, "why": "A message stays until somebody deletes it by its receipt."},
        {"text": "`SendMessageBatch`", "why": "It puts up to ten messages in, and takes none out."},
        {"text": "`GetQueueUrl`", "why": "The worker knows the address: it received something."},
    ],
    "reference": "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_DeleteMessage.html",
    "checked": dt.date(2026, 11, 20),
}

PAGE = """---
title: Queues
---

# Queues

## What goes wrong?

```bash
## No heading
```

## Twice

## Twice
"""


@pytest.fixture
def good() -> dict[str, Any]:
    """A question with nothing to mend, as it stands in a file."""
    return copy.deepcopy(GOOD)


@pytest.fixture
def course(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that makes a checkout with one chapter and one bank file of the given entries."""

    def make(*entries: dict[str, Any], chapter: str = "1-development/queues") -> Path:
        page = tmp_path / "chapters/1-development/queues.md"
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(PAGE)
        bank = tmp_path / "questions/1-development/queues.yaml"
        bank.parent.mkdir(parents=True, exist_ok=True)
        bank.write_text(yaml.safe_dump({"chapter": chapter, "questions": list(entries)}))
        return tmp_path

    return make


@pytest.fixture
def question() -> Callable[..., Question]:
    """Return a function that makes one question from the good one with changes."""

    def make(**changes: Any) -> Question:
        entry = copy.deepcopy(GOOD) | {"chapter": "1-development/queues", "file": "1-development/queues"} | changes
        return Question.model_validate(entry)

    return make


def unlike(number: int, right: int, skills: dict[str, list[str]], lengths: tuple[int, ...] = (4, 4, 4, 4)) -> Question:
    """Make a question that resembles no other.

    :param number: another number makes other words
    :param right: place of the right option
    :param skills: the skills that it counts for
    :param lengths: words of the options
    """
    chance = random.Random(number)

    def words(count: int) -> str:
        return " ".join("".join(chance.choices("bcdfghjklmnpqrstvwxz", k=7)) for _ in range(count))

    entry = copy.deepcopy(GOOD) | {
        "id": f"question-{number}",
        "skills": skills,
        "scenario": words(20),
        "ask": f"Which {words(3)}?",
        "options": [
            {"text": words(length), "right": place == right, "why": words(6)} for place, length in enumerate(lengths)
        ],
        "chapter": "1-development/queues",
        "file": "1-development/queues",
    }
    return Question.model_validate(entry)


@pytest.fixture
def many() -> Callable[..., list[Question]]:
    """Return a function that makes a fair bank: so many questions for each domain, right answers on every place."""

    def make(**per_domain: int) -> list[Question]:
        made: list[Question] = []
        for name, count in per_domain.items():
            number = f"{name[-1]}.1.1"
            for _ in range(count):
                made.append(unlike(len(made), len(made) % 4, {"DVA-C02": [number], "DVA-C03": [number]}))
        return made

    return make


@pytest.fixture
def odd() -> Callable[..., Question]:
    """Return :func:`unlike`."""
    return unlike
