"""A new lab that already passes the linter and runs both ways, for its author to replace piece by piece."""

from typing import Any

import nbformat
from nbformat import NotebookNode

from dva import labformat
from dva.labformat import KERNELSPEC

_HEADER = """# {title}

| | |
|---|---|
| Time | 20 minutes |
| Level | beginner |
| Services | Amazon S3 |
| Skills DVA-C02 | 1.1.9 |
| Skills DVA-C03 | 1.1.5 |
| Chapter | [{chapter}](../../chapters/{chapter}.md) |

## What you will build

A bucket that keeps every version of its objects.

```mermaid
flowchart LR
  accTitle: What this lab builds
  accDescr: Your code puts objects into a bucket that keeps every version.
  you[Your code] -->|put_object| bucket[(Bucket with versions)]
```"""

_EXERCISE = """bucket = lab.name("notes")
s3.create_bucket(Bucket=bucket)

# Your code: turn versioning on for the bucket
### BEGIN SOLUTION
s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
### END SOLUTION"""

_CHECK = """with check("versioning is on", hint="put_bucket_versioning takes a VersioningConfiguration."):
    assert s3.get_bucket_versioning(Bucket=bucket).get("Status") == "Enabled\""""

_PARAMETERS = 'run = "mine"  # papermill changes this, so that two runs never share an account'

_WRONG = {
    "why": "suspends versioning instead of enabling it",
    "code": 's3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Suspended"})',
}


def new_solution(name: str, domain: int) -> NotebookNode:
    """Return a solved notebook for a new lab.

    :param name: the lab's name: lower-case words joined by hyphens
    :param domain: exam domain, 1 to 4
    """
    title = name.replace("-", " ").capitalize()
    chapter = f"{labformat.DOMAIN_FOLDERS[domain]}/{name}"
    nb = nbformat.v4.new_notebook(
        metadata={
            "kernelspec": dict(KERNELSPEC),
            "language_info": {"name": "python"},
            "dva": {
                "lab": name,
                "title": title,
                "domain": domain,
                "minutes": 20,
                "level": "beginner",
                "services": ["s3"],
                "chapter": chapter,
                "skills": {"DVA-C02": ["1.1.9"], "DVA-C03": ["1.1.5"]},
            },
        }
    )
    nb.cells = [
        _markdown("header", _HEADER.format(title=title, chapter=chapter)),
        _code(
            "parameters",
            _PARAMETERS,
            "parameters",
        ),
        _code("setup", f'from dva import Lab, check\n\nlab = Lab("{name}", run=run)\ns3 = lab.client("s3")', "setup"),
        _markdown("task-1", "## Task 1: Keep every version\n\nWithout versioning, the last write wins for good."),
        _code("task-1-exercise", _EXERCISE, "exercise", dva={"wrong_answers": [_WRONG]}),
        _code("task-1-check", _CHECK, "check"),
        _markdown("on-the-exam", "## On the exam\n\n- Versioning can be suspended, never removed."),
        _markdown("differs-from-aws", "## Differs from AWS\n\nNothing that this lab uses."),
        _markdown("challenge", "## Challenge\n\nWrite an object twice and bring its first version back."),
        _code("cleanup", "lab.cleanup()", "cleanup"),
    ]
    return nb


def _markdown(name: str, text: str) -> NotebookNode:
    return nbformat.v4.new_markdown_cell(text, id=name)


def _code(name: str, text: str, *tags: str, **metadata: Any) -> NotebookNode:
    if tags:
        metadata["tags"] = list(tags)
    return nbformat.v4.new_code_cell(text, id=name, metadata=metadata)
