"""A KMS key that is disabled or about to be deleted serves no other service either.

https://docs.aws.amazon.com/kms/latest/developerguide/unusable-kms-keys.html
S3 is not here: LocalStack's own provider looks at its keys.
"""

from collections.abc import Iterable

from localstack.aws.api import CommonServiceException, RequestContext

from .needs.call import Need
from .refusals import BAD_REQUEST, service_of
from .resources import kms_keys


class KmsDisabled(CommonServiceException):
    """SQS's error in JSON, whose older code is another."""


class KmsInvalidState(CommonServiceException):
    """See :class:`KmsDisabled`."""


def check(context: RequestContext, needs: Iterable[Need]) -> None:
    """Refuse a call for which a service would use a key that cannot be used.

    :param needs: what the call needs and its caller may
    :raises CommonServiceException: the service's own error for it
    """
    for need in needs:
        if need.action.startswith("kms:") and service_of(context) not in ("kms", "s3"):
            state = kms_keys.state(need.resource)
            if state not in (None, "Enabled"):
                raise unusable(service_of(context), need, state == "Disabled")


def unusable(service: str, need: Need, disabled: bool) -> CommonServiceException:
    """Return a service's error for a key that is disabled, or in another state in which it does nothing."""
    message = f"{need.resource} is {'disabled' if disabled else 'pending deletion'}."
    match service:
        case "sqs":
            if disabled:
                return KmsDisabled("KMS.DisabledException", message, BAD_REQUEST, True)
            return KmsInvalidState("KMS.InvalidStateException", message, BAD_REQUEST, True)
        case "sns":
            return CommonServiceException("KMSDisabled" if disabled else "KMSInvalidState", message, BAD_REQUEST, True)
        case "secretsmanager":
            reads = need.action == "kms:Decrypt"
            text = f"Secrets Manager can't {'de' if reads else 'en'}crypt the secret with its KMS key: {message}"
            return CommonServiceException(
                "DecryptionFailure" if reads else "EncryptionFailure", text, BAD_REQUEST, True
            )
    return CommonServiceException("InvalidKeyId", message, BAD_REQUEST, True)
