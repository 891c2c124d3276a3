"""What the tests of S3 share."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError


def refused(call: Callable[..., Any], code: str, status: int | None = None, **arguments: Any) -> dict[str, Any]:
    """Assert that a call fails with ``code`` (and HTTP status); return the error."""
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    answer = caught.value.response
    assert answer["Error"]["Code"] == code, answer
    assert status is None or answer["ResponseMetadata"]["HTTPStatusCode"] == status, answer
    return answer["Error"]


def body(s3: Any, bucket: str, key: str, **more: Any) -> bytes:
    """Return an object's body."""
    return s3.get_object(Bucket=bucket, Key=key, **more)["Body"].read()
