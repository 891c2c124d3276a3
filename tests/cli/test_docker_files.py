"""What can be said of the image without building it: it is pinned, and its port is published on the loopback only."""

import re
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
DOCKERFILE = (ROOT / "docker/localstack/Dockerfile").read_text()


def test_the_base_image_is_the_locked_localstack():
    (base,) = re.findall(r"^FROM (\S+)$", DOCKERFILE, re.MULTILINE)
    locked = re.search(
        r'localstack-core\[runtime\]==([\d.]+)"', (ROOT / "docker/localstack/pyproject.toml").read_text()
    )
    assert locked
    assert base == f"localstack/localstack:{locked[1]}"


def test_uv_is_the_one_that_the_makefile_fetches():
    (image,) = re.findall(r"uv==([\d.]+)$", DOCKERFILE, re.MULTILINE)
    assert re.search(rf"^UV_PIN\s*=\s*{re.escape(image)}$", (ROOT / "Makefile").read_text(), re.MULTILINE)


def test_the_port_is_published_on_the_loopback_only():
    services = yaml.safe_load((ROOT / "docker/compose.yaml").read_text())["services"]
    ports = [port for service in services.values() for port in service["ports"]]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_what_the_image_copies_is_there():
    for line in re.findall(r"^COPY (.+) \S+$", DOCKERFILE, re.MULTILINE):
        for name in line.split():
            assert (ROOT / "docker/localstack" / name).exists(), name
