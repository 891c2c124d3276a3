"""A stream is switched on once, and off once.

Fault of MiniStack: a stream that is on can be given another view, and one that is off can be switched off again.
"""

from typing import Any

Answer = tuple[int, dict[str, str], Any]


def apply(ddb: Any) -> None:
    """Refuse changes of a stream that AWS refuses.

    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateTable.html
    """
    original = ddb._update_table

    def update_table(data: Any) -> Answer:
        wanted = data.get("StreamSpecification")
        table = ddb._tables.get(ddb._normalize_table_name(data.get("TableName")))
        if not wanted or not table:
            return original(data)
        name = table["TableName"]
        is_on = bool((table.get("StreamSpecification") or {}).get("StreamEnabled"))
        if wanted.get("StreamEnabled") and is_on:
            return refuse(ddb, f"Table already has an enabled stream: TableName: {name}")
        if not wanted.get("StreamEnabled") and not is_on:
            return refuse(ddb, f"Table has no stream to disable: TableName: {name}")
        return original(data)

    ddb._update_table = update_table


def refuse(ddb: Any, message: str) -> Answer:
    """Return a ValidationException."""
    return ddb.error_response_json("ValidationException", message, 400)
