"""The emulator in the background: its whole life, and what happens when parts of it are killed."""

import json
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import psutil
import pytest

from dva import processes
from dva.emulator import Emulator

from .conftest import Home, kill


def client(home: Home, service: str) -> Any:
    """Return a boto3 client of the home's emulator."""
    session = boto3.Session(aws_access_key_id="111122223333", aws_secret_access_key="test", region_name="us-east-1")
    return session.client(service, endpoint_url=f"http://127.0.0.1:{home.port}")


def servers(home: Home) -> list[int]:
    """Return the process ids of the servers of a home."""
    return [process.pid for process in processes.find_servers(home.folder / "state")]


def test_whole_life(home: Home) -> None:
    assert "is not running; `dva up` starts it" in home.dva("status", code=3)
    assert "`dva up` starts the emulator" in home.dva("logs", code=1)
    assert "was not running" in home.dva("down")

    assert f"The emulator runs at http://127.0.0.1:{home.port}" in home.dva("up")
    client(home, "sqs").list_queues()
    found = home.status()
    assert found["running"]
    assert found["url"] == f"http://127.0.0.1:{home.port}"
    assert found["version"] == "4.14.0"
    assert found["services"] == ["sqs"]
    assert 20e6 < found["memory_bytes"] < 2e9
    assert 0 <= found["uptime_seconds"] < 120
    assert home.record["pid"] == found["pid"] == servers(home)[0]
    assert "Services used: sqs" in home.dva("status")
    assert "sqs.ListQueues" in home.dva("logs", "-n", "20")

    assert "already runs at" in home.dva("up", "--port", str(home.port + 1), code=1)
    below = processes.tree(found["pid"])
    assert "has stopped" in home.dva("down")
    assert not any(processes.is_alive(process) for process in below)
    assert processes.port_is_free("127.0.0.1", home.port)
    assert not home.status()["running"]


def test_up_takes_less_than_a_second_when_running(running: Home) -> None:
    took = []
    for _ in range(5):
        begin = time.monotonic()
        assert "runs already" in running.dva("up")
        took.append(time.monotonic() - begin)
    assert min(took) < 1, took


def test_logs_follow_shows_new_lines(running: Home) -> None:
    follower = running.start("logs", "-f", "-n", "0")
    assert follower.stdout
    try:
        # The follower reads from the end of the log as it is when it starts: calls go on until it has seen one.
        for _ in range(200):
            client(running, "sqs").list_queues()
            if "sqs.ListQueues" in _line_within(follower, 0.2):
                return
        pytest.fail("no line came")
    finally:
        follower.kill()
        follower.communicate()


def _line_within(process: subprocess.Popen[str], seconds: float) -> str:
    import select

    assert process.stdout
    ready, _, _ = select.select([process.stdout], [], [], seconds)
    return process.stdout.readline() if ready else ""


def test_server_killed_in_the_middle_of_a_lab(running: Home) -> None:
    before = running.record
    kill(before["pid"])
    told = running.dva("status", code=3)
    assert "has stopped by itself" in told
    assert "`dva up` starts it again" in told
    running.dva("up")
    assert running.record["pid"] != before["pid"]
    # Kernels that are open have the address in their environment.
    assert running.status()["url"] == before["url"]
    client(running, "s3").list_buckets()


def test_port_of_the_last_start_is_kept(running: Home) -> None:
    kill(running.record["pid"])
    running.dva("up", DVA_PORT="")
    assert running.record["port"] == running.port


def test_children_killed(running: Home, eventually: Callable[..., Any]) -> None:
    client(running, "dynamodb").list_tables()
    children = processes.tree(running.record["pid"])[1:]
    assert children, "DynamoDB runs in a child process"
    for child in children:
        kill(child.pid)
    assert "runs already" in running.dva("up")

    def answers() -> bool:
        try:
            client(running, "dynamodb").list_tables()
        except Exception as error:
            raise AssertionError(f"no answer: {error}") from error
        return True

    assert eventually(answers, seconds=20)


def test_keeper_killed(running: Home) -> None:
    kill(running.record["keeper"])
    assert "runs already" in running.dva("up")
    server = psutil.Process(running.record["pid"])
    assert "has stopped" in running.dva("down")
    assert not processes.is_alive(server)


def test_server_and_keeper_killed_leave_nothing_behind(running: Home) -> None:
    client(running, "dynamodb").list_tables()
    below = processes.tree(running.record["pid"])[1:]
    kill(running.record["keeper"])
    kill(running.record["pid"])
    running.dva("up")
    assert not any(processes.is_alive(process) for process in below)
    assert len(servers(running)) == 1


def test_killed_while_it_starts(home: Home, eventually: Callable[..., Any]) -> None:
    first = home.start("up")
    eventually(lambda: (home.folder / "server.json").exists(), seconds=30)
    pid = home.record["pid"]
    first.kill()
    first.communicate()
    home.dva("up")
    assert home.record["pid"] == pid
    assert servers(home) == [pid]


def test_two_starts_at_once_make_one_server(home: Home) -> None:
    both = [home.start("up"), home.start("up")]
    told = [process.communicate(timeout=120) for process in both]
    assert [process.returncode for process in both] == [0, 0], told
    assert len(servers(home)) == 1
    assert sorted("runs already" in out for out, _ in told) == [False, True]


def test_record_with_a_recycled_process_id(home: Home) -> None:
    home.folder.mkdir(parents=True)
    with subprocess.Popen(["sleep", "600"]) as stranger:
        record = {
            "url": f"http://127.0.0.1:{home.port}",
            "port": home.port,
            "pid": stranger.pid,
            "keeper": stranger.pid,
        }
        (home.folder / "server.json").write_text(json.dumps(record))
        assert not home.status()["running"]
        assert "was not running" in home.dva("down")
        (home.folder / "server.json").write_text(json.dumps(record))
        home.dva("up")
        assert home.record["pid"] != stranger.pid
        assert stranger.poll() is None
        stranger.kill()


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"url": 1}', '{"url": "http://127.0.0.1:1", "pid": "x"}'])
def test_damaged_record_reads_as_not_running(tmp_path: Path, damage: str) -> None:
    (tmp_path / "server.json").write_text(damage)
    assert not Emulator(tmp_path).status().running


def test_record_lost(running: Home) -> None:
    pid = running.record["pid"]
    (running.folder / "server.json").unlink()
    assert running.status()["pid"] == pid
    running.dva("up")
    assert running.record["pid"] == pid
    assert running.record["port"] == running.port


def test_reset_deletes_the_state(running: Home) -> None:
    assert "--yes" in running.dva("reset", code=1)
    assert (running.folder / "state").exists()
    assert "is deleted" in running.dva("reset", "--yes")
    assert not (running.folder / "state").exists()
    assert not running.status()["running"]
