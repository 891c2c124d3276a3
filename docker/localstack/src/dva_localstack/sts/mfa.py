"""Codes of virtual MFA devices.

One-time passwords by time: https://www.rfc-editor.org/rfc/rfc6238
What virtual devices are: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_mfa_enable_virtual.html
"""

import base64
import hashlib
import hmac
import struct
import time

from localstack.aws.api import CommonServiceException

from dva_localstack.iam import identities
from dva_localstack.policy import Principal

STEP_SECONDS = 30
DIGITS = 6
STEPS_LATE = 1
"""A code of the step before or after is taken as well: clocks differ, and people type slowly."""


def denied(message: str) -> CommonServiceException:
    """Return STS's refusal of a code."""
    return CommonServiceException("AccessDenied", f"MultiFactorAuthentication failed{message}", 403, True)


def code(seed: bytes | str, step: int) -> str:
    """Return the code that a device with a seed (base32 text) shows in a 30-second step since 1970."""
    digest = hmac.new(base64.b32decode(seed), struct.pack(">Q", step), hashlib.sha1).digest()
    offset = digest[-1] & 0xF
    number = struct.unpack(">I", digest[offset : offset + 4])[0] & 0x7FFFFFFF
    return f"{number % 10**DIGITS:0{DIGITS}d}"


def step_of(seed: bytes | str, given: str, steps_late: int = STEPS_LATE) -> int | None:
    """Return the step near the present one in which a device shows a code, or None if in none of them."""
    present = int(time.time()) // STEP_SECONDS
    near = range(present - steps_late, present + steps_late + 1)
    return next((step for step in near if hmac.compare_digest(code(seed, step), given)), None)


def check(principal: Principal, serial_number: str | None, token_code: str | None) -> bool:
    """Verify the code that a caller gives with a request; return False where it gives none.

    :raises CommonServiceException: ``AccessDenied`` when the device is not this user's, or the code is wrong
    """
    if not serial_number and not token_code:
        return False
    if not serial_number or not token_code:
        raise denied(", must provide both MFA serial number and one time pass code.")
    user = identities.backend(principal.account).users.get(principal.arn.rpartition("/")[2])
    device = identities.backend(principal.account).virtual_mfa_devices.get(serial_number)
    if principal.kind != "user" or user is None or device is None or serial_number not in user.mfa_devices:
        raise denied(
            ", unable to validate MFA code.  Please verify your MFA serial number is valid and associated with "
            "this user."
        )
    if step_of(device.base32_string_seed, token_code) is None:
        raise denied(" with invalid MFA one time pass code.")
    return True
