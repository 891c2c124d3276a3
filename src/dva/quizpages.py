"""Questions in the book: the directives `quiz`, `mock-exam`, `drill` and `repetition`.

A quiz is HTML that reads without JavaScript, with an answer key at its end; `quiz.js` takes the explanations from
that key. The exam pages draw from the whole bank, which is written once, as the script `bank.js`: a page that is read
from a folder cannot fetch data, but it can load a script.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

from dva import blueprint
from dva.errors import CourseError
from dva.questions import LETTERS, Question, load, load_file, to_json

log = logging.getLogger(__name__)

SHOWN_FIRST = "DVA-C03"

EXAM_PAGE = "dva-exam-page"
"""Under this name a page's metadata says which of the exam pages it is."""

BANK = "bank.js"
"""The bank for the exam pages, below `_static/`."""

SCRIPTS = {
    "mock-exam": ("core", "result", "data", "mock-exam"),
    "drill": ("core", "result", "data", "practice", "drill"),
    "repetition": ("core", "result", "data", "practice", "repetition"),
}
"""What each exam page loads from `_static/exam/`, in this order."""


class quiz(nodes.General, nodes.Element):
    """A quiz of a chapter: `questions`, `docname`."""


class exam(nodes.General, nodes.Element):
    """A page that draws from the whole bank: `kind`."""


# -- Questions to data ------------------------------------------------------------------------------------


def option_key(text: str) -> str:
    """A short name for an option: it stays when options change places and changes with the text."""
    return hashlib.sha256(text.encode()).hexdigest()[:6]


def as_data(bank: Sequence[Question]) -> list[dict[str, Any]]:
    """What the HTML and the scripts need: `questions.to_json`, and a `key` for each option."""
    data = to_json(bank)
    for question in data:
        for option in question["options"]:
            option["key"] = option_key(option["text"])
    return data


def exam_data(code: str) -> dict[str, Any]:
    """Weights and skills of an exam for the scripts.

    :param code: for example `DVA-C03`
    """
    one = blueprint.exams()[code]
    return {
        "minutes": one.minutes,
        "questions": one.questions.total,
        "domains": [{"id": str(d.id), "name": d.name, "weight": d.weight} for d in one.domains],
        "skills": {number: skill.text for number, skill in one.skills().items()},
    }


# -- Directives -------------------------------------------------------------------------------------------


def bank_files(root: Path) -> list[str]:
    """Names that `{quiz}` takes: every bank file below `questions/`, without `.yaml`."""
    folder = root / "questions"
    return sorted(path.relative_to(folder).with_suffix("").as_posix() for path in folder.rglob("*.yaml"))


class QuizDirective(SphinxDirective):
    """```` ```{quiz} 1-development/s3-objects ````: the questions of one bank file."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Return the quiz; nothing, with a warning, if there is no such file or it is no bank."""
        root = Path(self.env.srcdir)
        name = self.arguments[0].strip()
        known = bank_files(root)
        if name not in known:
            _warn(
                f"quiz: there is no questions/{name}.yaml; there are: {', '.join(known) or 'none'}", self.get_location()
            )
            return []
        file = root / f"questions/{name}.yaml"
        self.env.note_dependency(str(file))
        try:
            bank = load_file(file)
        except CourseError as error:
            _warn(f"quiz: {error}", self.get_location())
            return []
        return [quiz(name=name, questions=as_data(bank), docname=self.env.docname)]


class ExamDirective(SphinxDirective):
    """```` ```{mock-exam} ````, ```` ```{drill} ```` and ```` ```{repetition} ````: the place of a script."""

    def run(self) -> list[nodes.Node]:
        """Return the place; a changed bank makes the page old, so that a build writes the bank again."""
        root = Path(self.env.srcdir)
        for name in bank_files(root):
            self.env.note_dependency(str(root / f"questions/{name}.yaml"))
        self.env.metadata[self.env.docname][EXAM_PAGE] = self.name
        return [exam(kind=self.name)]


def _warn(text: str, location: str | None = None) -> None:
    log.warning("%s", text, location=location, type="dva", subtype="quiz")


# -- HTML -------------------------------------------------------------------------------------------------


def _place(builder: Any, docname: str, question: dict[str, Any]) -> tuple[str, str]:
    """Address (seen from a page) and title of the section that teaches a question; warns if there is none."""
    env = builder.env
    target = f"chapters/{question['chapter']}"
    if target not in env.all_docs:
        _warn(f"question {question['id']}: there is no page {target}")
        return "", ""
    address = builder.get_relative_uri(docname, target) if docname != target else ""
    title = env.titles[target].astext()
    known = env.metadata[target].get("myst_slugs", {})
    if question["section"] not in known:
        sections = ", ".join(sorted(known))
        _warn(f"question {question['id']}: {target} has no section #{question['section']}; it has: {sections}")
        return address, title
    _, anchor, section = known[question["section"]]
    return f"{address}#{anchor}", f"{title}: {section}" if address else section


def _more(question: dict[str, Any], address: str, title: str) -> str:
    again = f'Read again: <a href="{escape(address)}">{escape(title)}</a> · ' if title else ""
    return f'<p class="quiz-more">{again}<a href="{escape(question["reference"])}">AWS documentation</a></p>'


def _form(question: dict[str, Any], number: int) -> str:
    name = f"quiz-{question['id']}"
    kind = "checkbox" if question["choose"] > 1 else "radio"
    options = "".join(
        f'<div class="quiz-option" data-key="{o["key"]}">'
        f'<input type="{kind}" name="{name}" id="{name}-{o["key"]}" value="{o["key"]}">'
        f'<label for="{name}-{o["key"]}"><span class="quiz-letter">{LETTERS[i]}.</span> '
        f"<span>{o['text']}</span></label>"
        "</div>"
        for i, o in enumerate(question["options"])
    )
    return (
        f'<form class="quiz-question" id="{name}" data-question="{question["id"]}" data-choose="{question["choose"]}">'
        f'<p class="quiz-number">Question {number}</p>'
        f'<div class="quiz-scenario" id="{name}-scenario">{question["scenario"]}</div>'
        f'<fieldset aria-describedby="{name}-scenario"><legend>{question["ask"]}'
        + (f' <strong class="quiz-choose">{question["instruction"]}</strong>' if question["instruction"] else "")
        + f"</legend>{options}</fieldset></form>"
    )


def _key(question: dict[str, Any], number: int, more: str) -> str:
    right = " and ".join(LETTERS[i] for i, o in enumerate(question["options"]) if o["right"])
    whys = "".join(
        f'<li data-key="{o["key"]}" data-right="{str(o["right"]).lower()}"><strong>{LETTERS[i]}</strong> '
        f"{'is right.' if o['right'] else 'is wrong.'} "
        f'<span class="quiz-why-text">{o["why"]}</span></li>'
        for i, o in enumerate(question["options"])
    )
    return (
        f'<div class="quiz-answer" data-question="{question["id"]}"><p><strong>Question {number}: {right}</strong></p>'
        f"<ul>{whys}</ul>{more}</div>"
    )


def visit_quiz(self: Any, node: quiz) -> None:
    """Write a chapter's quiz: the questions, then the answer key."""
    bank = node["questions"]
    forms = "".join(_form(q, n) for n, q in enumerate(bank, 1))
    key = "".join(_key(q, n, _more(q, *_place(self.builder, node["docname"], q))) for n, q in enumerate(bank, 1))
    self.body.append(
        f'<div class="quiz" data-quiz="{escape(node["name"])}">{forms}'
        f'<details class="quiz-key"><summary>Answer key</summary>{key}</details></div>'
    )
    raise nodes.SkipNode


def visit_exam(self: Any, node: exam) -> None:
    """Write the place of an exam page's scripts."""
    self.body.append(
        f'<div class="exam-page" data-kind="{node["kind"]}">'
        '<p class="exam-no-script">This page needs JavaScript. The same questions stand at the end of the chapters, '
        "with an answer key.</p></div>"
    )
    raise nodes.SkipNode


def bank_script(builder: Any, bank: Sequence[Question]) -> str:
    """Return the script that gives the exam pages their questions; warns about a section that does not exist.

    :param builder: Sphinx's; the addresses of sections are from the book's root
    """
    questions = []
    for question in as_data(bank):
        address, title = _place(builder, "index", question)
        hidden = ("chapter", "section", "file", "domains")
        questions.append({k: v for k, v in question.items() if k not in hidden} | {"href": address, "title": title})
    order = sorted(blueprint.exams(), key=lambda code: code != SHOWN_FIRST)
    data = {"exams": {code: exam_data(code) for code in order}, "questions": questions}
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return f"window.dvaBank = {text};\n"


def _write_bank(app: Sphinx, builder: Any) -> None:
    """Write the bank before the pages, whose addresses of scripts carry a hash of each."""
    if builder.format != "html" or not any(EXAM_PAGE in about for about in app.env.metadata.values()):
        return
    try:
        bank = load(Path(app.srcdir))
    except CourseError as error:
        _warn(f"questions: {error}")
        bank = []
    file = Path(app.outdir) / "_static" / BANK
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(bank_script(builder, bank), encoding="utf-8")


def _skip(self: Any, node: nodes.Node) -> None:
    raise nodes.SkipNode


def _scripts(app: Sphinx, page: str, _template: str, _context: dict[str, Any], doctree: nodes.document | None) -> None:
    """Load the scripts and the sheet on pages that use them, and on no other."""
    if doctree is None:
        return
    kind = app.env.metadata[page].get(EXAM_PAGE)
    quizzes = any(True for _ in doctree.findall(quiz))
    if not kind and not quizzes:
        return
    app.add_css_file("quiz.css")
    scripts = ["quiz-core.js"]
    if quizzes:
        scripts.append("quiz.js")
    if kind:
        scripts += [BANK, *(f"exam/{name}.js" for name in SCRIPTS[kind])]
    for script in scripts:
        app.add_js_file(script, loading_method="defer")


def connect(app: Sphinx) -> None:
    """Register the directives; `dva.book` calls it."""
    for node, visit in ((quiz, visit_quiz), (exam, visit_exam)):
        nothing = (_skip, None)
        app.add_node(node, html=(visit, None), latex=nothing, text=nothing, man=nothing, texinfo=nothing)
    app.add_directive("quiz", QuizDirective)
    for name in SCRIPTS:
        app.add_directive(name, ExamDirective)
    app.connect("write-started", _write_bank)
    app.connect("html-page-context", _scripts)
