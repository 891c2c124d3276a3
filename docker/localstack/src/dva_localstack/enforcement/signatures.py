"""Whether a call of a service was signed with the secret of the key that it names, in its headers.

Requests of the account's root are not checked: its secret may be anything. Presigned URLs are LocalStack's to check.
"""

import io
from typing import Any

from localstack.aws.api import RequestContext
from localstack.aws.chain import HandlerChain
from localstack.http import Request, Response

from dva_localstack import sigv4

from .callers import Caller


class Mismatch(Exception):
    """The signature is not the one that the key's secret makes."""


def keep_body(chain: HandlerChain, context: RequestContext, response: Response) -> None:
    """Keep the bytes of a form: once it is parsed they are gone, and they are what was signed."""
    request = context.request
    if request.mimetype == "application/x-www-form-urlencoded" and "Authorization" in request.headers:
        request.get_data(cache=True, parse_form_data=False)


def check(context: RequestContext, caller: Caller) -> None:
    """Check the signature of a call, unless it stands in the URL.

    :raises Mismatch: it was made with another secret, or for another request
    """
    request = context.request
    if "X-Amz-Signature" not in request.args and "Signature" not in request.args:
        check_request(request, caller)
        rewind(context)


def rewind(context: RequestContext) -> None:
    """Give a call back the body that is its parameter, such as Lambda's payload, if the check has read it.

    Fault: LocalStack hands such a body over as a stream, which can be read once.
    """
    params: Any = context.service_request or {}
    read = getattr(context.request, "_cached_data", None)
    if read is not None:
        for name in [name for name, value in params.items() if hasattr(value, "read")]:
            params[name] = io.BytesIO(read)


def check_request(request: Request, caller: Caller) -> None:
    """Check the signature in the headers of a request.

    :raises Mismatch: it was made with another secret, or for another request
    """
    parts = sigv4.parts_of(request.headers.get("Authorization", ""))
    if caller.secret is None or not parts:
        return
    try:
        said = sigv4.signed(parts, request.headers.get("X-Amz-Date", ""))
    except ValueError as error:
        raise Mismatch(str(error)) from None
    if not sigv4.matches(request, said, caller.secret):
        raise Mismatch(said.access_key)
