"""Where papermill finds the course's engine (entry point group ``papermill.engine``); only papermill imports this.

papermill loads its engines while it is itself imported, so a module that imports papermill cannot be the entry point.
"""

from typing import Any

from papermill.engines import Engine


class BothWaysEngine(Engine):
    """The engine ``dva-both-ways``."""

    @classmethod
    def execute_managed_notebook(cls, nb_man: Any, kernel_name: str, **kwargs: Any) -> None:
        """Run a lab's notebook; see :func:`dva.engine.execute_managed`.

        :param nb_man: papermill's wrapper of the notebook
        :param kernel_name: not used; the course's own kernel runs every lab
        """
        from dva.engine import execute_managed

        execute_managed(nb_man, **kwargs)
