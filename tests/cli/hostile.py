"""A machine full of ways to real AWS, in a network of its own: run by test_safety.py, prints what it saw as JSON.

A canary listens on an address of its own on the loopback and answers nothing: the learner's profile, endpoints,
proxies and credential sources all lead to it. Whoever connects to it would have left for AWS.
"""

import json
import os
import socket
import subprocess
import sys
import threading
from pathlib import Path
from queue import Empty

ROOT = Path(__file__).resolve().parents[2]
CANARY = "127.0.0.2"
KEY = "AKIAIOSFODNN7EXAMPLE"

CALLS = """
import boto3, json, os, sys
seen = {"key": boto3.Session().get_credentials().access_key}
for service, call in [("s3", "list_buckets"), ("sqs", "list_queues"), ("dynamodb", "list_tables"),
                      ("sts", "get_caller_identity")]:
    client = boto3.client(service)
    answer = getattr(client, call)()
    seen[service] = [client.meta.endpoint_url, answer["ResponseMetadata"]["HTTPStatusCode"]]
seen["account"] = answer["Account"]
seen["leaked"] = sorted(n for n, v in os.environ.items() if n.startswith("AWS_") and ("127.0.0.2" in v or "work" in v))
print("SEEN" + json.dumps(seen))
"""

CELLS = {
    "kernel": CALLS,
    "child": f"import subprocess, sys\nprint(subprocess.run([sys.executable, '-c', {CALLS!r}], "
    "capture_output=True, text=True).stdout)",
    "shell": f"from pathlib import Path\nPath('calls.py').write_text({CALLS!r})\n!python calls.py",
    "threads": f"import threading\nt = threading.Thread(target=exec, args=({CALLS!r}, {{}}))\nt.start(); t.join()",
}


class Canary:
    """Counts who connects."""

    def __init__(self) -> None:
        self.socket = socket.create_server((CANARY, 0))
        self.port = self.socket.getsockname()[1]
        self.connections = 0
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            connection, _ = self.socket.accept()
            self.connections += 1
            connection.close()


def make_hostile(home: Path, port: int) -> dict[str, str]:
    """Write a learner's AWS files into ``home``; return the learner's environment."""
    url = f"http://{CANARY}:{port}"
    (home / ".aws").mkdir(parents=True)
    for name in ("default", "work"):
        section = "default" if name == "default" else f"profile {name}"
        with (home / ".aws/config").open("a") as config:
            config.write(f"[{section}]\nregion = eu-west-1\nendpoint_url = {url}\nservices = mine\n")
        with (home / ".aws/credentials").open("a") as credentials:
            credentials.write(f"[{name}]\naws_access_key_id = {KEY}\naws_secret_access_key = {'x' * 40}\n")
    with (home / ".aws/config").open("a") as config:
        config.write(f"[services mine]\ns3 =\n  endpoint_url = {url}\n")
    (home / ".boto").write_text(f"[Credentials]\naws_access_key_id = {KEY}\naws_secret_access_key = {'x' * 40}\n")
    return {
        "HOME": str(home),
        "PATH": os.environ["PATH"],
        "AWS_PROFILE": "work",
        "AWS_DEFAULT_PROFILE": "work",
        "AWS_ACCESS_KEY_ID": KEY,
        "AWS_SECRET_ACCESS_KEY": "x" * 40,
        "AWS_SESSION_TOKEN": "work",
        "AWS_CONFIG_FILE": str(home / ".aws/config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(home / ".aws/credentials"),
        "AWS_ENDPOINT_URL": url,
        "AWS_ENDPOINT_URL_S3": url,
        "AWS_ENDPOINT_URL_SQS": url,
        "AWS_ENDPOINT_URL_DYNAMODB": url,
        "AWS_ENDPOINT_URL_STS": url,
        "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "false",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": url,
        "AWS_EC2_METADATA_SERVICE_ENDPOINT": url,
        "AWS_CA_BUNDLE": "/nowhere/bundle.pem",
        **dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "ALL_PROXY"), url),
        "NO_PROXY": "example.com",
        "no_proxy": "example.com",
    }


def run_kernel(folder: Path) -> dict[str, object]:
    """Start the course's kernel as Jupyter does, run :data:`CELLS`, return what each saw."""
    from jupyter_client.manager import start_new_kernel

    manager, client = start_new_kernel(kernel_name="dva", cwd=str(folder), startup_timeout=60)
    try:
        return {name: _run(client, code) for name, code in CELLS.items()}
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def _run(client: object, code: str) -> object:
    texts: list[str] = []

    def note(message: dict[str, dict[str, object]]) -> None:
        content = message["content"]
        texts.append(str(content.get("text", "")) + "\n".join(map(str, content.get("traceback", []))))  # type: ignore[call-overload]

    client.execute_interactive(code, timeout=120, output_hook=note)  # type: ignore[attr-defined]
    text = "".join(texts)
    lines = [line for line in text.splitlines() if line.startswith("SEEN")]
    return json.loads(lines[0][4:]) if lines else text[-2000:]


def main() -> None:
    """Make the machine hostile, prove that the canary sings, run the course on it."""
    folder = Path(sys.argv[1])
    canary = Canary()
    learner = make_hostile(folder / "home", canary.port)
    # The control: the same calls in the learner's own shell do go astray.
    control = subprocess.run(
        [sys.executable, "-c", "import boto3; boto3.client('s3').list_buckets()"],
        env=learner | {"AWS_MAX_ATTEMPTS": "1"},
        capture_output=True,
        check=False,
    )
    control_connections, canary.connections = canary.connections, 0

    os.environ.clear()
    os.environ.update(learner | {"DVA_STATE": str(folder / "dva"), "DVA_PORT": sys.argv[2]})
    dva = [str(ROOT / ".venv/bin/dva")]
    up = subprocess.run([*dva, "up"], capture_output=True, text=True, check=False)
    try:
        from dva import endpoint, kernelspec

        kernelspec.install()
        os.environ["JUPYTER_PATH"] = str(kernelspec.folder())
        seen = run_kernel(folder)
        url = endpoint.resolve().url
    finally:
        subprocess.run([*dva, "down"], capture_output=True, check=False)
    report = {
        "control": [control.returncode, control_connections],
        "up": up.stdout + up.stderr,
        "url": url,
        "seen": seen,
        "canary": canary.connections,
    }
    print("\nREPORT" + json.dumps(report), flush=True)


if __name__ == "__main__":
    try:
        main()
    except Empty:
        sys.exit("the kernel did not answer")
