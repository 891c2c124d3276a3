"""A check after a task: a tick, or a cross with a hint."""

import ast
import html
import linecache
import reprlib
from types import TracebackType
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from dva import progress
from dva.waiting import WaitTimeout

WRONG_ANSWER = (AssertionError, ClientError, BotoCoreError, LookupError, NameError, WaitTimeout)
"""What a check may raise when the learner has not solved the task yet; anything else is a fault of the course."""


class CheckFailed(Exception):
    """A check did not pass; carries what the learner is shown."""

    def __init__(self, name: str, hint: str, seen: str) -> None:
        super().__init__(name)
        self.name, self.hint, self.seen = name, hint, seen

    def __str__(self) -> str:
        return "\n".join(_lines(self.name, self.hint, self.seen))

    def _render_traceback_(self) -> list[str]:
        """IPython shows this instead of a traceback; the cross above it has said what is wrong."""
        return ["\x1b[31mNot yet: change your code above, run it again, then run this check again.\x1b[0m"]


class check:
    """Context manager around the assertions that prove one task.

    ``with check("versioning is on", hint="put_bucket_versioning turns it on"): assert …``

    :param name: what is true when the task is solved; unique in its lab
    :param hint: what to look at when it is not
    :raises CheckFailed: when the body raises one of :data:`WRONG_ANSWER`; every other error is raised as it is
    """

    lab: str | None = None
    """Lab that outcomes are recorded for; :class:`dva.lab.Lab` sets it."""

    excuse: Any = None
    """Function that says in one line what is wrong with the server, or returns None; set by ``Lab``."""

    def __init__(self, name: str, hint: str = "") -> None:
        self.name, self.hint = name, hint

    def __enter__(self) -> "check":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self._record(True)
            _show(_Outcome(True, self.name))
        elif isinstance(error, WRONG_ANSWER):
            seen = _seen(error, trace)
            hint = (check.excuse and check.excuse()) or self.hint
            self._record(False)
            _show(_Outcome(False, self.name, hint, seen))
            raise CheckFailed(self.name, hint, seen) from None

    def _record(self, passed: bool) -> None:
        if check.lab:
            progress.record(check.lab, self.name, passed)


class _Outcome:
    """What a check shows: HTML in JupyterLab, plain text everywhere else."""

    def __init__(self, passed: bool, name: str, hint: str = "", seen: str = "") -> None:
        self.passed, self.name, self.hint, self.seen = passed, name, hint, seen

    def __repr__(self) -> str:
        return f"✓ {self.name}" if self.passed else "\n".join(_lines(self.name, self.hint, self.seen))

    def _repr_html_(self) -> str:
        mark, color = ("✓", "#1a7f37") if self.passed else ("✗", "#cf222e")
        word = "passed" if self.passed else "failed"
        rows = [
            f'<strong style="color:{color}"><span role="img" aria-label="{word}">{mark}</span></strong> '
            f"<strong>{html.escape(self.name)}</strong>"
        ]
        if self.seen:
            rows.append(f"<code>{html.escape(self.seen)}</code>")
        if self.hint:
            rows.append(f"Hint: {html.escape(self.hint)}")
        style = f"border-left:4px solid {color};padding:.2em .8em;margin:.2em 0"
        return f'<div class="dva-check dva-{word}" style="{style}">{"<br>".join(rows)}</div>'


def _lines(name: str, hint: str, seen: str) -> list[str]:
    return [f"✗ {name}", *([f"  {seen}"] if seen else []), *([f"  Hint: {hint}"] if hint else [])]


def _show(outcome: _Outcome) -> None:
    shell = _shell()
    if shell is None:
        print(outcome)
        return
    from IPython.display import display

    display(outcome)


def _shell() -> Any:
    try:
        from IPython import get_ipython
    except ImportError:
        return None
    return get_ipython()


def _seen(error: BaseException, trace: TracebackType | None) -> str:
    """Say in one line what was seen instead of what the check wanted."""
    line = ""
    if trace is not None:
        line = linecache.getline(trace.tb_frame.f_code.co_filename, trace.tb_lineno).strip()
    if isinstance(error, AssertionError):
        return f"{error}" if error.args else f"not true: {line.removeprefix('assert ')}"
    if isinstance(error, ClientError):
        told = error.response.get("Error", {})
        return f"{error.operation_name} answered {told.get('Code', '?')}: {told.get('Message', '')}".rstrip(": ")
    if isinstance(error, LookupError):
        return f"the answer has no {error}: {line}" if line else f"the answer has no {error}"
    first, *more = f"{type(error).__name__}: {error}".splitlines()
    return f"{first} {more[0]}" if first.endswith(":") and more else first


class _SayWhatWasSeen(ast.NodeTransformer):
    """Give ``assert left OP right`` without a message one that shows ``left``."""

    def visit_Assert(self, node: ast.Assert) -> ast.Assert:
        test = node.test
        if node.msg is not None or not isinstance(test, ast.Compare) or len(test.ops) != 1:
            return node
        seen = ast.NamedExpr(ast.Name("_seen", ast.Store()), test.left)
        compare = ast.Compare(seen, test.ops, test.comparators)
        words = f"; wanted: {ast.unparse(test)}"
        message = ast.JoinedStr(
            [
                ast.Constant("saw "),
                ast.FormattedValue(
                    ast.Call(
                        ast.Attribute(_this_module(), "short", ast.Load()),
                        [ast.Name("_seen", ast.Load())],
                        [],
                    ),
                    -1,
                ),
                ast.Constant(words),
            ]
        )
        return ast.fix_missing_locations(ast.copy_location(ast.Assert(compare, message), node))


def _this_module() -> ast.expr:
    """Return code that finds this module from any namespace."""
    return ast.parse("__import__('sys').modules['dva.checks']", mode="eval").body


def short(value: Any) -> str:
    """Return ``repr(value)``, cut to about one line."""
    return reprlib.Repr(maxstring=80, maxother=80, maxdict=6, maxlist=6).repr(value)


def install() -> None:
    """Make asserts in notebook cells say what they saw, and an exercise's ``...`` say nothing; safe to call again."""
    shell = _shell()
    if shell is None:
        return
    if not any(type(t).__name__ == "_SayWhatWasSeen" for t in shell.ast_transformers):
        shell.ast_transformers.append(_SayWhatWasSeen())
    # IPython would show `Ellipsis` below a cell that ends with the stub.
    shell.display_formatter.ipython_display_formatter.for_type(type(...), lambda _stub: None)
