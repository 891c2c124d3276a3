"""Requests to a user pool's domain, and answers to browsers and to programs."""

import json
import re
import time
from urllib.parse import parse_qsl

from dva_localstack.repairs.cognito.store import Answer, Data, find_user

BROWSERS: dict[str, Data] = {}
"""Signed-in browsers by the value of their cookie."""


class OAuthError(Exception):
    """The token endpoint answers ``{"error": …}``."""

    def __init__(self, error: str, status: int = 400) -> None:
        """Refuse with one of OAuth's error codes: https://www.rfc-editor.org/rfc/rfc6749#section-5.2"""
        super().__init__(error)
        self.error = error
        self.status = status


class Request:
    """One request below a domain."""

    def __init__(self, pool: Data, method: str, path: str, headers: Data, query: Data, body: bytes) -> None:
        """Keep what a request to ``path`` below the domain of ``pool`` says."""
        self.pool, self.method, self.path, self.headers = pool, method, path, headers
        self.query = {name: value[0] if isinstance(value, list) else value for name, value in query.items()}
        self.form = dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))

    @property
    def base(self) -> str:
        """The domain's path: a redirect to it keeps the host name, for which the browser has the cookie."""
        return f"/_cognito/{self.pool['Domain']}"

    @property
    def browser(self) -> str:
        """The value of the session cookie, or an empty string."""
        found = re.search(r"(?:^|;\s*)cognito=([\w-]+)", self.headers.get("cookie", ""))
        return found[1] if found else ""

    @property
    def signed_in(self) -> Data | None:
        """The user whose browser this is, if it is signed in."""
        session = BROWSERS.get(self.browser)
        if not session or session["expires"] < time.time() or session["pool"] != self.pool["Id"]:
            return None
        user = find_user(self.pool, session["username"])
        return user if user and user.get("Enabled", True) else None


def redirect(location: str, *headers: tuple[str, str]) -> Answer:
    """Send the browser elsewhere."""
    return 302, {"Location": location, "Cache-Control": "no-store", **dict(headers)}, b""


def as_json(body: Data) -> Answer:
    """Return a JSON document that nobody caches."""
    headers = {"Content-Type": "application/json", "Cache-Control": "no-store"}
    return 200, headers, json.dumps(body).encode()
