"""What a function's process sees of this machine, with mounts and without, and that it never outlives the server."""

import signal

import psutil
import pytest
from botocore.exceptions import ClientError

LAMBDAS_OWN = {
    "_HANDLER",
    "_X_AMZN_TRACE_ID",
    "AWS_ACCESS_KEY_ID",
    "AWS_DEFAULT_REGION",
    "AWS_EXECUTION_ENV",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
    "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_LAMBDA_FUNCTION_VERSION",
    "AWS_LAMBDA_INITIALIZATION_TYPE",
    "AWS_LAMBDA_LOG_GROUP_NAME",
    "AWS_LAMBDA_LOG_STREAM_NAME",
    "AWS_LAMBDA_RUNTIME_API",
    "AWS_REGION",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_XRAY_CONTEXT_MISSING",
    "AWS_XRAY_DAEMON_ADDRESS",
    "LAMBDA_RUNTIME_DIR",
    "LAMBDA_TASK_ROOT",
    "LANG",
    "LD_LIBRARY_PATH",
    "PATH",
    "PYTHONPATH",
    "TZ",
}
OURS = {"AWS_DISABLE_HOST_PREFIX_INJECTION", "AWS_ENDPOINT_URL", "HOME", "LOCALSTACK_HOSTNAME"}

SHOW = """
    import importlib, json, os, subprocess, sys, tempfile

    def importable(name):
        try:
            importlib.import_module(name)
            return True
        except ImportError:
            return False

    def handler(event, context):
        root = os.environ["LAMBDA_TASK_ROOT"]
        mark = os.path.join(tempfile.gettempdir(), "mark")
        before = os.path.exists(mark)
        open(mark, "w").close()
        return {
            "environ": dict(os.environ),
            "importable": {name: importable(name) for name in event.get("modules", [])},
            "root": root,
            "files": sorted(os.listdir(root)),
            "cwd": os.getcwd(),
            "path": sys.path,
            "marked_before": before,
            "tmp": tempfile.gettempdir(),
            "pid": os.getpid(),
            "argv": sys.argv,
            "home": os.path.expanduser("~"),
        }
"""

PRESENT = ["boto3", "botocore", "s3transfer", "jmespath", "dateutil", "urllib3", "six", "awslambdaric", "sqlite3"]
ABSENT = ["localstack", "moto", "pydantic", "requests", "dva_localstack", "psutil", "yaml", "pip", "bootstrap"]


def test_only_lambdas_variables_and_the_functions_own(functions):
    name = functions.deploy(SHOW, Environment={"Variables": {"STAGE": "test", "EMPTY": ""}})
    environ = functions.invoke(name, {}).payload["environ"]
    assert set(environ) - {"TMPDIR"} == LAMBDAS_OWN | OURS | {"STAGE", "EMPTY"}
    assert environ["STAGE"] == "test"
    assert environ["AWS_LAMBDA_FUNCTION_NAME"] == name
    assert environ["_HANDLER"] == "app.handler"
    assert environ["AWS_EXECUTION_ENV"] == "AWS_Lambda_python3.13"
    assert environ["AWS_LAMBDA_RUNTIME_API"].startswith("127.0.0.1:")
    assert environ["TZ"] == ":UTC"


def test_only_lambdas_packages(functions):
    name = functions.deploy(SHOW, Timeout=30)
    found = functions.invoke(name, {"modules": PRESENT + ABSENT}).payload["importable"]
    assert [module for module in PRESENT if not found[module]] == []
    assert [module for module in ABSENT if found[module]] == []


def test_packages_in_the_deployment_package_win(functions):
    name = functions.deploy(
        {
            "app.py": "import boto3, requests\ndef handler(e, c): return [boto3.mine, requests.mine]",
            "boto3.py": "mine = 1",
            "requests/__init__.py": "mine = 2",
        }
    )
    assert functions.invoke(name).payload == [1, 2]


def test_boto3_reaches_the_emulator_as_the_functions_account(functions, another_account):
    name = functions.deploy(
        """
        import boto3

        def handler(event, context):
            boto3.client("s3").create_bucket(Bucket=event)
            boto3.resource("s3").Object(event, "key").put(Body=b"from the function")
            return boto3.client("sts").get_caller_identity()["Arn"]
        """,
        Timeout=30,
    )
    bucket = f"made-by-{name}"
    arn = functions.invoke(name, bucket).payload
    assert arn == f"arn:aws:sts::{functions.account.id}:assumed-role/lambda/{name}"
    body = functions.account("s3").get_object(Bucket=bucket, Key="key")["Body"].read()
    assert body == b"from the function"
    assert bucket not in [found["Name"] for found in another_account()("s3").list_buckets()["Buckets"]]


def test_each_environment_has_its_own_tmp(functions):
    first, second = functions.deploy(SHOW), functions.deploy(SHOW)
    assert functions.invoke(first, {}).payload["marked_before"] is False
    assert functions.invoke(first, {}).payload["marked_before"] is True, "it survives warm invocations"
    assert functions.invoke(second, {}).payload["marked_before"] is False


def test_code_is_read_only_where_it_is_mounted(functions):
    name = functions.deploy("""
        import os

        def handler(event, context):
            try:
                open(os.path.join(os.environ["LAMBDA_TASK_ROOT"], "new"), "w").close()
            except OSError as error:
                return error.strerror
            return "written"
    """)
    mounted = functions.invoke(functions.deploy(SHOW), {}).payload["root"] == "/var/task"
    assert functions.invoke(name).payload == ("Read-only file system" if mounted else "written")


def test_layers_are_merged_under_opt(functions):
    layers = [
        functions.layer({"python/shared.py": "value = 'first'", "python/one.py": "value = 1", "data.txt": "first"}),
        functions.layer({"python/lib/python3.13/site-packages/two.py": "value = 2", "data.txt": "second"}),
    ]
    name = functions.deploy(
        """
        import os, sys
        import one, shared, two

        def handler(event, context):
            opt = next(path for path in sys.path if path.endswith("/python"))[: -len("/python")]
            with open(opt + "/data.txt") as data:
                return [shared.value, one.value, two.value, data.read(), opt]
        """,
        Layers=layers,
    )
    answer = functions.invoke(name).payload
    assert answer[:4] == ["first", 1, 2, "second"]
    mounted = functions.invoke(functions.deploy(SHOW), {}).payload["root"] == "/var/task"
    assert (answer[4] == "/opt") is mounted


def test_a_layer_that_was_deleted_and_made_again(functions):
    client = functions.client
    code = "import shared\ndef handler(event, context): return shared.value"
    answers = []
    for value in (1, 2):
        made = client.publish_layer_version(
            LayerName="again", Content={"ZipFile": functions.archive({"python/shared.py": f"value = {value}"})}
        )
        answers.append(functions.invoke(functions.deploy(code, Layers=[made["LayerVersionArn"]])).payload)
        client.delete_layer_version(LayerName="again", VersionNumber=made["Version"])
    assert answers == [1, 2]


def test_a_layer_that_does_not_exist(functions):
    arn = f"arn:aws:lambda:us-east-1:{functions.account.id}:layer:absent:1"
    with pytest.raises(ClientError, match="InvalidParameterValueException"):
        functions.deploy(SHOW, Layers=[arn])


@pytest.fixture
def portable(own_server):
    """A server as on macOS: no mounts, no native runtime client; its environment holds secrets."""
    return own_server(
        DVA_LAMBDA_SANDBOX="0",
        DVA_LAMBDA_PURE_PYTHON="1",
        LAMBDA_KEEPALIVE_MS="1000",
        CANARY_SECRET="do not leak",
        AWS_PROFILE="production",
        PYTHONPATH="/canary/path",
    )


def test_without_mounts_and_without_the_native_client(portable, eventually):
    remote = portable.functions
    name = remote.deploy(SHOW, Timeout=30)
    seen = remote.invoke(name, {"modules": PRESENT + ABSENT}).payload
    assert set(seen["environ"]) == LAMBDAS_OWN | OURS | {"TMPDIR"}
    assert not [value for value in seen["environ"].values() if "canary" in value or "leak" in value]
    assert [module for module in PRESENT if not seen["importable"][module]] == []
    assert [module for module in ABSENT if seen["importable"][module]] == []
    assert seen["files"] == ["__pycache__", "app.py"] or seen["files"] == ["app.py"]
    assert seen["root"] == seen["cwd"] == seen["path"][0]
    assert seen["tmp"].startswith(str(portable.state))
    assert seen["home"].startswith(str(portable.state))

    port = int(seen["environ"]["AWS_LAMBDA_RUNTIME_API"].partition("/")[0].rpartition(":")[2])
    listening = {
        connection.laddr.port: connection.laddr.ip
        for connection in psutil.Process(portable.process.pid).net_connections("inet")
        if connection.status == psutil.CONN_LISTEN
    }
    assert listening[port] == "127.0.0.1", "the Runtime API listens on loopback only"

    failing = remote.deploy("def handler(event, context): raise KeyError(event)")
    assert remote.invoke(failing, "ä").payload["errorMessage"] == "'ä'"
    assert remote.invoke(remote.deploy("import nowhere")).payload["errorType"] == "Runtime.ImportModuleError"
    echo = remote.deploy("def handler(event, context): return event")
    assert remote.invoke(echo, {"text": "ä€😀" * 1000}).payload == {"text": "ä€😀" * 1000}
    client = psutil.Process(remote.invoke(name, {}).payload["pid"])
    assert "runtime_client" not in " ".join(entry.path for entry in client.memory_maps())
    # LAMBDA_KEEPALIVE_MS is one second here: the idle environment goes, with its folder.
    eventually(lambda: not client.is_running())
    eventually(lambda: not list(portable.state.glob("tmp/localstack/lambda-process/environments/*")))


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_no_function_outlives_the_server(own_server, eventually, how):
    server = own_server()
    remote = server.functions
    name = remote.deploy("""
        import os, subprocess

        def handler(event, context):
            return [os.getpid(), subprocess.Popen(["sleep", "300"]).pid]
    """)
    idle = [psutil.Process(pid) for pid in remote.invoke(name).payload]
    busy = remote.deploy(
        """
        import time

        def handler(event, context):
            time.sleep(300)
    """,
        Timeout=300,
    )
    remote.send(busy)
    children = eventually(
        lambda: [
            process
            for process in psutil.Process(server.process.pid).children()
            if "bootstrap.py" in " ".join(process.cmdline()) and process not in idle
        ]
    )
    server.stop(how)
    eventually(lambda: not [process for process in (*idle, *children) if process.is_running()], 5)
