"""Names of the objects that Firehose writes.

https://docs.aws.amazon.com/firehose/latest/dev/s3-prefixes.html
"""

import re
import uuid
from datetime import datetime

PLACE = re.compile(r"!\{([\w-]+):([^}]*)\}")

JAVA = {"yyyy": "%Y", "YYYY": "%Y", "MM": "%m", "dd": "%d", "HH": "%H", "mm": "%M", "ss": "%S"}
"""Parts of Java's date patterns that prefixes use, and Python's for them."""

DEFAULT = "%Y/%m/%d/%H/"
"""What is appended to a prefix that says nothing about the time."""


def key_of(prefix: str, stream: str, moment: datetime, extension: str = "", error: str = "") -> str:
    """Return a new object's key.

    :param prefix: as in the destination
    :param stream: the delivery stream's name
    :param moment: when the first record of the object came, in UTC
    :param extension: for example ``.gz``
    :param error: what ``!{firehose:error-output-type}`` stands for
    """

    def filled(found: re.Match[str]) -> str:
        namespace, value = found.groups()
        if namespace == "timestamp":
            pattern = re.sub("|".join(JAVA), lambda part: JAVA[part[0]], value).replace("'", "")
            return moment.strftime(pattern)
        if value == "error-output-type":
            return error
        return uuid.uuid4().hex[:11] if value == "random-string" else found[0]

    folder = PLACE.sub(filled, prefix)
    if "!{timestamp:" not in prefix:
        folder += moment.strftime(DEFAULT)
    return f"{folder}{stream}-1-{moment:%Y-%m-%d-%H-%M-%S}-{uuid.uuid4()}{extension}"
