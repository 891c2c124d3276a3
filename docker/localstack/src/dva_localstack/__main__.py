"""Run the emulator in the foreground: ``dva-localstack --port 4566 --state DIR``."""

import argparse
import hashlib
import importlib
import importlib.metadata
import ipaddress
import logging
import os
import shutil
import sys
from pathlib import Path

from dva_localstack import memory, service_index
from dva_localstack.services import provider_overrides


def settings(host: str, port: int, state: Path) -> dict[str, str]:
    """Return LocalStack's environment for one server.

    :param host: IP address to bind, for example ``127.0.0.1``
    :param port: TCP port of the gateway
    :param state: folder that holds everything this server writes
    :return: environment variables, names to values
    """
    address = ipaddress.ip_address(host)
    listen = [f"[{address}]:{port}" if address.version == 6 else f"{address}:{port}"]
    if not address.is_loopback and not address.is_unspecified:
        # LocalStack calls itself on the loopback, also where one other address was asked for.
        listen.insert(0, f"127.0.0.1:{port}")
    return {
        # LocalStack ignores FILESYSTEM_ROOT where it thinks it is in its own image,
        # and it thinks so in any container.
        "OVERRIDE_IN_DOCKER": "0",
        "FILESYSTEM_ROOT": str(state),
        "XDG_CACHE_HOME": str(state / "cache"),
        "CONFIG_DIR": str(state / "config"),
        "GATEWAY_SERVER": "bound",
        "GATEWAY_LISTEN": ",".join(listen),
        "LOCALSTACK_HOST": f"localhost:{port}",
        "DNS_ADDRESS": "0",
        "SKIP_SSL_CERT_DOWNLOAD": "1",
        "DISABLE_EVENTS": "1",
        "DEBUG": "0",
        "S3_SKIP_SIGNATURE_VALIDATION": "0",
        "S3_SKIP_KMS_KEY_VALIDATION": "0",
        "SQS_ENDPOINT_STRATEGY": "path",
        "SQS_ENABLE_MESSAGE_RETENTION_PERIOD": "1",
        "LAMBDA_RUNTIME_EXECUTOR": "process",
        "LAMBDA_RETRY_BASE_DELAY": "1",
        # Seconds: an event source that was empty or failed for a while is asked again soon, not after 10 or 60.
        "LAMBDA_EVENT_SOURCE_MAPPING_POLL_INTERVAL_SEC": "0.5",
        "LAMBDA_EVENT_SOURCE_MAPPING_MAX_BACKOFF_ON_EMPTY_POLL_SEC": "1",
        "LAMBDA_EVENT_SOURCE_MAPPING_MAX_BACKOFF_ON_ERROR_SEC": "2",
        "CFN_IGNORE_UNSUPPORTED_RESOURCE_TYPES": "0",
        # For the processes that the server starts.
        "MALLOC_ARENA_MAX": str(memory.HEAPS),
        # The AWS SDK inside the server must not see the user's profile.
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        **provider_overrides(),
    }


def clean_environment() -> None:
    """Drop what the user's shell sets for AWS and for proxies: the server talks to itself only."""
    for name in list(os.environ):
        if name.startswith("AWS_") or name.lower() in ("http_proxy", "https_proxy", "all_proxy"):
            del os.environ[name]


def drop_stale_plugin_cache(cache: Path) -> None:
    """Delete plux's index of plugins when the installed packages are not those that it was made from.

    plux notices changes by file times that it rounds to about two minutes, so that an upgrade can stay unseen.

    :param cache: the folder that is ``XDG_CACHE_HOME`` for the server
    """
    installed = sorted(f"{item.name}=={item.version}" for item in importlib.metadata.distributions())
    plugins = importlib.metadata.distribution("dva-localstack").read_text("entry_points.txt") or ""
    key = hashlib.sha256("\n".join([*installed, plugins]).encode()).hexdigest()
    record = cache / "plugins.key"
    if not record.exists() or record.read_text() != key:
        shutil.rmtree(cache / "plux", ignore_errors=True)
        cache.mkdir(parents=True, exist_ok=True)
        record.write_text(key)


def main() -> None:
    """Parse the command line, set LocalStack's environment and run it until a signal."""
    parser = argparse.ArgumentParser(prog="dva-localstack", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", type=ipaddress.ip_address, help="IP address to bind")
    parser.add_argument("--port", type=int, default=4566)
    parser.add_argument(
        "--no-iam",
        action="store_true",
        help="judge no call by IAM policies or signatures, as DVA_ENFORCE_IAM=0 in the environment does",
    )
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--state", type=Path, help="folder for everything the server writes")
    what.add_argument("--prepare", action="store_true", help="make what all servers share, and end")
    options = parser.parse_args()
    if options.prepare:
        service_index.prepare()
        return
    state = options.state.resolve()
    state.mkdir(parents=True, exist_ok=True)
    memory.share_heaps()
    clean_environment()
    os.environ.update(settings(str(options.host), options.port, state))
    if options.no_iam:
        os.environ["DVA_ENFORCE_IAM"] = "0"
    drop_stale_plugin_cache(state / "cache")
    service_index.link_into(state)
    # LocalStack reads its environment while it is imported.
    from localstack.runtime.main import main as run

    memory.share_service_models()
    memory.keep_fewer_clients()

    # LocalStack starts without a hook that cannot be imported, which would be a server that lets everybody pass.
    importlib.import_module("dva_localstack.enforcement.handler")
    try:
        run()
    except SystemExit as end:
        # Everything has been shut down. A service that was first touched during the shutdown leaves threads that
        # LocalStack never ends, and Python would wait for them for good.
        logging.shutdown()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(end.code if isinstance(end.code, int) else 0)


if __name__ == "__main__":
    main()
