"""Masks hide what varies between runs, and nothing else."""

import nbformat
import pytest

from dva import masks

UUID_A, UUID_B = "4f0c7b52-7a2e-4c58-9d7e-0d7c5a0f3e11", "9a1b2c3d-1111-4222-8333-444455556666"
VERSION_A, VERSION_B = "AZqz8sKd0f1LmN.4pQrStUvWxYz01234", "AZqz8sKd0f9LmN.4pQrStUvWxYz56789"

VARYING = {
    "uuid": (UUID_A, UUID_B),
    "version": (VERSION_A, VERSION_B),
    "account": ("245019860156", "470077981753"),
    "arn": ("arn:aws:sqs:us-east-1:245019860156:jobs", "arn:aws:sqs:us-east-1:470077981753:jobs"),
    "name": ("notes-3f9a1c2e4b", "notes-ab12cd34ef"),
    "url": ("http://127.0.0.1:4566/245019860156/jobs", "http://127.0.0.1:40123/470077981753/jobs"),
    "receipt handle": ("QUJD" * 30, "WFla" * 30),
    "signature": ("X-Amz-Signature=" + "a1" * 32, "X-Amz-Signature=" + "b2" * 32),
    "iso": ("2026-11-23T05:11:56.123Z", "2027-01-02T23:00:00.9Z"),
    "datetime": (
        "datetime.datetime(2026, 11, 23, 5, 11, tzinfo=tzutc())",
        "datetime.datetime(2027, 1, 2, 3, 4, 5, tzinfo=tzutc())",
    ),
    "http date": ("Mon, 23 Nov 2026 05:11:56 GMT", "Sat, 02 Jan 2027 05:11:56 GMT"),
    "epoch": ("1795411916", "1799999999"),
    "epoch in ms": ("1795411916123", "1799999999000"),
    "milliseconds": ("took 12.5 ms", "took 7 ms"),
    "seconds": ("took 1.25 s", "took 0.75 s"),
    "memory": ("Max Memory Used: 39 MB", "Max Memory Used: 41 MB"),
    "log stream": ("2026/11/23/[$LATEST]" + "0a" * 16, "2027/01/02/[$LATEST]" + "1b" * 16),
    "code hash": ("A" * 42 + "b=", "C" * 42 + "d="),
    "request id": ("'RequestId': 'ABC123'", "'RequestId': 'XYZ789'"),
    "address": ("<function f at 0x7f3e2c1d5a80>", "<function f at 0x7f0000000000>"),
    "sequence number": ("18849496460467696128", "18849496460467699999"),
}


@pytest.mark.parametrize(("before", "after"), VARYING.values(), ids=VARYING)
def test_what_varies_is_not_seen(before: str, after: str) -> None:
    assert before != after
    assert masks.Masks().text(f"got {before} now") == masks.Masks().text(f"got {after} now")


@pytest.mark.parametrize(("before", "after"), VARYING.values(), ids=VARYING)
def test_what_varies_does_not_take_its_neighbors_along(before: str, after: str) -> None:
    hidden = masks.Masks().text(f"status: {before}, 3 messages")
    assert hidden.startswith("status: ")
    assert hidden.endswith(", 3 messages")
    assert masks.Masks().text(f"status: {after}, 4 messages") != hidden


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("3 messages", "4 messages"),
        ("Enabled", "Suspended"),
        ("VisibilityTimeout 30 s", "VisibilityTimeout 60 s"),
        ("order of 2026-01-05", "order of 2026-01-06"),
        ("5 MB", "6 MB"),
        ("d41d8cd98f00b204e9800998ecf8427e", "9e107d9d372bb6826bd81d3542a419d6"),
        ("notes-2026", "notes-2027"),
        ("arn:aws:sqs:us-east-1:245019860156:jobs", "arn:aws:sqs:us-east-1:245019860156:done"),
        ("photo.jpg", "photo.png"),
        ("0.25", "0.5"),
        ("AccessDenied", "NoSuchKey"),
    ],
)
def test_a_changed_word_or_number_is_seen(before: str, after: str) -> None:
    assert masks.Masks().text(before) != masks.Masks().text(after)


@pytest.mark.parametrize(
    ("one", "other"),
    [(UUID_A, UUID_B), (VERSION_A, VERSION_B), ("245019860156", "470077981753"), ("x-3f9a1c2e4b", "x-ab12cd34ef")],
)
def test_two_swapped_ids_are_seen(one: str, other: str) -> None:
    stored, swapped = masks.Masks(), masks.Masks()
    assert stored.text(f"first {one}, second {other}") == swapped.text(f"first {one}, second {other}")
    assert stored.text(f"latest: {other}") != swapped.text(f"latest: {one}")


def test_equal_values_share_one_token() -> None:
    hidden = masks.Masks().text(f"{UUID_A} {UUID_B} {UUID_A}")
    assert hidden == "<uuid-1> <uuid-2> <uuid-1>"


def test_clock_readings_carry_no_number() -> None:
    """Two readings in the same second are an accident, so whether they are equal must not matter."""
    assert masks.Masks().text("05:11:56 05:11:56") == masks.Masks().text("05:11:56 05:11:57")


def notebook(*texts: str, **metadata: object) -> nbformat.NotebookNode:
    """Return a notebook whose cells printed ``texts``."""
    cells = []
    for number, text in enumerate(texts):
        outputs = [nbformat.v4.new_output("stream", name="stdout", text=text)]
        cells.append(nbformat.v4.new_code_cell("x", id=f"c{number}", outputs=outputs, metadata=metadata))
    return nbformat.v4.new_notebook(cells=cells)


def test_differences_names_the_changed_line() -> None:
    found = masks.differences(notebook(f"{UUID_A}\n3 messages\n"), notebook(f"{UUID_B}\n4 messages\n"))
    assert "3 messages" in found
    assert "4 messages" in found
    assert masks.differences(notebook(f"{UUID_A}\n3\n"), notebook(f"{UUID_B}\n3\n")) == ""


def test_tokens_are_shared_across_cells() -> None:
    assert masks.differences(notebook(UUID_A, UUID_A), notebook(UUID_A, UUID_B))


def test_missing_output_is_seen() -> None:
    fresh = notebook("one", "two")
    fresh.cells[1].outputs = []
    assert masks.differences(notebook("one", "two"), fresh)


def test_only_volatile_cells_are_left_out() -> None:
    assert not masks.differences(notebook("one", tags=["volatile"]), notebook("two", tags=["volatile"]))
    assert masks.differences(notebook("one", tags=["check"]), notebook("two", tags=["check"]))


def test_how_a_stream_is_cut_does_not_matter() -> None:
    fresh = notebook("ab")
    fresh.cells[0].outputs = [nbformat.v4.new_output("stream", name="stdout", text=part) for part in "ab"]
    assert masks.differences(notebook("ab"), fresh) == ""


def test_a_picture_must_be_there_but_may_differ() -> None:
    def shows(picture: str, text: str = "<Figure>") -> nbformat.NotebookNode:
        nb = notebook("x")
        data = {"image/png": picture, "text/plain": text}
        nb.cells[0].outputs = [nbformat.v4.new_output("display_data", data=data)]
        return nb

    assert masks.differences(shows("aaaa"), shows("bbbb")) == ""
    assert masks.differences(shows("aaaa"), shows("aaaa", "<Other>"))
    assert masks.differences(shows("aaaa"), notebook("x"))


def test_comparison_changes_neither_notebook() -> None:
    stored = notebook(UUID_A)
    masks.differences(stored, notebook(UUID_B))
    assert stored.cells[0].outputs[0].text == UUID_A
