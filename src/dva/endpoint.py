"""Which server the course talks to, and the proof that it is never AWS itself."""

import getpass
import hashlib
import ipaddress
import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from dva.errors import CourseError
from dva.paths import state

DEFAULT_URL = "http://127.0.0.1:4566"
"""LocalStack's own default port, so that other tools find the server too."""

DEFAULT_REGION = "us-east-1"

AWS_DOMAINS = ("amazonaws.com", "amazonaws.com.cn", "api.aws", "on.aws", "amazonwebservices.com")
"""Domains of real AWS endpoints (``botocore/data/endpoints.json`` and ``partitions.json``, plus function URLs)."""


@dataclass(frozen=True)
class Endpoint:
    """A server that labs may talk to."""

    url: str
    source: str
    """What named it: ``DVA_ENDPOINT``, ``dva up`` or ``default``."""

    @property
    def host(self) -> str:
        """Host name or address, without brackets."""
        return urlsplit(self.url).hostname or ""

    @property
    def port(self) -> int:
        """TCP port."""
        parts = urlsplit(self.url)
        return parts.port or (443 if parts.scheme == "https" else 80)


def resolve(environ: Mapping[str, str] = os.environ) -> Endpoint:
    """Find the server to use.

    :param environ: environment variables; ``DVA_ENDPOINT`` wins over the server that ``dva up`` started,
        and that over port 4566
    :return: the endpoint, checked by :func:`require_allowed`
    :raises CourseError: if the address is malformed or not allowed
    """
    if given := environ.get("DVA_ENDPOINT", "").strip():
        endpoint = Endpoint(given.rstrip("/"), "DVA_ENDPOINT")
    elif url := _started_url():
        endpoint = Endpoint(url, "dva up")
    else:
        endpoint = Endpoint(DEFAULT_URL, "default")
    require_allowed(endpoint.url, environ)
    ignored = environ.get("AWS_ENDPOINT_URL", "").rstrip("/")
    if ignored and ignored != endpoint.url and "DVA_KERNEL" not in environ:
        print(
            f"AWS_ENDPOINT_URL={ignored} is ignored; set DVA_ENDPOINT to use another server than {endpoint.url}.",
            file=sys.stderr,
        )
    return endpoint


def _started_url() -> str | None:
    try:
        record = json.loads((state() / "emulator" / "server.json").read_text())
        return str(record["url"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def require_allowed(url: str, environ: Mapping[str, str] = os.environ) -> None:
    """Refuse a server that a lab must not talk to.

    :param url: ``http://HOST:PORT``
    :param environ: environment variables; ``DVA_ALLOW_HOSTS`` lists hosts off this machine, separated by commas
    :raises CourseError: unless the host is loopback or listed; real AWS is refused even when it is listed
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host = None
        parts = urlsplit("")
    if not host or parts.scheme not in ("http", "https"):
        raise CourseError(f"{url!r} is not a server's address; write it like {DEFAULT_URL}.")
    if any(host == domain or host.endswith("." + domain) for domain in AWS_DOMAINS):
        raise CourseError(f"{host} is real AWS, which labs never talk to; unset DVA_ENDPOINT to use the emulator.")
    allowed = {name.strip().lower() for name in environ.get("DVA_ALLOW_HOSTS", "").split(",")}
    if not is_loopback(host) and host.lower() not in allowed:
        raise CourseError(
            f"{host} is not this machine; if you trust that server, set DVA_ALLOW_HOSTS={host} and try again."
        )


def is_loopback(host: str) -> bool:
    """Return whether ``host`` (a name or an address) can only mean this machine (RFC 6761 for names)."""
    name = host.lower().rstrip(".")
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def learner(environ: Mapping[str, str] = os.environ) -> str:
    """Return who is learning: ``DVA_LEARNER`` or the name of the operating system's user."""
    try:
        return environ.get("DVA_LEARNER") or getpass.getuser()
    except (OSError, KeyError):
        return "learner"


def account_id(*parts: str) -> str:
    """Return a 12-digit AWS account id that is always the same for the same parts.

    LocalStack takes a 12-digit access key id as the account of a call.
    """
    digest = hashlib.sha256("/".join(parts).encode()).digest()
    return str(10**11 + int.from_bytes(digest[:8]) % (9 * 10**11))


def clean_environment(url: str, environ: Mapping[str, str] = os.environ, account: str | None = None) -> dict[str, str]:
    """Return an environment in which no AWS tool can find real credentials or a real endpoint.

    :param url: server that ``AWS_ENDPOINT_URL`` names
    :param environ: environment to start from; every ``AWS_*`` variable in it is dropped
    :param account: 12-digit account of calls that name none; default: one for the learner
    :return: a new environment for a kernel or a shell. The variables are those of the AWS SDKs and Tools Reference
        Guide (https://docs.aws.amazon.com/sdkref/latest/guide/settings-reference.html).
    """
    drop = {"LOCALSTACK_HOST", "EDGE_PORT", "USE_SSL", "BOTO_CONFIG"}
    kept = {k: v for k, v in environ.items() if not k.upper().startswith("AWS_") and k not in drop}
    host = Endpoint(url, "").host
    bypass = ",".join(dict.fromkeys(["localhost", "127.0.0.1", "::1", host]))
    return kept | {
        "AWS_ACCESS_KEY_ID": account or account_id(learner(environ)),
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": DEFAULT_REGION,
        "AWS_REGION": DEFAULT_REGION,
        "AWS_ENDPOINT_URL": url,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_PAGER": "",
        "NO_PROXY": bypass,
        "no_proxy": bypass,
        "DVA_KERNEL": "1",
    }


def apply_clean_environment(url: str, account: str) -> None:
    """Replace this process's environment by :func:`clean_environment`, for notebooks run in any other kernel."""
    clean = clean_environment(url, account=account)
    for name in set(os.environ) - set(clean):
        del os.environ[name]
    os.environ.update(clean)
