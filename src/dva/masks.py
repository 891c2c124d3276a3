"""Compare a notebook's stored outputs with those of a fresh run, whatever ids, times and addresses vary.

What varies is replaced by typed tokens, for the comparison only. Equal values share one numbered token across the whole
notebook (``<account-1>``), so that a changed id is not seen and two swapped ids are. Readings of a clock get a token
without a number: whether two of them happen to be equal says nothing.

Not masked, and therefore compared: everything that a lab decides itself, such as dates without a time of day, whole
seconds (``30 s``), sizes, counts and MD5 ETags. What is shortened before it is printed cannot be recognized: print an
id whole, or not at all.
"""

import copy
import re
from typing import Any

from nbformat import NotebookNode

from dva import labformat

_TYPES: list[tuple[str, str]] = [
    # Clocks and meters, whose tokens carry no number.
    ("duration=", r"(?<![\w.])\d+(?:\.\d+)? ?(?:ms|µs|us|ns|milliseconds)\b|(?<![\w.])\d+\.\d+ ?(?:s|sec|seconds)\b"),
    ("memory=", r"(?<=Max Memory Used: )\d+ MB"),
    ("timestamp=", r"datetime\.datetime\([^()]*(?:\([^()]*\))?[^()]*\)"),
    ("timestamp=", r"(?<![\w-])\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?: ?(?:Z|UTC|[+-]\d\d:?\d\d))?"),
    ("timestamp=", r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d \w{3} \d{4} \d\d:\d\d:\d\d(?: GMT)?"),
    ("timestamp=", r"(?<!\w)\d{8}T\d{6}Z"),
    ("date=", r"\d{4}/\d\d/\d\d(?=/\[)|(?<=%2F)20\d{6}(?=%2F)"),
    ("timestamp=", r"(?<![\w:.-])\d\d:\d\d:\d\d(?:\.\d+)?(?![\w:])"),
    ("epoch=", r"(?<![\w.-])1[6-9]\d{8}(?:\.\d+|\d{3})?(?!\w)"),
    ("address=", r"(?<=at )0x[0-9a-f]{6,16}\b"),
    # Names and ids, numbered in the order in which they first appear.
    ("uuid", r"(?<![0-9a-f])[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}(?![0-9a-f])"),
    ("signature", r"(?<=Signature=)[A-Za-z0-9%+/=]{20,}"),
    ("request-id", r"(?<=RequestId['\"]: ['\"])[^'\"]+|(?<=HostId['\"]: ['\"])[^'\"]+|(?<=id-2['\"]: ['\"])[^'\"]+"),
    ("receipt", r"(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{60,}={0,2}(?![A-Za-z0-9+/=])"),
    ("sha256", r"(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{43}=(?![A-Za-z0-9+/=])|(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])"),
    ("stream", r"(?<=\])[0-9a-f]{32}(?![0-9a-f])"),
    ("version-id", r"(?<![\w.-])(?=[\w.-]*[A-Z])(?=[\w.-]*[a-z])[A-Za-z0-9_.-]{32}(?![\w.-])"),
    ("access-key", r"\b(?:AKIA|ASIA|LKIA|LSIA|AIDA|AROA)[A-Z0-9]{12,17}\b"),
    ("sequence", r"(?<!\d)\d{20,56}(?!\d)"),
    ("account", r"(?<![\d.])\d{12}(?![\d.]\d|\d)"),
    ("name", r"(?<=[a-z0-9]-)[0-9a-f]{10}(?![0-9a-zA-Z])"),
    ("port", r"(?<=127\.0\.0\.1:)\d{2,5}\b|(?<=localhost:)\d{2,5}\b|(?<=localhost\.localstack\.cloud:)\d{2,5}\b"),
]
_PATTERN = re.compile("|".join(f"(?P<t{number}>{pattern})" for number, (_, pattern) in enumerate(_TYPES)))
_ANSI = re.compile(r"\x1b\[[0-9;]*m")


class Masks:
    """The tokens of one notebook."""

    def __init__(self) -> None:
        self._tokens: dict[tuple[str, str], str] = {}
        self._counts: dict[str, int] = {}

    def text(self, text: str) -> str:
        """Return ``text`` with everything that varies replaced by tokens."""
        return _PATTERN.sub(self._token, _ANSI.sub("", text))

    def _token(self, found: re.Match[str]) -> str:
        kind = _TYPES[int(str(found.lastgroup)[1:])][0]
        if kind.endswith("="):
            return f"<{kind[:-1]}>"
        value = found.group()
        if (kind, value) not in self._tokens:
            self._counts[kind] = self._counts.get(kind, 0) + 1
            self._tokens[kind, value] = f"<{kind}-{self._counts[kind]}>"
        return self._tokens[kind, value]

    def data(self, value: Any) -> Any:
        """Return JSON data with every string masked."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, list):
            return [self.data(item) for item in value]
        if isinstance(value, dict):
            return {key: self.data(item) for key, item in value.items()}
        return value


def masked(nb: NotebookNode) -> NotebookNode:
    """Return a copy of a notebook that holds only what a comparison looks at.

    Pictures count only as being there. Cells tagged ``volatile`` have no outputs, and the linter sees to it that they
    give a reason and that an assertion follows.
    """
    masks = Masks()
    result: NotebookNode = copy.deepcopy(nb)
    result.metadata = NotebookNode()
    for cell in result.cells:
        volatile = "volatile" in labformat.tags(cell)
        cell.metadata = NotebookNode()
        if cell.cell_type != "code":
            continue
        cell.execution_count = None
        cell.outputs = [] if volatile else [_output(output, masks) for output in _joined(cell.outputs)]
    return result


def _joined(outputs: list[NotebookNode]) -> list[NotebookNode]:
    """Join neighboring pieces of one stream: how a kernel cuts them is chance."""
    joined: list[NotebookNode] = []
    for output in outputs:
        stream = output.get("name") if output.output_type == "stream" else None
        if stream and joined and joined[-1].get("name") == stream:
            joined[-1].text += output.text
        else:
            joined.append(output)
    return joined


def _output(output: NotebookNode, masks: Masks) -> NotebookNode:
    if "execution_count" in output:
        output.execution_count = None
    if "text" in output:
        output.text = masks.text(output.text)
    if "data" in output:
        output.metadata = NotebookNode()
        # Plain text first, so that tokens are numbered in the order in which a reader meets the values.
        kinds = sorted(output.data, key=lambda kind: (kind != "text/plain", kind))
        output.data = NotebookNode(
            {kind: f"<{kind}>" if kind.startswith("image/") else masks.data(output.data[kind]) for kind in kinds}
        )
    return output


def differences(stored: NotebookNode, fresh: NotebookNode) -> str:
    """Say how the outputs of a fresh run differ from the stored ones, what varies apart.

    :return: pytest-notebook's diff; empty if they agree
    """
    from pytest_notebook.diffing import diff_notebooks, diff_to_string, filter_diff

    before, after = masked(stored), masked(fresh)
    found = filter_diff(diff_notebooks(before, after), [])
    return diff_to_string(before, found, use_git=False, use_diff=False, use_color=False) if found else ""
