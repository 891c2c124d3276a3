"""Tests of tests: those that tell right code from broken code, and those that do not."""

import textwrap

import pytest

from dva.mutants import Variant, weaknesses

RIGHT = Variant({"rule.py": "def double(n):\n    return 2 * n\n"})
BROKEN = {
    "with code that adds two": Variant({"rule.py": "def double(n):\n    return n + 2\n"}),
    "with code that returns nothing": Variant({"rule.py": "def double(n):\n    pass\n"}),
}


@pytest.fixture
def judge(tmp_path):
    """Return a function that writes a file of tests and says what is weak about it."""

    def judged(text, right=RIGHT, broken=BROKEN, timeout=60):
        (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = -p no:cacheprovider --disable-plugin-autoload\n")
        test = tmp_path / "test_rule.py"
        test.write_text(textwrap.dedent(text))
        return weaknesses(test, right if isinstance(right, dict) else {"with the right code": right}, broken, timeout)

    return judged


def test_tests_that_tell_right_from_broken_have_no_weakness(judge):
    assert judge("from rule import double\n\ndef test_double():\n    assert double(3) == 6\n") == []


def test_a_broken_variant_that_passes_is_named(judge):
    """Two plus two and two times two are four: only the case is badly chosen."""
    found = judge("from rule import double\n\ndef test_double():\n    assert double(2) == 4\n")
    assert found == ["the tests also pass with code that adds two"]


def test_a_test_that_cannot_fail_passes_with_everything(judge):
    found = judge("import rule\n\ndef test_nothing():\n    assert rule\n")
    assert found == [f"the tests also pass {name}" for name in BROKEN]


def test_what_fails_with_right_code_is_told_with_its_reason(judge):
    found = judge("from rule import double\n\ndef test_double():\n    assert double(3) == 7\n", broken={})
    assert len(found) == 1
    assert found[0].startswith("the tests fail with the right code: test_rule.py::test_double")
    assert "6 == 7" in found[0]


def test_a_file_without_tests_and_one_that_cannot_be_read(judge):
    assert judge("...\n") == ["there is no test in test_rule.py"]
    found = judge("from rule import triple\n\ndef test_it():\n    assert triple(3) == 9\n")
    assert "cannot import name 'triple'" in found[0]


def test_variants_know_nothing_of_each_other(judge):
    """Code and environment are those of the variant, whichever ran before."""
    text = """
        import os
        from rule import double

        def test_double():
            assert double(3) == 6
            assert os.environ.get("MARK") == os.environ.get("WANTED")
            os.environ["MARK"] = "left by a test"
    """
    marked = Variant(RIGHT.files, {"MARK": "1", "WANTED": "1"})
    assert judge(text, right={"first": RIGHT, "then": marked, "last": RIGHT}) == []


def test_tests_that_need_their_order_fail_backwards(judge):
    text = """
        from rule import double
        seen = []

        def test_first():
            seen.append(double(3))

        def test_second():
            assert seen == [6]
    """
    assert judge(text) == []
    backwards = Variant(RIGHT.files, backwards=True)
    assert "test_second" in judge(text, right={"in another order": backwards}, broken={})[0]


def test_tests_without_an_end_are_stopped(judge):
    found = judge("def test_it():\n    while True:\n        pass\n", broken={}, timeout=2)
    assert found == ["the tests did not come to an end within 2 seconds"]


def test_tests_that_end_their_process_are_told_so(judge):
    found = judge("import os\n\ndef test_it():\n    os._exit(0)\n", broken={})
    assert found == ["the tests fail with the right code: they ended the process in which they ran"]
