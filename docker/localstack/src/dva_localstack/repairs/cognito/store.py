"""How the repairs reach MiniStack's user pools, and how they refuse a request."""

import os
import time
from typing import Any

from ministack.services import cognito

Answer = tuple[int, dict[str, str], Any]
"""What MiniStack's operations return: HTTP status, headers, body."""

Data = dict[str, Any]

PUBLIC_URL = os.environ.get("DVA_PUBLIC_URL", "http://localhost:4566")
"""The gateway's URL as learners reach it; tokens name their issuer below it."""


LONG = 500
"""Entries of a table from which it is looked through for those that have expired."""


class Refused(Exception):
    """A request is answered with an error of Cognito."""

    def __init__(self, code: str, message: str) -> None:
        """Refuse with ``code`` and ``message`` as AWS words them."""
        super().__init__(message)
        self.code = code
        self.message = message

    def answer(self) -> Answer:
        """Return the error as MiniStack answers it."""
        return cognito.error_response_json(self.code, self.message, 400)


def answered(body: Data) -> Answer:
    """Return a successful answer."""
    return cognito.json_response(body)


def result_of(answer: Answer) -> Data:
    """Return the body of a successful answer of MiniStack's.

    :raises Refused: the answer is an error
    """
    body = cognito.json.loads(answer[2])
    if answer[0] >= 400:
        raise Refused(body["__type"].split("#")[-1], body.get("message") or body.get("Message") or "")
    return body


def pool_of(data: Data) -> Data:
    """Return the user pool that a request names by ``UserPoolId`` or by its app client.

    :raises Refused: ``ResourceNotFoundException``
    """
    if pool_id := data.get("UserPoolId"):
        pool = cognito._user_pools.get(pool_id)
        if not pool:
            raise Refused("ResourceNotFoundException", f"User pool {pool_id} does not exist.")
        return pool
    for pool in cognito._user_pools.values():
        if data.get("ClientId") in pool["_clients"]:
            return pool
    raise Refused("ResourceNotFoundException", f"User pool client {data.get('ClientId')} does not exist.")


def client_of(data: Data, pool: Data) -> Data:
    """Return the app client that a request names.

    :raises Refused: ``ResourceNotFoundException``: the pool has no such client
    """
    client = pool["_clients"].get(data.get("ClientId"))
    if not client:
        raise Refused("ResourceNotFoundException", f"User pool client {data.get('ClientId')} does not exist.")
    return client


def find_user(pool: Data, username: str | None) -> Data | None:
    """Return a user by username, ``sub`` or alias, or None."""
    return cognito._resolve_user(pool, username)[0]


def attributes(user: Data) -> dict[str, str]:
    """Return a user's attributes, names to values."""
    return cognito._attr_list_to_dict(user.get("Attributes", []))


def set_attributes(user: Data, values: dict[str, str]) -> None:
    """Add or replace attributes of a user."""
    user["Attributes"] = cognito._dict_to_attr_list({**attributes(user), **values})
    user["UserLastModifiedDate"] = cognito._now_epoch()


def hides_users(pool: Data, client_id: str | None) -> bool:
    """Whether an app client answers the same for an unknown user as for a wrong password or code."""
    return cognito._hides_user_existence(pool, client_id)


def forget_expired(table: dict[Any, Data], when: str) -> None:
    """Drop what has expired from a table that has grown long.

    :param when: the entries' key with the moment, in seconds since 1970
    """
    if len(table) > LONG:
        now = time.time()
        for name in [name for name, entry in list(table.items()) if entry[when] < now]:
            table.pop(name, None)
