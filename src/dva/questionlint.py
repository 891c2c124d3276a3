"""What makes a question bank fair and useful that a schema cannot say."""

import datetime as dt
import math
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from difflib import SequenceMatcher
from itertools import combinations
from pathlib import Path

from dva import blueprint, pages
from dva.paths import ROOT
from dva.questions import LETTERS, Question

ALIKE = 0.5
"""Share of common words from which two questions count as the same one; questions on one topic reach about 0.35."""

COPIED = 0.7
"""Share of common words from which one explanation or option counts as a copy of another."""

SHORTEST_WHY = 20
"""Characters; less explains nothing."""

LONGEST_ASK = 160
"""Characters; what is longer belongs into the scenario."""

SIGMAS = 2.0
"""Standard deviations by which the bank may differ from chance."""

SIGMAS_SHOWN = 3.0
"""The same for the order on screen, which nobody chooses: it catches a broken shuffle only."""

ENOUGH = 20
"""Questions from which on positions and lengths are judged; in fewer, chance alone looks like a habit."""

Words = tuple[list[str], Counter[str]]
"""A text's words in order, and how often each occurs."""

IMPERATIVES = ("choose", "select", "pick", "name", "find", "identify", "decide")

NUMBERS = {"one": 1, "two": 2, "three": 3, "four": 4}

BRITISH = {
    "analyse": "analyze",
    "analysed": "analyzed",
    "analysing": "analyzing",
    "artefact": "artifact",
    "authorisation": "authorization",
    "authorise": "authorize",
    "authorised": "authorized",
    "behaviour": "behavior",
    "cancelled": "canceled",
    "catalogue": "catalog",
    "centralise": "centralize",
    "centre": "center",
    "colour": "color",
    "customise": "customize",
    "customised": "customized",
    "defence": "defense",
    "favour": "favor",
    "favourite": "favorite",
    "fulfil": "fulfill",
    "grey": "gray",
    "honour": "honor",
    "initialise": "initialize",
    "initialised": "initialized",
    "judgement": "judgment",
    "labelled": "labeled",
    "licence": "license",
    "maximise": "maximize",
    "minimise": "minimize",
    "minimised": "minimized",
    "modelling": "modeling",
    "neighbour": "neighbor",
    "normalise": "normalize",
    "optimisation": "optimization",
    "optimise": "optimize",
    "optimised": "optimized",
    "organisation": "organization",
    "organise": "organize",
    "practise": "practice",
    "prioritise": "prioritize",
    "programme": "program",
    "recognise": "recognize",
    "sanitise": "sanitize",
    "serialise": "serialize",
    "serialised": "serialized",
    "signalled": "signaled",
    "summarise": "summarize",
    "synchronise": "synchronize",
    "travelling": "traveling",
    "utilise": "utilize",
    "virtualisation": "virtualization",
    "whilst": "while",
}

_LAZY = re.compile(
    r"\b(all|none|both|neither|any|some|two|three) of (the )?(above|these|them|those|others|other options|options)\b"
    r"|\ball the above\b",
    re.IGNORECASE,
)
_LETTER = re.compile(r"\b(?:[Oo]ption|[Aa]nswer|[Cc]hoice)s? [A-F]\b|^[A-F][.:)] |\b[A-F] (?:and|or) [A-F]\b")
_PLACE = re.compile(
    r"\b(?:first|second|third|fourth|fifth|last|previous|next) (?:option|answer|choice)\b"
    r"|\b(?:option|answer|choice)s? (?:above|below)\b",
    re.IGNORECASE,
)
_REFERENCE = re.compile(r"https://(docs\.)?aws\.amazon\.com/[A-Za-z0-9][\w./%+-]*(#[\w.:%-]+)?")


def lint(questions: Sequence[Question], root: Path = ROOT) -> list[str]:
    """Say what is wrong with the bank.

    :param questions: the whole bank
    :param root: the checkout, whose chapters the questions point to
    :return: one sentence for each fault, with file and question id; nothing if the bank is good
    """
    faults = []
    for question in questions:
        for check in CHECKS:
            faults += [f"questions/{question.file}.yaml: {question.id}: {said}" for said in check(question)]
        faults += [f"questions/{question.file}.yaml: {question.id}: {said}" for said in _page(question, root)]
    return faults + _ids(questions) + _likeness(questions) + _balance(questions)


# -- one question ---------------------------------------------------------------------------------------------


def _ask(question: Question) -> Iterator[str]:
    ask = _plain(question.ask)
    if ask.endswith("?"):
        if re.search(r"[?!.;:](\s|$)", ask[:-1]):
            yield "`ask` is one question: put what leads to it into the scenario."
    elif not (ask.endswith(".") and ask.lower().startswith(IMPERATIVES) and ". " not in ask):
        yield f"`ask` ends in a question mark or is one sentence that starts with {', '.join(IMPERATIVES)}."
    if len(ask) > LONGEST_ASK:
        yield f"`ask` has {len(ask)} characters; more than {LONGEST_ASK} belong into the scenario."
    if re.search(r"\(?\bchoose (one|two|three|four)\b", ask, re.IGNORECASE):
        yield f"`ask` repeats what is shown by itself: {question.instruction or 'one answer'}"
    if "?" in _plain(question.scenario):
        yield "the scenario asks something, too; `ask` alone does."
    named = re.search(r"\b(?:which|what) (one|two|three|four)\b", ask, re.IGNORECASE)
    if named and NUMBERS[named[1].lower()] != question.choose:
        yield f"`ask` says {named[1]}, but {question.choose} options are right."


def _explained(question: Question) -> Iterator[str]:
    for number, option in enumerate(question.options, 1):
        if len(option.why) < SHORTEST_WHY:
            yield f"option {number}: the why explains nothing in {len(option.why)} characters."
        if _ratio(_words(option.why), _words(option.text)) >= COPIED:
            yield f"option {number}: the why only repeats the option."
    for (one, first), (two, second) in combinations(enumerate(question.options, 1), 2):
        if _ratio(_words(first.why), _words(second.why)) >= COPIED:
            yield f"options {one} and {two}: one why is a copy of the other."
        if _words(first.text) == _words(second.text):
            yield f"options {one} and {two} are the same."


def _standing_alone(question: Question) -> Iterator[str]:
    for number, option in enumerate(question.options, 1):
        if found := _LAZY.search(_plain(option.text)):
            yield f"option {number}: no {found[0]!r}: options are shuffled, and each must stand for itself."
        for name, text in (("text", option.text), ("why", option.why)):
            if found := _LETTER.search(_plain(text)) or _PLACE.search(_plain(text)):
                said = found[0].strip()
                yield f"option {number}: its {name} says {said!r}, but options are shuffled: name the thing."


def _skills(question: Question) -> Iterator[str]:
    for exam, numbers in question.skills.items():
        known = blueprint.exams()[exam].skills()
        for number in numbers:
            if number not in known:
                yield f"{exam} has no skill {number}."
        if len(set(numbers)) < len(numbers):
            yield f"a skill of {exam} stands twice."


def _source(question: Question) -> Iterator[str]:
    if not _REFERENCE.fullmatch(question.reference):
        yield f"{question.reference!r} is no page below https://docs.aws.amazon.com/ or https://aws.amazon.com/."
    # Where the next day begins first, UTC+14.
    if question.checked > dt.datetime.now(dt.timezone(dt.timedelta(hours=14))).date():
        yield f"checked on {question.checked}, which is still to come."


def _markdown(question: Question) -> Iterator[str]:
    lines = [("`ask`", question.ask)]
    for number, option in enumerate(question.options, 1):
        lines += [(f"option {number}: its text", option.text), (f"option {number}: its why", option.why)]
    for name, text in lines:
        if "\n\n" in text:
            yield f"{name} has more than one paragraph; only a scenario may."
    for name, text in [("the scenario", question.scenario), *lines]:
        if text.count("`") % 2:
            yield f"{name} has a ` without its partner."


def _american(question: Question) -> Iterator[str]:
    texts = [question.scenario, question.ask]
    texts += [text for option in question.options for text in (option.text, option.why)]
    for word in re.findall(r"[a-z]+", _plain(" ".join(texts)).lower()):
        if word in BRITISH:
            yield f"American spelling: {BRITISH[word]}, not {word}."


CHECKS: list[Callable[[Question], Iterator[str]]] = [
    _ask,
    _explained,
    _standing_alone,
    _skills,
    _source,
    _markdown,
    _american,
]


def _page(question: Question, root: Path) -> Iterator[str]:
    path = root / "chapters" / f"{question.chapter}.md"
    if not path.is_file():
        yield f"there is no page chapters/{question.chapter}.md."
    elif question.section not in pages.Page(question.chapter, path).headings():
        yield f"chapters/{question.chapter}.md has no section #{question.section}."


# -- the whole bank -------------------------------------------------------------------------------------------


def _ids(questions: Sequence[Question]) -> list[str]:
    counts = Counter(question.id for question in questions)
    files = {one: sorted({f"{q.file}.yaml" for q in questions if q.id == one}) for one, n in counts.items() if n > 1}
    return [f"questions/{places[0]}: {one}: the id stands {counts[one]} times." for one, places in files.items()]


def _likeness(questions: Sequence[Question]) -> list[str]:
    faults = []
    stories = [_words(f"{one.scenario} {one.ask}") for one in questions]
    answers = [_words(" ".join(option.text for option in one.options if option.right)) for one in questions]
    choices = [[_words(option.text) for option in one.options] for one in questions]
    for (a, first), (b, second) in combinations(enumerate(questions), 2):
        pair = f"questions/{first.file}.yaml: {first.id}: it is too like {second.id} (questions/{second.file}.yaml)"
        if _ratio(stories[a], stories[b]) >= ALIKE:
            faults.append(f"{pair} in scenario and ask.")
        if _ratio(answers[a], answers[b]) >= COPIED:
            same = sum(max(_ratio(one, two) for two in choices[b]) >= COPIED for one in choices[a])
            if same >= 3:
                faults.append(f"{pair} in its options, with the same right answer.")
    return faults


def _balance(questions: Sequence[Question]) -> list[str]:
    if len(questions) < ENOUGH:
        return []
    faults = []
    for order, sigmas in (("written", SIGMAS), ("shown", SIGMAS_SHOWN)):
        for place in range(max((len(one.options) for one in questions), default=0)):
            here = [
                (one, (one.options if order == "written" else one.shown())[place])
                for one in questions
                if len(one.options) > place
            ]
            seen = sum(option.right for _, option in here)
            expected, slack = _chance([one for one, _ in here], sigmas)
            if abs(seen - expected) > slack:
                fair = f"{max(0, math.ceil(expected - slack))} to {math.floor(expected + slack)}"
                faults.append(
                    f"the bank: as {order}, answer {LETTERS[place]} is right {seen} times, {expected:.0f} would be "
                    f"chance (fair: {fair}): reorder options."
                )
    for extreme, pick in (("longest", max), ("shortest", min)):
        judged = []
        for one in questions:
            lengths = [len(_plain(option.text)) for option in one.options]
            if lengths.count(pick(lengths)) == 1:
                judged.append((one, one.options[lengths.index(pick(lengths))]))
        seen = sum(option.right for _, option in judged)
        expected, slack = _chance([one for one, _ in judged], SIGMAS)
        if seen - expected > slack:
            guilty = ", ".join(one.id for one, option in judged if option.right)
            faults.append(
                f"the bank: the {extreme} option is right {seen} times of {len(judged)}, {expected:.0f} would be "
                f"chance (at most {math.floor(expected + slack)}): mend some of {guilty}."
            )
    return faults


def _chance(questions: Sequence[Question], sigmas: float) -> tuple[float, float]:
    """Return how often a given place is right by chance, and how far from that the bank may be."""
    chances = [one.choose / len(one.options) for one in questions]
    return sum(chances), sigmas * math.sqrt(sum(p * (1 - p) for p in chances))


def _plain(markdown: str) -> str:
    """Return a text without its code spans' content changing length: code counts as a word, its marks do not."""
    return re.sub(r"`[^`]*`", lambda found: re.sub(r"[^\w]", "_", found[0][1:-1]), markdown).replace("*", "")


def _words(text: str) -> Words:
    words = re.findall(r"\w+", text.lower())
    return words, Counter(words)


def _ratio(one: Words, two: Words) -> float:
    """Return the share of words in common, 0 to 1: in order (difflib) or as sets, whichever is more."""
    (left, left_counts), (right, right_counts) = one, two
    common = left_counts.keys() & right_counts.keys()
    if not common:
        return 0.0
    as_sets = len(common) / (len(left_counts) + len(right_counts) - len(common))
    # Common words bound what difflib can find, and difflib is slow.
    bound = 2 * sum(min(left_counts[word], right_counts[word]) for word in common) / (len(left) + len(right))
    if bound <= as_sets or bound < min(ALIKE, COPIED):
        return as_sets
    return max(as_sets, SequenceMatcher(None, left, right, autojunk=False).ratio())
