"""A mock exam is drawn by the exam's weights, the same for the same seed, and says when the bank is too small."""

import json
from collections import Counter
from collections.abc import Callable

import pytest

from dva.blueprint import exams
from dva.errors import CourseError
from dva.questions import Question, draw, shares, to_json

MakeMany = Callable[..., list[Question]]


@pytest.mark.parametrize(
    ("exam", "count", "expected"),
    [
        ("DVA-C03", 65, {1: 20, 2: 17, 3: 14, 4: 14}),
        ("DVA-C02", 65, {1: 21, 2: 17, 3: 15, 4: 12}),
        ("DVA-C03", 20, {1: 6, 2: 5, 3: 5, 4: 4}),
        ("DVA-C03", 100, {1: 30, 2: 26, 3: 22, 4: 22}),
        ("DVA-C02", 1, {1: 1, 2: 0, 3: 0, 4: 0}),
    ],
)
def test_shares_by_largest_remainders(exam: str, count: int, expected: dict[int, int]) -> None:
    assert shares(exam, count) == expected


@pytest.mark.parametrize("exam", exams())
@pytest.mark.parametrize("count", [1, 7, 10, 20, 50, 65, 99])
def test_shares_add_up_and_stay_near_the_weights(exam: str, count: int) -> None:
    found = shares(exam, count)
    assert sum(found.values()) == count
    for domain in exams()[exam].domains:
        assert abs(found[domain.id] - count * domain.weight / 100) < 1


def test_an_honest_draw(many: MakeMany) -> None:
    bank = many(d1=40, d2=30, d3=30, d4=30)
    drawn = draw(bank, "DVA-C03", 65, seed=7)
    assert (drawn.preview, drawn.note) == (False, "")
    assert len({one.id for one in drawn}) == 65
    assert Counter(one.domain("DVA-C03") for one in drawn) == {1: 20, 2: 17, 3: 14, 4: 14}
    # Domains are mixed: the first twenty are not all of domain 1.
    assert len({one.domain("DVA-C03") for one in drawn[:20]}) == 4


def test_the_seed_decides(many: MakeMany) -> None:
    bank = many(d1=40, d2=30, d3=30, d4=30)
    assert draw(bank, "DVA-C03", 65, 7) == draw(list(reversed(bank)), "DVA-C03", 65, 7)
    assert draw(bank, "DVA-C03", 65, 7) != draw(bank, "DVA-C03", 65, 8)


def test_every_question_comes_up(many: MakeMany) -> None:
    bank = many(d1=12, d2=12, d3=12, d4=12)
    seen = {one.id for seed in range(40) for one in draw(bank, "DVA-C03", 10, seed)}
    assert seen == {one.id for one in bank}


def test_a_small_bank_gives_a_preview_that_says_so(many: MakeMany) -> None:
    bank = many(d1=60, d2=17, d3=3)
    drawn = draw(bank, "DVA-C03", 65, 1)
    assert drawn.preview
    assert drawn.note == (
        "This is a preview: the bank has too few questions for DVA-C03 yet (3 of 14 in domain 3, 0 of 14 in domain 4)."
    )
    assert len({one.id for one in drawn}) == 65
    assert len(draw(bank[:9], "DVA-C03", 65, 1)) == 9


def test_questions_of_the_other_exam_are_left_out(many: MakeMany, odd: Callable[..., Question]) -> None:
    only_old = [odd(1000 + number, 0, {"DVA-C02": ["1.1.13"], "DVA-C03": []}) for number in range(5)]
    assert not draw(only_old, "DVA-C03", 5, 1)
    assert len(draw(only_old, "DVA-C02", 5, 1)) == 5
    assert only_old[0].domain("DVA-C03") is None


def test_an_unknown_exam(many: MakeMany) -> None:
    with pytest.raises(CourseError, match="no exam 'SAA-C03'; the course knows DVA-C0"):
        draw(many(d1=1), "SAA-C03", 1, 1)


def test_json_for_pages_escapes_html_and_shows_the_fixed_order(question: Callable[..., Question]) -> None:
    one = question(scenario="The *body* is `<b>` & <script>alert(1)</script>.")
    (page,) = json.loads(json.dumps(to_json([one])))
    assert page["scenario"] == (
        "<p>The <em>body</em> is <code>&lt;b&gt;</code> &amp; &lt;script&gt;alert(1)&lt;/script&gt;.</p>\n"
    )
    assert [option["right"] for option in page["options"]] == [option.right for option in one.shown()]
    assert (page["choose"], page["instruction"], page["checked"]) == (1, "", "2026-11-20")
    assert page["domains"] == {"DVA-C02": 1, "DVA-C03": 1}
