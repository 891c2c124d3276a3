"""Encrypting, signing and making data keys.

Faults of LocalStack 4.14.0: every data key has 32 bytes, also of a key that cannot make one; any algorithm is used
with any key; ReEncrypt has to be told the source key; DryRun does what it says it would do.
https://docs.aws.amazon.com/kms/latest/developerguide/symm-asymm-choose-key-spec.html
"""

import os
from collections.abc import Callable
from typing import Any

from localstack.aws.api import RequestContext
from localstack.aws.api.kms import (
    DecryptResponse,
    DryRunOperationException,
    EncryptResponse,
    GenerateMacResponse,
    InvalidCiphertextException,
    InvalidKeyUsageException,
    ReEncryptResponse,
    SignResponse,
    VerifyMacResponse,
    VerifyResponse,
)
from localstack.services.kms.exceptions import ValidationException
from localstack.services.kms.models import KmsKey
from localstack.services.kms.provider import KmsProvider

from dva_localstack.enforcement.resources import kms_keys

DATA_KEY_BYTES = {"AES_128": 16, "AES_256": 32}
MESSAGE_BYTES = 4096
"""https://docs.aws.amazon.com/kms/latest/APIReference/API_Sign.html"""

SYMMETRIC = "SYMMETRIC_DEFAULT"


def dry(run: Any, call: Callable[[], Any]) -> Any:
    """Make a call that changes nothing, and tell that it would succeed if that is all that is asked.

    :raises DryRunOperationException: it would
    """
    answer = call()
    if run:
        raise DryRunOperationException("The request would have succeeded, but the DryRun option is set.")
    return answer


class CheckedUses(KmsProvider):
    """Uses a key as its spec allows."""

    def key_in(self, context: RequestContext, key_id: str) -> KmsKey:
        """Return a key that is given in any of the ways of KMS."""
        account, region, name = self._parse_key_id(key_id, context)
        return self._get_kms_key(account, region, name, any_key_state_allowed=True)

    def encrypt(
        self, context: RequestContext, key_id: str, plaintext: bytes, dry_run: bool | None = None, **request: Any
    ) -> EncryptResponse:
        """Encrypt up to 4 KB."""
        algorithm = request.pop("encryption_algorithm", None) or SYMMETRIC
        key = self.key_in(context, key_id)
        if key.metadata["KeyUsage"] == "ENCRYPT_DECRYPT":
            check_algorithm(key, algorithm, "EncryptionAlgorithms")
        call = super().encrypt
        return dry(dry_run, lambda: call(context, key_id, plaintext, encryption_algorithm=algorithm, **request))

    def decrypt(self, context: RequestContext, dry_run: bool | None = None, **request: Any) -> DecryptResponse:
        """Decrypt what Encrypt or a data key's generation made."""
        request["encryption_algorithm"] = request.get("encryption_algorithm") or SYMMETRIC
        call = super().decrypt
        return dry(dry_run, lambda: call(context, **request))

    def re_encrypt(
        self, context: RequestContext, destination_key_id: str, dry_run: bool | None = None, **request: Any
    ) -> ReEncryptResponse:
        """Decrypt, and encrypt by another key or context."""
        source = request.get("source_key_id") or kms_keys.of_ciphertext(request.get("ciphertext_blob"))
        if source is None:
            raise InvalidCiphertextException()
        request["source_key_id"] = source
        for name in ("source_encryption_algorithm", "destination_encryption_algorithm"):
            request[name] = request.get(name) or SYMMETRIC
        call = super().re_encrypt
        return dry(dry_run, lambda: call(context, destination_key_id, **request))

    def generate_data_key(self, context: RequestContext, request: Any) -> Any:
        """Make a data key, open and encrypted."""
        return dry(request.get("DryRun"), lambda: self.data_key(context, request))

    def generate_data_key_without_plaintext(self, context: RequestContext, request: Any) -> Any:
        """Make a data key, encrypted only."""
        answer = dry(request.get("DryRun"), lambda: self.data_key(context, request))
        return {name: value for name, value in answer.items() if name != "Plaintext"}

    def data_key(self, context: RequestContext, request: Any) -> dict[str, Any]:
        """Return a data key of the size that is asked for."""
        account, region, name = self._parse_key_id(request["KeyId"], context)
        key = self._get_kms_key(account, region, name)
        self._validate_key_for_encryption_decryption(context, key)
        check_algorithm(key, SYMMETRIC, "EncryptionAlgorithms")
        plaintext = os.urandom(request.get("NumberOfBytes") or DATA_KEY_BYTES[request["KeySpec"]])
        box = key.encrypt(plaintext, request.get("EncryptionContext"))
        return {"KeyId": key.metadata["Arn"], "Plaintext": plaintext, "CiphertextBlob": box}

    def sign(self, context: RequestContext, request: Any) -> SignResponse:
        """Sign a message or its digest."""
        self.check_signing(context, request)
        call = super().sign
        return dry(request.get("DryRun"), lambda: call(context, request))

    def verify(self, context: RequestContext, request: Any) -> VerifyResponse:
        """Verify a signature."""
        self.check_signing(context, request)
        call = super().verify
        return dry(request.get("DryRun"), lambda: call(context, request))

    def check_signing(self, context: RequestContext, request: Any) -> None:
        """Refuse a long message, and an algorithm that the key has not."""
        if len(request.get("Message") or b"") > MESSAGE_BYTES:
            raise ValidationException(
                "1 validation error detected: Value at 'message' failed to satisfy constraint: "
                f"Member must have length less than or equal to {MESSAGE_BYTES}"
            )
        key = self.key_in(context, request["KeyId"])
        if key.metadata["KeyUsage"] == "SIGN_VERIFY":
            check_algorithm(key, request["SigningAlgorithm"], "SigningAlgorithms")

    def generate_mac(self, context: RequestContext, request: Any) -> GenerateMacResponse:
        """Make a message authentication code."""
        call = super().generate_mac
        return dry(request.get("DryRun"), lambda: call(context, request))

    def verify_mac(self, context: RequestContext, request: Any) -> VerifyMacResponse:
        """Verify a message authentication code."""
        call = super().verify_mac
        return dry(request.get("DryRun"), lambda: call(context, request))


def check_algorithm(key: KmsKey, algorithm: str, kind: str) -> None:
    """Refuse an algorithm that a key's spec does not know.

    :param kind: ``EncryptionAlgorithms`` or ``SigningAlgorithms``, of the key's metadata
    """
    known: Any = key.metadata.get(kind) or []  # type: ignore[misc]
    if algorithm not in known:
        raise InvalidKeyUsageException(
            f"Algorithm {algorithm} is incompatible with key spec {key.metadata['KeySpec']}."
        )
