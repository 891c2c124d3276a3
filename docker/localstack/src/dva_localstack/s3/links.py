"""Presigned links and forms: how long a link may live, and who signed a form.

LocalStack 4.14 takes a link of any life, does not look at a form's signature, lets a form send fields that its
policy does not name, and lets those without credentials choose the headers of an answer.
"""

import base64
import hashlib
import hmac
import json
from typing import Any

from localstack.aws.api import RequestContext, handler
from localstack.services.s3 import presigned_url
from localstack.services.s3 import provider as original
from localstack.services.s3.constants import S3_HOST_ID
from localstack.utils.patch import patch

from dva_localstack.enforcement.callers import key_of

from .errors import error

WEEK_SECONDS = 7 * 24 * 3600
"""https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html"""

NOT_IN_POLICY = ("x-amz-signature", "signature", "awsaccesskeyid", "file", "policy")
"""Fields of a form that its policy need not name, and those that begin with ``x-ignore-``:
https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTConstructPolicy.html"""


class CheckedLinks(original.S3Provider):
    """An S3 provider that reads what was signed."""

    def on_after_init(self) -> None:
        """Patch LocalStack's checks of links and of forms."""
        super().on_after_init()
        patch(presigned_url.validate_presigned_url_s3v4)(check_life)
        validate = original.validate_post_policy

        def validate_post_policy(request_form: Any, additional_policy_metadata: dict[str, Any]) -> None:
            form = {name.lower(): value for name, value in request_form.items()}
            policy = form.get("policy")
            if policy:
                check_signature(form)
            validate(request_form, additional_policy_metadata)
            if policy:
                check_fields(form)

        original.validate_post_policy = validate_post_policy

    @handler("GetObject", expand=False)
    def get_object(self, context: RequestContext, request: Any) -> Any:
        """Answer ``GetObject``, unless it asks for what needs a signature."""
        check_anonymous(context)
        return super().get_object(context, request)


def check_anonymous(context: RequestContext) -> None:
    """Refuse one without credentials who would choose an answer's headers.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
    """
    if key_of(context) is None and any(name.startswith("response-") for name in context.request.args):
        raise error("InvalidRequest", "Request specific response headers cannot be used for anonymous GET requests.")


def check_life(validate: Any, context: RequestContext) -> None:
    """Refuse a link whose life is no number of seconds up to a week, then check the rest of it."""
    text = context.request.args.get("X-Amz-Expires", "")
    message = ""
    if not text.lstrip("-").isdigit():
        message = "X-Amz-Expires should be a number"
    elif int(text) < 0:
        message = "X-Amz-Expires must be non-negative"
    elif int(text) > WEEK_SECONDS:
        message = "X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less "
        message += f"than {WEEK_SECONDS} seconds"
    if message:
        raise error("AuthorizationQueryParametersError", message)
    validate(context)


def check_signature(form: dict[str, str]) -> None:
    """Refuse a form whose policy was signed by another key, or changed.

    https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-authentication-HTTPPOST.html
    """
    if "x-amz-credential" not in form or "x-amz-signature" not in form:
        return  # a form of the old kind (signature version 2), or one that lacks fields, which LocalStack refuses
    parts = form["x-amz-credential"].split("/")
    if len(parts) != 5:
        raise error("InvalidArgument", "The credential is malformed", ArgumentName="x-amz-credential")
    access_key, *scope = parts
    secret = presigned_url.get_credentials_from_parameters(form, scope[1]).secret_access_key
    key = b"AWS4" + secret.encode()
    for step in (*scope, form["policy"]):
        signed = hmac.new(key, step.encode(), hashlib.sha256)
        key = signed.digest()
    if not hmac.compare_digest(signed.hexdigest(), form["x-amz-signature"]):
        raise error(
            "SignatureDoesNotMatch",
            "The request signature we calculated does not match the signature you provided. "
            "Check your key and signing method.",
            403,
            AWSAccessKeyId=access_key,
            StringToSign=form["policy"],
            SignatureProvided=form["x-amz-signature"],
            HostId=S3_HOST_ID,
        )


def check_fields(form: dict[str, str]) -> None:
    """Refuse a form with fields that its policy does not name."""
    conditions = json.loads(base64.b64decode(form["policy"])).get("conditions", [])
    named = {name.lower() for each in conditions if isinstance(each, dict) for name in each}
    named |= {str(each[1]).lstrip("$").lower() for each in conditions if isinstance(each, list) and len(each) == 3}
    extra = [name for name in form if name not in (*named, *NOT_IN_POLICY) and not name.startswith("x-ignore-")]
    if extra:
        raise error(
            "AccessDenied",
            f"Invalid according to Policy: Extra input fields: {', '.join(extra)}",
            403,
            HostId=S3_HOST_ID,
        )
