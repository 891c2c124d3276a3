"""A check: a tick, a cross with a hint, and a broken course shown whole."""

import json

import pytest
from botocore.exceptions import ClientError, ParamValidationError
from IPython.core.interactiveshell import InteractiveShell

from dva import checks, progress
from dva.checks import CheckFailed, check, short
from dva.waiting import WaitTimeout, wait_until


@pytest.fixture(autouse=True)
def lab(monkeypatch, tmp_path):
    monkeypatch.setenv("DVA_STATE", str(tmp_path))
    monkeypatch.delenv("DVA_PROGRESS", raising=False)
    monkeypatch.setattr(check, "lab", "a-lab")
    return tmp_path


def denied():
    return ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "PutObject")


def test_a_tick(capsys):
    with check("it is on"):
        assert True
    assert capsys.readouterr().out == "✓ it is on\n"
    assert progress.load()["a-lab"]["it is on"]["passed"] is True


@pytest.mark.parametrize(
    ("error", "seen"),
    [
        (AssertionError("two instead of one"), "two instead of one"),
        (denied(), "PutObject answered AccessDenied: no"),
        (KeyError("Status"), "the answer has no 'Status'"),
        (NameError("name 'bucket' is not defined"), "NameError: name 'bucket' is not defined"),
        (ParamValidationError(report="Bad type\nMore"), "ParamValidationError: Parameter validation failed: Bad type"),
        (WaitTimeout("waited 1 s for it"), "WaitTimeout: waited 1 s for it"),
    ],
)
def test_a_cross_has_a_hint_and_one_line_of_what_was_seen(capsys, error, seen):
    with pytest.raises(CheckFailed) as caught, check("it is on", hint="look here"):
        raise error
    out = capsys.readouterr().out.splitlines()
    assert out[0] == "✗ it is on"
    assert out[1].strip().startswith(seen)
    assert out[2] == "  Hint: look here"
    assert len(out) == 3
    assert caught.value.__suppress_context__
    assert progress.load()["a-lab"]["it is on"] == {"attempts": 1, "first_passed": None, "passed": False}


@pytest.mark.parametrize("error", [ZeroDivisionError(), TypeError("x"), AttributeError("y"), KeyboardInterrupt()])
def test_a_fault_of_the_course_is_raised_as_it_is(error):
    with pytest.raises(type(error)), check("it is on"):
        raise error
    assert progress.load() == {}


def test_a_solved_check_stays_solved():
    for passed in (True, False):
        progress.record("a-lab", "c", passed)
    assert progress.load()["a-lab"]["c"]["passed"]
    assert progress.load()["a-lab"]["c"]["attempts"] == 2


def test_an_unreadable_progress_file_is_kept_aside(lab, capsys):
    progress.file().write_text("half a fi")
    with check("it is on"):
        pass
    assert json.loads(progress.file().read_text())["labs"]["a-lab"]["it is on"]["passed"]
    kept = list(lab.glob("progress.unreadable-*.json"))
    assert [path.read_text() for path in kept] == ["half a fi"]


def test_progress_that_cannot_be_saved_does_not_stop_the_lab(monkeypatch, tmp_path, capsys):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("DVA_STATE", str(tmp_path / "file" / "below"))
    with check("it is on"):
        pass
    assert "could not be saved" in capsys.readouterr().out


def test_progress_can_be_off(monkeypatch):
    monkeypatch.setenv("DVA_PROGRESS", "off")
    with check("it is on"):
        pass
    assert progress.load() == {}


def test_the_excuse_replaces_the_hint(monkeypatch, capsys):
    monkeypatch.setattr(check, "excuse", lambda: "the server is new")
    with pytest.raises(CheckFailed), check("c", hint="never shown"):
        raise AssertionError("x")
    assert "Hint: the server is new" in capsys.readouterr().out


def test_long_values_are_cut():
    assert len(short("x" * 10_000)) < 120


def test_a_stub_that_is_run_shows_nothing(monkeypatch):
    shell = InteractiveShell.instance()
    monkeypatch.setattr(checks, "_shell", lambda: shell)
    monkeypatch.setattr(shell, "ast_transformers", [])
    assert shell.display_formatter.format(...) != ({}, {})
    checks.install()
    assert shell.display_formatter.format(...) == ({}, {})
    assert shell.display_formatter.format("...")[0] == {"text/plain": "'...'"}
    shell.display_formatter.ipython_display_formatter.pop(type(...))


def test_waiting_returns_the_value_and_times_out():
    values = iter([None, 0, "there"])
    assert wait_until(lambda: next(values), timeout=5, interval=0) == "there"
    with pytest.raises(WaitTimeout, match=r"waited 0\.01 s for the queue"):
        wait_until(lambda: False, timeout=0.01, message="the queue", interval=0.001)
