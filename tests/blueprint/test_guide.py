"""The guides' data, and what unknown ids and gaps do."""

import re
import shutil
from pathlib import Path

import nbformat
import pytest
import yaml
from pydantic import ValidationError

from dva import blueprint
from dva.errors import CourseError

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(("code", "tasks", "skills"), [("DVA-C02", 13, 101), ("DVA-C03", 12, 72)])
def test_counts_are_those_of_the_guides(code: str, tasks: int, skills: int) -> None:
    exam = blueprint.exam(code)
    assert len(exam.domains) == 4
    assert sum(len(domain.tasks) for domain in exam.domains) == tasks
    assert len(exam.skills()) == skills
    assert sum(domain.weight for domain in exam.domains) == 100


def test_weights_and_new_skills_are_those_of_the_guides() -> None:
    weights = {code: [domain.weight for domain in exam.domains] for code, exam in blueprint.exams().items()}
    assert weights == {"DVA-C02": [32, 26, 24, 18], "DVA-C03": [30, 26, 22, 22]}
    assert sum(one.new for one in blueprint.exam("DVA-C02").skills().values()) == 18
    assert blueprint.exam("DVA-C03").domains[1].tasks[2].new


def _raw(code: str = "DVA-C02") -> dict:
    return yaml.safe_load((ROOT / "blueprint/exam_guide.yaml").read_text("utf-8"))[code]


def test_weights_that_miss_100_are_refused() -> None:
    raw = _raw()
    raw["domains"][0]["weight"] += 1
    with pytest.raises(ValidationError, match="miss 100%"):
        blueprint.Exam.model_validate(raw)


def test_a_skill_out_of_order_is_refused() -> None:
    raw = _raw()
    del raw["domains"][0]["tasks"][0]["skills"][3]
    with pytest.raises(ValidationError, match=r"task 1\.1"):
        blueprint.Exam.model_validate(raw)


def test_skill_by_number() -> None:
    assert "DynamoDB" in blueprint.skill("DVA-C03", "1.3.4").text
    with pytest.raises(CourseError, match=r"no skill '1\.3\.9'"):
        blueprint.skill("DVA-C03", "1.3.9")
    with pytest.raises(CourseError, match="no exam 'SAA-C03'"):
        blueprint.skill("SAA-C03", "1.1.1")


def test_the_data_speaks_american_and_names_aws_pages_only() -> None:
    text = (ROOT / "blueprint/exam_guide.yaml").read_text("utf-8")
    assert re.findall(r"\w+(?:is(?:e|ed|ing|ation)\b)", text) == []
    links = re.findall(r"https?://[^\s]+", text)
    assert len(links) == 12
    assert all(link.startswith("https://docs.aws.amazon.com/aws-certification/latest/") for link in links)


# -- what the course declares ---------------------------------------------------------------------------------


@pytest.fixture
def course(tmp_path: Path) -> Path:
    """A course with one chapter, one lab and one question, all well."""
    (tmp_path / "blueprint").mkdir()
    (tmp_path / "blueprint/written.yaml").write_text("domains: []\n")
    chapter = tmp_path / "chapters/1-development/notes.md"
    chapter.parent.mkdir(parents=True)
    chapter.write_text(
        '---\nskills: {DVA-C03: ["1.1.1", "1.1.2"]}\n'
        'sections:\n  the-idea: {DVA-C03: ["1.1.1"]}\n  how-it-goes: {DVA-C03: ["1.1.2"]}\n---\n'
        "# Notes\n\n## The idea\n\n## How it `goes`\n"
    )
    lab = nbformat.v4.new_notebook()
    lab.metadata["dva"] = {
        "lab": "notes",
        "title": "Notes",
        "domain": 1,
        "minutes": 30,
        "level": "beginner",
        "services": ["s3"],
        "chapter": "1-development/notes",
        "skills": {"DVA-C02": ["1.1.3"], "DVA-C03": ["1.1.1"]},
    }
    (tmp_path / "solutions/1-development").mkdir(parents=True)
    nbformat.write(lab, tmp_path / "solutions/1-development/notes.ipynb")
    source = ROOT / "questions/1-development/s3-objects.yaml"
    bank = yaml.safe_load(source.read_text("utf-8"))
    bank["chapter"] = "1-development/notes"
    bank["questions"] = [bank["questions"][0] | {"skills": {"DVA-C03": ["1.1.1"]}, "section": "the-idea"}]
    (tmp_path / "questions/1-development").mkdir(parents=True)
    (tmp_path / "questions/1-development/notes.yaml").write_text(yaml.safe_dump(bank, sort_keys=False))
    return tmp_path


def _replace(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")


def test_a_course_that_is_well_has_no_faults(course: Path) -> None:
    assert blueprint.faults(course) == []
    found = blueprint.coverage(course)
    (section,) = found.taught["DVA-C03", "1.1.2"]
    assert (section.page, section.anchor, section.title) == ("1-development/notes", "how-it-goes", "How it goes")
    assert [lab.minutes for lab in found.practiced["DVA-C02", "1.1.3"]] == [30]
    assert len(found.asked["DVA-C03", "1.1.1"]) == 1
    missing = {gap.skill.id: gap.missing for gap in blueprint.gaps("DVA-C03", course)}
    assert "1.1.1" not in missing
    assert missing["1.1.2"] == ("lab", "question")
    assert missing["1.1.3"] == ("section", "lab", "question")


def test_an_unknown_id_in_a_chapter_fails(course: Path) -> None:
    _replace(course / "chapters/1-development/notes.md", '["1.1.1", "1.1.2"]', '["1.1.1", "1.1.2", "1.1.99"]')
    assert any("1-development/notes: DVA-C03 has no skill '1.1.99'" in fault for fault in blueprint.faults(course))


def test_an_unknown_exam_fails(course: Path) -> None:
    _replace(course / "chapters/1-development/notes.md", "skills: {DVA-C03:", "skills: {DVA-C01: ['1.1.1'], DVA-C03:")
    assert any("no exam 'DVA-C01'" in fault for fault in blueprint.faults(course))


def test_an_unknown_id_in_a_lab_fails(course: Path) -> None:
    _replace(course / "solutions/1-development/notes.ipynb", '"1.1.3"', '"9.1.3"')
    assert blueprint.faults(course) == ["lab notes: DVA-C02 has no skill '9.1.3'."]


def test_an_unknown_id_in_a_question_fails(course: Path) -> None:
    _replace(course / "questions/1-development/notes.yaml", "1.1.1", "1.1.77")
    try:
        found = blueprint.faults(course)
    except CourseError as error:  # the bank itself may refuse it
        found = [str(error)]
    assert len(found) == 1
    assert "1.1.77" in found[0]


def test_a_section_that_is_not_there_fails(course: Path) -> None:
    _replace(course / "chapters/1-development/notes.md", "## The idea", "## The ideas")
    found = blueprint.faults(course)
    assert any("names the section 'the-idea'" in fault for fault in found)
    assert any("none of its sections teaches DVA-C03 1.1.1" in fault for fault in found)


def test_a_section_with_a_skill_that_the_page_does_not_declare_fails(course: Path) -> None:
    _replace(
        course / "chapters/1-development/notes.md",
        'the-idea: {DVA-C03: ["1.1.1"]}',
        'the-idea: {DVA-C03: ["1.1.1", "1.1.4"]}',
    )
    assert blueprint.faults(course) == [
        "1-development/notes#the-idea: DVA-C03 1.1.4 is not among the page's skills",
    ]


def test_a_gap_in_a_written_domain_fails(course: Path) -> None:
    (course / "blueprint/written.yaml").write_text(
        'domains: [1]\nwithout_lab: {DVA-C03: {"1.1.2": "a matter of words"}}\n'
    )
    found = blueprint.faults(course)
    assert all("though its domain counts as written" in fault for fault in found)
    in_domain = [len(exam.domains[0].skills()) for exam in blueprint.exams().values()]
    assert len(found) == sum(in_domain) - 1  # all but DVA-C03 1.1.1
    (excused,) = [fault for fault in found if fault.startswith("DVA-C03 1.1.2 ")]
    assert "no question" in excused
    assert "no lab" not in excused
    assert not [fault for fault in found if fault.startswith("DVA-C03 2.")]


def test_an_excuse_for_a_skill_that_is_not_there_fails(course: Path) -> None:
    (course / "blueprint/written.yaml").write_text('without_lab: {DVA-C03: {"1.9.1": "?"}, DVA-C09: {}}\n')
    assert blueprint.faults(course) == [
        "written.yaml: DVA-C03 has no skill 1.9.1",
        "written.yaml: there is no exam DVA-C09",
    ]


def test_a_course_without_a_bank_works(course: Path) -> None:
    shutil.rmtree(course / "questions")
    assert blueprint.coverage(course).asked == {}


# -- this course ----------------------------------------------------------------------------------------------


def test_this_course_declares_nothing_unknown_and_has_no_gap_in_what_counts_as_written() -> None:
    assert blueprint.faults(ROOT) == []


def test_every_skill_of_a_chapter_is_taught_in_a_section() -> None:
    found = blueprint.coverage(ROOT)
    assert len(found.taught) >= 40
    assert all(section.anchor for sections in found.taught.values() for section in sections)
