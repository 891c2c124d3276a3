"""Faults of MiniStack 1.5.33 that labs meet, repaired in its process. Each repair names its fault."""


def apply() -> None:
    """Repair the services before the first request."""
