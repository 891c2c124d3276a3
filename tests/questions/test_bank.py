"""The course's own bank keeps to what the linter asks, and its anchors are those that the book makes."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from mdit_py_plugins.anchors.index import slugify

from dva import pages
from dva.questions import lint, load

ROOT = Path(__file__).resolve().parents[2]


def test_the_bank_has_nothing_to_mend() -> None:
    assert lint(load(ROOT), ROOT) == []


def test_every_chapter_has_questions() -> None:
    asked = {question.chapter for question in load(ROOT)}
    chapters = {
        path.relative_to(ROOT / "chapters").with_suffix("").as_posix() for path in ROOT.glob("chapters/[1-4]-*/*.md")
    }
    assert {chapter for chapter in chapters if not chapter.endswith("/index")} <= asked


def test_anchors_are_made_as_myst_makes_them() -> None:
    headings = [heading for page in pages.pages(ROOT) for heading in page.headings().values()]
    assert len(headings) > 50
    for heading in headings:
        assert pages.slug(heading) == slugify(heading)


def test_authors_hear_what_is_wrong(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "src", tmp_path / "src", ignore=shutil.ignore_patterns("__pycache__"))
    for folder in ("questions", "chapters", "blueprint"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("_*"))
    command = [sys.executable, "-m", "dva", "author", "questions"]
    environment = os.environ | {"PYTHONPATH": str(tmp_path / "src")}

    def run() -> subprocess.CompletedProcess[str]:
        return subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=120)

    good = run()
    assert (good.returncode, good.stdout) == (0, f"{len(load(ROOT))} questions, and nothing to mend.\n")
    path = tmp_path / "questions/1-development/s3-objects.yaml"
    path.write_text(path.read_text().replace("section: versions-and-delete-markers", "section: nowhere", 1))
    bad = run()
    assert bad.returncode == 1
    assert bad.stdout.endswith(
        "s3-undelete-same-version: chapters/1-development/s3-objects.md has no section #nowhere.\n"
    )
    assert bad.stderr.strip() == f"{len(load(ROOT))} questions, and 1 to mend (see above)."
