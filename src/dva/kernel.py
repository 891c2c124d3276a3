"""The kernel of labs: ``python -P -m dva.kernel -f CONNECTION_FILE``.

It forgets everything that could lead to real AWS before any code of the learner runs, so that a plain
``boto3.client("s3")`` and an ``aws`` in a shell go to the emulator.
"""

import contextlib
import logging
import os
import sys
from pathlib import Path

from dva import endpoint
from dva.errors import CourseError

ON_CI = ("CI", "BUILD_NUMBER")
"""Variables with which pytest prints more, where labs print the same everywhere.

https://docs.pytest.org/en/stable/explanation/ci.html
"""


def prepare() -> None:
    """Replace this process's environment by a clean one; tools of the course's environment come first on PATH."""
    try:
        url = endpoint.resolve().url
    except CourseError as error:
        # The kernel starts all the same: `Lab` says the sentence where the learner sees it.
        print(error, file=sys.stderr)
        url = endpoint.DEFAULT_URL
    endpoint.apply_clean_environment(url, endpoint.account_id(endpoint.learner()))
    for name in ON_CI:
        os.environ.pop(name, None)
    tools = str(Path(sys.executable).parent)
    os.environ["PATH"] = os.pathsep.join([tools, os.environ.get("PATH", os.defpath)])
    if profile := os.environ.get("IPYTHONDIR"):
        # IPython takes a new temporary folder, and leaves it behind, where not even the folder above is there.
        with contextlib.suppress(OSError):
            Path(profile).mkdir(parents=True, exist_ok=True)


def main() -> None:
    """Clean the environment, then become an IPython kernel."""
    prepare()
    from ipykernel.kernelapp import IPKernelApp

    # Each start warns in JupyterLab's terminal that the loopback is not encrypted, which no learner can change.
    IPKernelApp.launch_instance(log_level=logging.ERROR)


if __name__ == "__main__":
    main()
