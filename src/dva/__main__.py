"""``python -m dva`` is the ``dva`` command."""

from dva.cli import main

main()
