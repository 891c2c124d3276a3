"""The one kind of error that a learner meets from the course's own code."""


class CourseError(Exception):
    """One sentence that says what is wrong and what to do about it; shown without a traceback."""

    def _render_traceback_(self) -> list[str]:
        """IPython shows these lines instead of a traceback."""
        return [f"\x1b[31m✗ {self}\x1b[0m"]
