"""The global condition keys that follow from the request itself.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
"""

from datetime import UTC, datetime

from localstack.aws.api import RequestContext
from localstack.http import Request

from .needs.call import Context


def of_request(context: RequestContext, from_outside: bool) -> Context:
    """Return the global keys of a request.

    ``aws:SecureTransport`` is what it says: false unless the client speaks TLS with the emulator.

    :param from_outside: False where one service of the emulator calls another
    """
    now = datetime.now(UTC)
    keys = of_http(context.request, context.region) if from_outside else of_time(now)
    keys["aws:RequestedRegion"] = context.region or "us-east-1"
    if not from_outside:
        keys["aws:SecureTransport"] = "true"
    if context.service and context.service.service_name == "s3":
        keys |= of_s3_signature(context, now)
    return keys


def of_time(now: datetime) -> Context:
    """Return the keys that tell the time."""
    return {"aws:CurrentTime": now.strftime("%Y-%m-%dT%H:%M:%SZ"), "aws:EpochTime": str(int(now.timestamp()))}


def of_http(request: Request, region: str) -> Context:
    """Return the global keys of a request that comes from outside the emulator."""
    keys = of_time(datetime.now(UTC)) | {
        "aws:RequestedRegion": region,
        "aws:SecureTransport": "true" if request.scheme == "https" else "false",
        "aws:SourceIp": request.remote_addr or "127.0.0.1",
        "aws:ViaAWSService": "false",
    }
    if agent := request.headers.get("User-Agent"):
        keys["aws:UserAgent"] = agent
    if referer := request.headers.get("Referer"):
        keys["aws:Referer"] = referer
    return keys


def of_s3_signature(context: RequestContext, now: datetime) -> Context:
    """Return the keys about how a request to S3 was signed.

    https://docs.aws.amazon.com/AmazonS3/latest/API/bucket-policy-s3-sigv4-conditions.html
    """
    request = context.request
    keys: Context = {}
    if "X-Amz-Signature" in request.args:
        keys["s3:authType"] = "REST-QUERY-STRING"
        signed_at = request.args.get("X-Amz-Date", "")
    elif request.method == "POST" and (request.mimetype or "") == "multipart/form-data":
        keys["s3:authType"] = "POST"
        signed_at = ""
    else:
        keys["s3:authType"] = "REST-HEADER"
        signed_at = request.headers.get("X-Amz-Date", "")
    try:
        moment = datetime.strptime(signed_at, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        keys["s3:signatureAge"] = str(max(0, int((now - moment).total_seconds() * 1000)))
        keys["s3:signatureversion"] = "AWS4-HMAC-SHA256"
    except ValueError:
        pass
    if digest := request.headers.get("x-amz-content-sha256"):
        keys["s3:x-amz-content-sha256"] = digest
    return keys
