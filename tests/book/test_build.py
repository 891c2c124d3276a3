"""The book builds without a warning, leaves the project as it was (fixture `html`), and holds all that is written."""

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from bs4 import BeautifulSoup

from dva import bookbuild
from dva.errors import CourseError

ROOT = Path(__file__).parents[2]
Build = Callable[[Path, Path], tuple[int, str]]


def _contents() -> list[str]:
    """Every page that `_toc.yml` names, in order."""
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text("utf-8"))
    names = [toc["root"]]

    def walk(entry: dict) -> None:
        if "file" in entry:
            names.append(entry["file"])
        for key in ("parts", "chapters", "sections"):
            for child in entry.get(key, []):
                walk(child)

    walk(toc)
    return names


def _written() -> set[str]:
    files = [*(ROOT / "chapters").rglob("*.md")]
    files += [path for folder in ("labs", "solutions") for path in (ROOT / folder).rglob("*.ipynb")]
    return {
        path.relative_to(ROOT).with_suffix("").as_posix() for path in files if ".ipynb_checkpoints" not in path.parts
    }


def test_contents_hold_everything_that_is_written_once() -> None:
    contents = _contents()
    assert len(contents) == len(set(contents))
    assert set(contents) == _written()


def test_a_lab_stands_between_its_chapter_and_its_solution() -> None:
    contents = _contents()
    labs = [name for name in contents if name.startswith("labs/")]
    assert len(labs) >= 4
    for lab in labs:
        place = contents.index(lab)
        assert contents[place - 1].startswith("chapters/"), lab
        assert contents[place + 1] == lab.replace("labs/", "solutions/", 1), lab


def test_every_page_is_built(html: Path, pages: dict[str, BeautifulSoup]) -> None:
    assert set(pages) == {f"{name}.html" for name in _contents()}
    assert "chapters/start/index.html" in (html / "index.html").read_text("utf-8")
    assert (html / "search.html").is_file()


def test_every_page_has_a_title_and_one_main_heading(pages: dict[str, BeautifulSoup]) -> None:
    for name, page in pages.items():
        assert page.title is not None, name
        assert page.title.get_text(strip=True), name
        article = page.find("article")
        assert article is not None, name
        assert len(article.find_all("h1")) == 1, name


def test_solutions_show_their_outputs(pages: dict[str, BeautifulSoup]) -> None:
    for name, page in pages.items():
        if name.startswith("solutions/"):
            assert page.select(".dva-check.dva-passed, .cell_output"), name
            assert not page.select(".dva-check.dva-failed"), name


def test_a_page_that_cannot_be_right_fails_the_build(build_book: Build, tmp_path: Path) -> None:
    """A dead link, and a diagram that was never drawn."""
    project = tmp_path / "project"
    (project / "chapters").mkdir(parents=True)
    (project / "_toc.yml").write_text("format: jb-book\nroot: chapters/a\n")
    (project / "_config.yml").write_text(
        "title: T\nexecute: {execute_notebooks: 'off'}\n"
        "sphinx: {extra_extensions: [dva.book], config: {myst_fence_as_directive: [mermaid]}}\n"
    )
    page = "# A\n\n[gone](b.md)\n\n```mermaid\nflowchart LR\n  accTitle: T\n  A --> B\n```\n"
    (project / "chapters/a.md").write_text(page)

    code, said = build_book(project, tmp_path / "out")

    assert code != 0
    assert "a.md:3" in said
    assert "python -m dva.book diagrams" in said
    assert "a.md:5" in said


def test_every_chapter_declares_its_skills(pages: dict[str, BeautifulSoup]) -> None:
    chapters = [p for p in (ROOT / "chapters").glob("[1-4]-*/*.md") if p.name != "index.md"]
    assert len(chapters) >= 4
    for path in chapters:
        front = yaml.safe_load(path.read_text("utf-8").split("---")[1])
        shown = pages[path.relative_to(ROOT).with_suffix(".html").as_posix()].select_one("p.skills")
        assert shown is not None, path.name
        for exam in ("DVA-C02", "DVA-C03"):
            assert front["skills"][exam], f"{path.name}: {exam}"
            assert exam in shown.get_text(), path.name
            assert all(skill in shown.get_text() for skill in front["skills"][exam]), path.name


def test_a_page_is_opened_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "_toc.yml").write_text((ROOT / "_toc.yml").read_text("utf-8"))
    built = tmp_path / "_build/html/chapters/1-development/s3-objects.html"
    built.parent.mkdir(parents=True)
    built.write_text("built")
    for name in ("1-development/s3-objects", "chapters/1-development/s3-objects.md"):
        assert bookbuild.page(name, tmp_path) == built
    with pytest.raises(CourseError, match=r"no page '1-development/s3'. Is it 1-development/s3-objects"):
        bookbuild.page("1-development/s3", tmp_path)


def test_what_is_written_is_counted(pages: dict[str, BeautifulSoup]) -> None:
    """The landing page's table by the table of contents; each domain's page lists its labs."""
    table = pages["chapters/start/index.html"].select("article table")[-1]
    rows = [row.get_text(" ", strip=True) for row in table.select("tbody tr")]
    assert len(rows) == 4
    for domain, row in enumerate(rows, 1):
        labs = [name for name in _contents() if name.startswith(f"labs/{domain}-")]
        assert (f"{len(labs)} lab" in row) == bool(labs), row
        (index,) = [
            page for name, page in pages.items() if name.startswith(f"chapters/{domain}-") and "/index." in name
        ]
        linked = {str(link["href"]).rpartition("labs/")[2] for link in index.select("article a[href*='labs/']")}
        assert linked == {f"{name.removeprefix('labs/')}.html" for name in labs}
