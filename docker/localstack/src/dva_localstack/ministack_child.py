"""MiniStack in a process of its own that serves an inherited socket and ends with its parent.

Run by :mod:`dva_localstack.ministack` as ``python -m dva_localstack.ministack_child FD``. Standard input is a
pipe whose other end the parent holds: it closes when the parent ends in any way, SIGKILL included.
"""

import asyncio
import os
import sys
import threading


def exit_with_parent() -> None:
    """Wait for the end of standard input, then end this process at once."""
    while sys.stdin.buffer.read(1):
        pass
    os._exit(0)


def main() -> None:
    """Serve MiniStack on the listening socket whose file descriptor is the only argument."""
    threading.Thread(target=exit_with_parent, daemon=True, name="exit-with-parent").start()

    from hypercorn.asyncio import serve
    from hypercorn.config import Config
    from ministack.app import app

    from dva_localstack import ministack_repairs
    from dva_localstack.repairs import lazy

    ministack_repairs.apply()
    lazy.apply_when_used()
    config = Config()
    config.bind = [f"fd://{int(sys.argv[1])}"]
    config.keep_alive_timeout = 75
    config.loglevel = "WARNING"
    asyncio.run(serve(app, config))


if __name__ == "__main__":
    main()
