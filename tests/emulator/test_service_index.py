"""The index of all services' operations is made once for an installation, not by each server."""

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

PYTHON = Path(__file__).resolve().parents[2] / "docker/localstack/.venv/bin/python"


def emulator_python(code: str, *arguments: object, **variables: str) -> str:
    """Run code with the emulator's packages and return what it prints."""
    done = subprocess.run(
        [PYTHON, "-c", code, *map(str, arguments)], env=variables, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def test_the_file_has_the_name_that_localstack_looks_for(tmp_path: Path) -> None:
    code = (
        "from localstack.aws.spec import _get_catalog_filename; from dva_localstack.service_index import file_name;"
        "print(_get_catalog_filename()); print(file_name())"
    )
    theirs, ours = emulator_python(code, OVERRIDE_IN_DOCKER="0", FILESYSTEM_ROOT=str(tmp_path)).split()
    assert theirs == ours


def test_a_new_server_uses_it_and_makes_none_of_its_own(
    own_server: Callable[..., Any], account_on: Callable[[str], Any]
) -> None:
    server = own_server()
    account_on(server.url)("sqs").list_queues()
    (link,) = (server.state / "usr/lib/localstack").glob("service-catalog-*.dill")
    assert link.resolve().is_relative_to(PYTHON.parents[1])
    assert list((server.state / "var/lib/localstack/cache").glob("service-catalog-*")) == []


def test_a_folder_that_cannot_be_written_costs_only_time(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    code = "import sys; from pathlib import Path; from dva_localstack import service_index as index\n"
    code += "index.link_into(Path(sys.argv[1]), Path(sys.argv[2])); print('went on')"
    assert emulator_python(code, tmp_path / "state", tmp_path / "file" / "below") == "went on"
