"""Run the emulator in the foreground: ``dva-localstack --port 4566 --state DIR``."""

import argparse
import os
from pathlib import Path


def settings(host: str, port: int, state: Path) -> dict[str, str]:
    """Return LocalStack's environment for one server.

    :param host: address to bind, for example ``127.0.0.1``
    :param port: TCP port of the gateway
    :param state: folder that holds everything this server writes
    :return: environment variables, names to values
    """
    return {
        # LocalStack ignores FILESYSTEM_ROOT where it thinks it is in its own image,
        # and it thinks so in any container.
        "OVERRIDE_IN_DOCKER": "0",
        "FILESYSTEM_ROOT": str(state),
        "XDG_CACHE_HOME": str(state / "cache"),
        "GATEWAY_LISTEN": f"{host}:{port}",
        "LOCALSTACK_HOST": f"localhost:{port}",
        "DNS_ADDRESS": "0",
        "SKIP_SSL_CERT_DOWNLOAD": "1",
        "DISABLE_EVENTS": "1",
        "DEBUG": "0",
        "S3_SKIP_SIGNATURE_VALIDATION": "0",
        "LAMBDA_RETRY_BASE_DELAY": "1",
        "CFN_IGNORE_UNSUPPORTED_RESOURCE_TYPES": "0",
    }


def main() -> None:
    """Parse the command line, set LocalStack's environment and run it until a signal."""
    parser = argparse.ArgumentParser(prog="dva-localstack", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=4566)
    parser.add_argument("--state", type=Path, required=True, help="folder for everything the server writes")
    options = parser.parse_args()
    state = options.state.resolve()
    state.mkdir(parents=True, exist_ok=True)
    os.environ.update(settings(options.host, options.port, state))
    # LocalStack reads its environment while it is imported.
    from localstack.runtime.main import main as run

    run()


if __name__ == "__main__":
    main()
