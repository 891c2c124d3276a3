"""The cell magic ``%%source app.py``: a cell that is saved as a file of the lab instead of being run."""

from pathlib import Path

from IPython.core.getipython import get_ipython


def offer(folder: Path) -> None:
    """Register ``%%source`` in the running notebook; elsewhere do nothing.

    :param folder: where the files go; made when the first is saved
    """
    shell = get_ipython()
    if shell is None:
        return

    def source(name: str, text: str) -> None:
        """Save the cell as a file, if it is valid Python."""
        name = name.strip()
        if name.endswith(".py"):
            compile(text, name, "exec")
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)

    shell.magics_manager.register_function(source, magic_kind="cell", magic_name="source")
