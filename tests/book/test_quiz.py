"""Quizzes in chapters, mock exam, drill and repetition, in a browser and by their HTML.

The exam pages are tried with a bank of 130 tiny questions over all four domains, which a small project of its own
turns into pages with the same code as the book's.
"""

import json
import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
import yaml
from bs4 import BeautifulSoup
from filelock import FileLock

from dva import blueprint, questions, quizpages

ROOT = Path(__file__).parents[2]
PHONE = {"width": 390, "height": 844}
PER_DOMAIN = {1: 33, 2: 33, 3: 32, 4: 32}
S3 = "chapters/1-development/s3-objects.html"
SQS = "chapters/1-development/sqs-queues.html"
EXAM_PAGES = ("mock-exam", "drill", "repetition")

Build = Callable[[Path, Path], tuple[int, str]]


# -- a small project ----------------------------------------------------------------------------------------


def _question(domain: int, number: int) -> dict[str, Any]:
    """A tiny question; each tenth wants two answers. Its skills go round the domain's, in both exams."""
    rights = 2 if number % 10 == 0 else 1
    skills = {}
    for code, exam in blueprint.exams().items():
        known = [one.id for part in exam.domains if part.id == domain for one in part.skills()]
        skills[code] = [known[number % len(known)]]
    return {
        "id": f"tiny-{domain}-{number}",
        "skills": skills,
        "difficulty": "easy",
        "section": f"part-{domain}",
        "scenario": f"Tiny question {number} of domain {domain}, with `code`.",
        "ask": "Which is right?",
        "options": [
            {"text": f"Option {n} of {domain}-{number}", "right": n < rights, "why": f"Why {n} of {domain}-{number}."}
            for n in range(5)
        ],
        "reference": "https://docs.aws.amazon.com/lambda/",
        "checked": blueprint.exams()["DVA-C03"].checked,
    }


def _small_project(project: Path, page: str, bank: dict[str, list[dict[str, Any]]]) -> None:
    """A project whose book has one topic and, if asked for, the exam pages."""
    (project / "chapters/topic").mkdir(parents=True)
    (project / "questions/topic").mkdir(parents=True)
    for name, entries in bank.items():
        text = yaml.safe_dump({"chapter": "topic/all", "questions": entries})
        (project / f"questions/topic/{name}.yaml").write_text(text, encoding="utf-8")
    (project / "chapters/topic/all.md").write_text(page, encoding="utf-8")
    for name in EXAM_PAGES:
        (project / f"chapters/{name}.md").write_text(f"# {name}\n\n```{{{name}}}\n```\n", encoding="utf-8")
    chapters = [{"file": f"chapters/{name}"} for name in EXAM_PAGES]
    toc = {"format": "jb-book", "root": "chapters/topic/all", "chapters": chapters}
    (project / "_toc.yml").write_text(yaml.safe_dump(toc), encoding="utf-8")
    config = yaml.safe_load((ROOT / "_config.yml").read_text("utf-8"))
    config["logo"] = config["html"]["favicon"] = ""
    for key in ("html_static_path", "templates_path"):
        folders = config["sphinx"]["config"].get(key, [])
        config["sphinx"]["config"][key] = [str(ROOT / folder) for folder in folders]
    (project / "_config.yml").write_text(yaml.safe_dump(config), encoding="utf-8")


@pytest.fixture(scope="session")
def tiny(build_book: Build, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Address (file) of the small project's pages, built once for all workers."""
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    project, output, result = shared / "tiny-project", shared / "tiny", shared / "tiny.json"
    with FileLock(shared / "tiny.lock"):
        if not result.exists():
            page = "# All\n\n" + "".join(f"## Part {n}\n\nText.\n\n" for n in PER_DOMAIN)
            page += "## Check yourself\n\n```{quiz} topic/domain-1\n```\n"
            bank = {f"domain-{d}": [_question(d, n) for n in range(count)] for d, count in PER_DOMAIN.items()}
            _small_project(project, page, bank)
            result.write_text(json.dumps(build_book(project, output)), encoding="utf-8")
    code, said = json.loads(result.read_text("utf-8"))
    assert code == 0, said
    return (output / "_build/html").as_uri() + "/"


# -- helpers ------------------------------------------------------------------------------------------------


def _bank(page: Any) -> dict[str, Any]:
    """The questions of an exam page by id."""
    return {question["id"]: question for question in page.evaluate("window.dvaBank.questions")}


def _answer(page: Any, bank: dict[str, Any], right: bool) -> str:
    """Tick an answer of the question that shows; gives its id."""
    form = page.locator("form.quiz-question")
    question = bank[form.get_attribute("data-question")]
    rights = [option["key"] for option in question["options"] if option["right"]]
    wrongs = [option["key"] for option in question["options"] if not option["right"]]
    for key in rights if right else wrongs[: question["choose"]]:
        form.locator(f'input[value="{key}"]').check()
    return str(question["id"])


def _click(page: Any, name: str) -> None:
    page.locator(".exam-page").get_by_role("button", name=name, exact=True).click()


def _stored(page: Any, name: str) -> Any:
    return json.loads(page.evaluate(f"localStorage.getItem('dva:{name}')") or "null")


def _ours(errors: list[str]) -> list[str]:
    """Errors other than the icon font, which browsers refuse to a page without a server."""
    return [error for error in errors if "fontawesome" not in error and "net::ERR_FAILED" not in error]


def _chapter_answers(page: BeautifulSoup) -> list[tuple[str, list[str], list[str]]]:
    """Id, right and wrong keys of a chapter's questions."""
    found = []
    for entry in page.select(".quiz-answer"):
        keys = {"true": [], "false": []}
        for item in entry.select("li[data-key]"):
            keys[item["data-right"]].append(item["data-key"])
        found.append((entry["data-question"], keys["true"], keys["false"]))
    return found


# -- what the build writes ----------------------------------------------------------------------------------


def test_a_quiz_shows_every_question_of_its_file(pages: dict[str, BeautifulSoup]) -> None:
    """And the key explains every option."""
    shown = {quiz["data-quiz"]: quiz for page in pages.values() for quiz in page.select(".quiz")}
    assert len(shown) >= 4
    for name, quiz in shown.items():
        bank = questions.load_file(ROOT / f"questions/{name}.yaml")
        assert [form["data-question"] for form in quiz.select("form")] == [one.id for one in bank], name
        for one, form, key in zip(bank, quiz.select("form"), quiz.select(".quiz-answer"), strict=True):
            assert len(form.select(".quiz-option input")) == len(one.options), one.id
            assert ("Choose TWO." in form.get_text()) == (one.choose == 2), one.id
            assert form.select_one("fieldset > legend") is not None, one.id
            assert [li["data-key"] for li in key.select("li")] == [i["value"] for i in form.select("input")], one.id
            assert sum(li["data-right"] == "true" for li in key.select("li")) == one.choose, one.id
            assert all(li.select_one(".quiz-why-text").get_text(strip=True) for li in key.select("li")), one.id


def test_the_bank_is_written_once_and_its_links_resolve(html: Path, pages: dict[str, BeautifulSoup]) -> None:
    text = (html / "_static/bank.js").read_text("utf-8")
    data = json.loads(text.removeprefix("window.dvaBank = ").removesuffix(";\n"))
    assert [one["id"] for one in data["questions"]] == [one.id for one in questions.load(ROOT)]
    assert list(data["exams"]) == ["DVA-C03", "DVA-C02"]
    for one in data["questions"]:
        parts = urlsplit(one["href"])
        taught = pages[unquote(parts.path)]
        assert taught.find(id=unquote(parts.fragment)) is not None, one["id"]
        assert one["title"], one["id"]
        assert all(one["scenario"] not in str(pages[f"chapters/exams/{name}.html"]) for name in EXAM_PAGES), one["id"]


def test_a_page_loads_the_scripts_that_it_uses(pages: dict[str, BeautifulSoup]) -> None:
    loaded = {}
    for name, page in pages.items():
        sources = [urlsplit(str(tag["src"])).path for tag in page.find_all("script", src=True)]
        ours = [one.rpartition("_static/")[2] for one in sources if "quiz" in one or "exam/" in one or "bank" in one]
        if ours or page.select(".quiz, .exam-page"):
            loaded[name] = ours
    practice = ["quiz-core.js", "bank.js", "exam/core.js", "exam/result.js", "exam/data.js", "exam/practice.js"]
    assert loaded.pop("chapters/exams/mock-exam.html") == [*practice[:-1], "exam/mock-exam.js"]
    assert loaded.pop("chapters/exams/drill.html") == [*practice, "exam/drill.js"]
    assert loaded.pop("chapters/exams/repetition.html") == [*practice, "exam/repetition.js"]
    assert len(loaded) >= 4
    for name, ours in loaded.items():
        assert pages[name].select(".quiz"), name
        assert ours == ["quiz-core.js", "quiz.js"], name


def test_the_scripts_of_a_chapter_stay_small(html: Path) -> None:
    assert sum((html / "_static" / name).stat().st_size for name in ("quiz-core.js", "quiz.js")) < 12_000


def test_exam_data_is_the_blueprints() -> None:
    data = quizpages.exam_data("DVA-C03")
    assert (data["questions"], data["minutes"]) == (65, 130)
    assert sum(domain["weight"] for domain in data["domains"]) == 100
    assert data["skills"]["1.1.1"] == blueprint.skill("DVA-C03", "1.1.1").text


def test_an_option_keeps_its_key_where_it_moves_and_loses_it_where_it_changes() -> None:
    assert quizpages.option_key("a") == quizpages.option_key("a")
    assert quizpages.option_key("a") != quizpages.option_key("b")


def test_what_cannot_be_asked_fails_the_build(build_book: Build, tmp_path: Path) -> None:
    """An unknown bank file is answered with the choices; a section that is not there, with the sections."""
    lost = _question(1, 1) | {"section": "nowhere"}
    page = "# All\n\n## Part 1\n\nText.\n" + "".join(
        f"\n```{{quiz}} topic/{name}\n```\n" for name in ("typo", "broken", "lost")
    )
    _small_project(tmp_path / "project", page, {"lost": [lost], "broken": [{"id": "x"}]})
    code, said = build_book(tmp_path / "project", tmp_path / "out")
    assert code != 0
    assert "all.md:7" in said
    assert "there is no questions/topic/typo.yaml; there are: topic/broken, topic/lost" in said
    assert "all.md:10" in said
    assert "chapters/topic/all has no section #nowhere; it has: all, part-1" in said


# -- a chapter's quiz ---------------------------------------------------------------------------------------


def test_a_quiz_is_answered_by_keyboard_alone(visit: Any, site: str, pages: dict[str, BeautifulSoup]) -> None:
    """Wrong, read why, try again, right; a reload remembers it."""
    name, rights, wrongs = _chapter_answers(pages[S3])[0]
    with visit(site) as tab:
        tab.page.goto(site + S3)
        form = tab.page.locator(f'form[data-question="{name}"]')
        keys = form.locator("input").evaluate_all("all => all.map(one => one.value)")
        verdict = form.locator(".quiz-verdict")
        press = tab.page.keyboard.press

        form.locator("input").first.focus()
        press("Enter")
        assert verdict.inner_text() == "Choose an answer first."

        press("Space")
        for _ in range(keys.index(wrongs[0])):
            press("ArrowDown")
        press("Tab")
        assert tab.page.evaluate("document.activeElement.textContent") == "Check"
        press("Enter")
        assert verdict.inner_text().startswith("Not right")
        assert verdict.get_attribute("aria-live") == "polite"
        assert form.locator(".quiz-why").count() == len(keys)
        assert "your answer" in form.locator(f'[data-key="{wrongs[0]}"] .quiz-why').inner_text()
        assert form.get_by_role("link", name="AWS documentation").is_visible()

        assert tab.page.evaluate("document.activeElement.textContent") == "Try again"
        press("Enter")
        assert form.locator(".quiz-why").count() == 0
        assert tab.page.evaluate("document.activeElement.value") == keys[0]
        press("Space")
        for _ in range(keys.index(rights[0])):
            press("ArrowDown")
        press("Enter")
        assert verdict.inner_text() == "Right."
        assert _stored(tab.page, "quiz")[name]["right"] is True
        assert _stored(tab.page, "boxes")[name]["box"] == 1  # missed at first: it comes back

        tab.page.reload()
        assert form.locator(".quiz-verdict").inner_text() == "Right."
        assert form.locator(f'input[value="{rights[0]}"]').is_checked()
        assert (tab.errors, tab.outside) == ([], [])


def test_multiple_response_wants_as_many_as_it_says(visit: Any, site: str, pages: dict[str, BeautifulSoup]) -> None:
    name, rights, wrongs = next(entry for entry in _chapter_answers(pages[SQS]) if len(entry[1]) == 2)
    with visit(site) as tab:
        tab.page.goto(site + SQS)
        form = tab.page.locator(f'form[data-question="{name}"]')
        button, verdict = form.get_by_role("button"), form.locator(".quiz-verdict")
        assert "Choose TWO." in form.locator("legend").inner_text()

        form.locator(f'input[value="{rights[0]}"]').check()
        button.click()
        assert verdict.inner_text() == "Choose TWO answers; you have 1."
        form.locator(f'input[value="{wrongs[0]}"]').check()
        button.click()
        assert verdict.inner_text().startswith("Not right")
        button.click()
        for key in rights:
            form.locator(f'input[value="{key}"]').check()
        button.click()
        assert verdict.inner_text() == "Right."


def test_without_javascript_the_key_is_one_click_away(visit: Any, site: str) -> None:
    with visit(site, java_script_enabled=False) as tab:
        tab.page.goto(site + S3)
        assert tab.page.locator(".quiz-option input").first.is_visible()
        answer = tab.page.locator(".quiz-answer").first
        assert not answer.is_visible()
        tab.page.locator(".quiz-key summary").click()
        assert answer.is_visible()


def test_print_has_the_questions_and_the_key(visit: Any, site: str) -> None:
    with visit(site) as tab:
        tab.page.goto(site + S3)
        answer = tab.page.locator(".quiz-answer").first
        assert not answer.is_visible()
        tab.page.emulate_media(media="print")
        tab.page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
        assert answer.is_visible()
        assert not tab.page.get_by_role("button", name="Check").first.is_visible()


# -- the mock exam ------------------------------------------------------------------------------------------


def test_the_books_exam_says_how_honest_it_is(visit: Any, site: str) -> None:
    """Preview with the number of questions while the bank is too small; the Python draw is the judge."""
    with visit(site) as tab:
        tab.page.goto(site + "chapters/exams/mock-exam.html")
        for code in ("DVA-C03", "DVA-C02"):
            tab.page.get_by_role("radio", name=code).check()
            bank = [one for one in questions.load(ROOT) if one.domain(code) is not None]
            note = tab.page.locator(".exam-preview")
            assert note.count() == questions.draw(bank, code, 65, 1).preview
            if note.count():
                assert f"Preview: the bank has {len(bank)} questions for {code}." in note.inner_text()


def test_a_mock_exam_to_its_end_with_a_reload_in_the_middle(visit: Any, tiny: str) -> None:
    with visit(tiny) as tab:
        page = tab.page
        page.clock.install(time="2026-11-23T10:00:00Z")
        page.goto(tiny + "chapters/mock-exam.html")
        assert page.locator(".exam-preview").count() == 0
        bank = _bank(page)
        _click(page, "Start the exam")

        session = _stored(page, "exam")
        domains = Counter(int(bank[one]["skills"]["DVA-C03"][0][0]) for one in session["ids"])
        assert domains == questions.shares("DVA-C03", 65)
        assert len(set(session["ids"])) == 65
        assert page.get_by_role("timer").inner_text() == "2:10:00"

        missed = []
        for place in range(62):
            right = place % 3 != 0
            name = _answer(page, bank, right)
            if not right:
                missed.append(name)
            if place == 4:
                _click(page, "Flag for review")
            if place == 30:
                shown = page.locator("form .quiz-letter + span").all_inner_texts()
                page.clock.fast_forward("20:00")
                page.reload()
                assert page.get_by_role("heading", name="Question 31 of 65").is_visible()
                assert page.locator("form .quiz-letter + span").all_inner_texts() == shown
                assert len(page.locator("form input:checked").all()) == bank[name]["choose"]
                assert page.get_by_role("timer").inner_text() <= "1:50:00"
            _click(page, "Next")
        missed += _stored(page, "exam")["ids"][62:]

        numbers = page.get_by_role("navigation", name="Questions of this exam").get_by_role("button")
        assert numbers.count() == 65
        assert numbers.nth(4).get_attribute("aria-label") == "Question 5, answered, flagged"
        assert numbers.nth(64).get_attribute("aria-label") == "Question 65, not answered"

        _click(page, "Submit the exam")
        dialog = page.get_by_role("dialog")
        assert "3 questions are not fully answered (63, 64, 65)" in dialog.inner_text()
        page.keyboard.press("Escape")
        assert page.get_by_role("heading", name="Question 63 of 65").is_visible()
        _click(page, "Submit the exam")
        dialog.get_by_role("button", name="Submit now").click()

        right = 65 - len(missed)
        assert page.get_by_role("heading", name=f"Your mock exam: {round(100 * right / 65)}%").is_visible()
        text = page.locator(".exam-page").inner_text()
        assert f"{right} of 65 questions right for DVA-C03" in text
        assert "is not published" in text
        rows = page.locator(".exam-domains tbody tr").all_inner_texts()
        assert len(rows) == 4
        for domain, row in zip(sorted(domains), rows, strict=True):
            good = domains[domain] - sum(one.startswith(f"tiny-{domain}-") for one in missed)
            assert f"{good} of {domains[domain]}" in row
        skill = bank[missed[0]]["skills"]["DVA-C03"][0]
        link = page.locator(f'[data-skill="{skill}"] a').first
        assert link.get_attribute("href").endswith(f"topic/all.html#part-{skill[0]}")
        assert set(_stored(page, "boxes")) == set(missed)
        assert _stored(page, "exam") is None

        _click(page, "Review the answers")
        assert page.locator("form.quiz-question").count() == 65
        _click(page, "Missed")
        assert page.locator("form.quiz-question").count() == len(missed)
        assert page.locator("form.quiz-question .quiz-why").count() == 5 * len(missed)
        _click(page, "Flagged")
        assert page.locator("form.quiz-question").count() == 1

        page.reload()
        assert f"Mock exam, DVA-C03 · {round(100 * right / 65)}%" in page.locator(".exam-past").inner_text()
        assert (_ours(tab.errors), tab.outside) == ([], [])


def test_pause_stops_the_clock_and_time_ends_the_exam(visit: Any, tiny: str) -> None:
    with visit(tiny) as tab:
        page = tab.page
        page.clock.install(time="2026-11-23T10:00:00Z")
        page.goto(tiny + "chapters/mock-exam.html")
        page.get_by_role("radio", name="DVA-C02").check()
        bank = _bank(page)
        _click(page, "Start the exam")
        ids = _stored(page, "exam")["ids"]
        drawn = Counter(int(bank[one]["skills"]["DVA-C02"][0][0]) for one in ids)
        assert drawn == questions.shares("DVA-C02", 65)
        _answer(page, bank, True)
        page.clock.fast_forward("10:00")
        _click(page, "Pause")
        left = page.get_by_role("timer").inner_text()
        assert left[:5] in ("2:00:", "1:59:")
        assert page.locator("form.quiz-question").count() == 0

        page.clock.fast_forward("05:00:00")
        page.reload()
        assert page.get_by_role("timer").inner_text() == left
        _click(page, "Resume")
        assert page.locator("form.quiz-question input:checked").count() >= 1

        page.clock.fast_forward("02:00:01")
        page.get_by_text("The time was up.").wait_for()
        assert "1 of 65 questions right" in page.locator(".exam-page").inner_text()
        assert _ours(tab.errors) == []


# -- drill, repetition, the learner's data ------------------------------------------------------------------


def _practice(page: Any, right: Callable[[int], bool]) -> list[str]:
    """Answer a drill or repetition to its end; gives the ids in order."""
    bank = _bank(page)
    done = []
    while True:
        done.append(_answer(page, bank, right(len(done))))
        _click(page, "Check")
        assert page.locator(".quiz-why").count() == 5
        if page.get_by_role("button", name="Show the result").count():
            _click(page, "Show the result")
            return done
        _click(page, "Next question")


def test_a_drill_spreads_and_then_follows_what_was_missed(visit: Any, tiny: str) -> None:
    with visit(tiny) as tab:
        page = tab.page
        page.goto(tiny + "chapters/drill.html")
        bank = _bank(page)
        assert "spreads over all skills" in page.locator(".exam-page").inner_text()
        _click(page, "Start a new drill")
        first = _practice(page, lambda place: place >= 3)
        assert len(set(first)) == 20
        skills = [bank[one]["skills"]["DVA-C03"][0] for one in first]
        assert len(set(skills)) == 20
        assert "17 of 20 questions right" in page.locator(".exam-page").inner_text()

        _click(page, "Done")
        weak = set(skills[:3])
        listed = {text.split()[0] for text in page.locator(".exam-weak li").all_inner_texts()}
        assert listed == weak
        _click(page, "Start a new drill")
        ids = _stored(page, "drill")["ids"]
        assert set(first[:3]) <= set(ids)
        available = [one for one, question in bank.items() if set(question["skills"]["DVA-C03"]) & weak]
        assert len([one for one in ids if one in available]) == min(20, len(available))

        page.reload()
        _click(page, "Go on at question 1")
        assert page.get_by_role("heading", name="Question 1 of 20").is_visible()
        assert _ours(tab.errors) == []


def test_missed_questions_come_back_when_they_are_due(visit: Any, tiny: str) -> None:
    with visit(tiny) as tab:
        page = tab.page
        page.clock.install(time="2026-11-23T10:00:00Z")
        page.goto(tiny + "chapters/repetition.html")
        assert page.get_by_role("heading", name="Nothing is due").is_visible()
        page.goto(tiny + "chapters/drill.html")
        _click(page, "Start a new drill")
        missed = _practice(page, lambda place: place >= 2)[:2]

        page.goto(tiny + "chapters/repetition.html")
        assert page.get_by_role("heading", name="2 questions are due").is_visible()
        _click(page, "Start")
        again = _practice(page, lambda place: place == 0)
        assert sorted(again) == sorted(missed)
        _click(page, "Done")
        assert page.get_by_role("heading", name="Nothing is due").is_visible()
        boxes = _stored(page, "boxes")
        assert (boxes[again[0]]["box"], boxes[again[1]]["box"]) == (2, 1)

        page.clock.fast_forward("25:00:00")
        page.reload()
        assert page.get_by_role("heading", name="1 question is due").is_visible()
        page.clock.fast_forward("48:00:00")
        page.reload()
        assert page.get_by_role("heading", name="2 questions are due").is_visible()


def test_data_goes_to_another_browser_as_a_file(visit: Any, tiny: str, tmp_path: Path) -> None:
    saved, other = tmp_path / "data.json", tmp_path / "other.json"
    with visit(tiny) as tab:
        tab.page.goto(tiny + "chapters/drill.html")
        _click(tab.page, "Start a new drill")
        _practice(tab.page, lambda place: place >= 4)
        _click(tab.page, "Done")
        boxes = _stored(tab.page, "boxes")
        with tab.page.expect_download() as download:
            _click(tab.page, "Export")
        download.value.save_as(saved)
        assert download.value.suggested_filename == "dva-learner-data.json"
        _click(tab.page, "Delete")
        tab.page.get_by_role("button", name="Delete them").click()
        tab.page.get_by_text("Deleted.").wait_for()
        assert _stored(tab.page, "boxes") is None

    with visit(tiny) as tab:
        page = tab.page
        page.goto(tiny + "chapters/repetition.html")
        for text, said in (
            ("no json", "not a JSON file"),
            ('{"format": "other"}', "not exported from here"),
            ('{"format": "dva-learner-data", "version": 1, "data": {"boxes": 5}}', 'no valid "boxes"'),
        ):
            other.write_text(text)
            page.locator(".exam-file").set_input_files(other)
            page.locator(".exam-data .quiz-verdict", has_text=said).wait_for()
        page.locator(".exam-file").set_input_files(saved)
        page.get_by_text("Imported: 0 answers from chapters, 1 result, 4 questions to repeat.").wait_for()
        assert _stored(page, "boxes") == boxes
        assert page.get_by_role("heading", name="4 questions are due").is_visible()

        other.write_text('{"format": "dva-learner-data", "version": 1, "data": {"boxes": {}}}')
        page.locator(".exam-file").set_input_files(other)
        page.get_by_role("button", name="Go back").click()
        assert _stored(page, "boxes") == boxes


# -- looks and readers --------------------------------------------------------------------------------------


def _violations(page: Any, part: str) -> list[str]:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    page.evaluate("() => Promise.allSettled(document.getAnimations().map(animation => animation.finished))")
    found = axe.run(page, context=part).response["violations"]
    return [f"{one['id']}: {node['html'][:120]}" for one in found for node in one["nodes"]]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_quiz_and_exam_views_fit_a_phone_and_axe_finds_nothing(visit: Any, tiny: str, scheme: str) -> None:
    with visit(tiny, color_scheme=scheme, viewport=PHONE) as tab:
        page = tab.page

        def look(part: str) -> None:
            assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], part
            assert _violations(page, part) == []

        page.goto(tiny + "chapters/topic/all.html")
        form = page.locator("form.quiz-question").first
        form.locator("input").first.check()
        if form.get_attribute("data-choose") == "2":
            form.locator("input").nth(1).check()
        form.get_by_role("button", name="Check").click()
        look(".quiz")

        page.goto(tiny + "chapters/mock-exam.html")
        look(".exam-page")
        _click(page, "Start the exam")
        bank = _bank(page)
        _answer(page, bank, False)
        _click(page, "Flag for review")
        look(".exam-page")
        _click(page, "Submit the exam")
        look(".exam-dialog")
        page.get_by_role("button", name="Submit now").click()
        look(".exam-page")
        _click(page, "Review the answers")
        _click(page, "Flagged")
        look(".exam-page")
        for name in ("drill", "repetition"):
            page.goto(tiny + f"chapters/{name}.html")
            look(".exam-page")
        assert tab.outside == []
