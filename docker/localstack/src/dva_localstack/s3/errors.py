"""S3's errors in one line each: https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html"""

from typing import Any

from localstack.aws.api import CommonServiceException


def error(code: str, message: str, status: int = 400, **details: Any) -> CommonServiceException:
    """Return an S3 error to raise.

    :param code: for example ``InvalidArgument``
    :param status: HTTP status code
    :param details: further elements of the answer, for example ``ArgumentName``
    """
    exception = CommonServiceException(code, message, status_code=status)
    for name, value in details.items():
        setattr(exception, name, value)
    return exception


def malformed_xml() -> CommonServiceException:
    """Return the error for a document that breaks S3's schema."""
    return error(
        "MalformedXML", "The XML you provided was not well-formed or did not validate against our published schema"
    )
