"""A small SRP client for Cognito, as its SDKs compute it.

https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-authentication-flow-methods.html
and https://www.rfc-editor.org/rfc/rfc5054 (the 3072-bit group), with SHA-256 and AWS's key derivation.
"""

import base64
import datetime
import hashlib
import hmac
import secrets

PRIME = int(
    "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DDEF9519B3CD3A431B"
    "302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7EDEE386BFB5A899FA5AE9F24117C4B1FE6"
    "49286651ECE45B3DC2007CB8A163BF0598DA48361C55D39A69163FA8FD24CF5F83655D23DCA3AD961C62F356208552BB9ED529077096966D"
    "670C354E4ABC9804F1746C08CA18217C32905E462E36CE3BE39E772C180E86039B2783A2EC07A28FB5C55DF06F4C52C9DE2BCBF695581718"
    "3995497CEA956AE515D2261898FA051015728E5A8AAAC42DAD33170D04507A33A85521ABDF1CBA64ECFB850458DBEF0A8AEA71575D060C7D"
    "B3970F85A6E1E4C7ABF5AE8CDB0933D71E8C94E04A25619DCEE3D2261AD2EE6BF12FFA06D98A0864D87602733EC86A64521F2B18177B200C"
    "BBE117577A615D6C770988C0BAD946E208E24FA074E5AB3143DB5BFCE0FD108E4B82D120A93AD2CAFFFFFFFFFFFFFFFF",
    16,
)
GENERATOR = 2


def padded(number: int) -> bytes:
    """Return a number's bytes, with a leading zero where the first bit is set."""
    return number.to_bytes(number.bit_length() // 8 + 1)


def hashed(*parts: bytes) -> int:
    """Return the SHA-256 of ``parts`` as a number."""
    return int.from_bytes(hashlib.sha256(b"".join(parts)).digest())


class Srp:
    """One sign-in: ``a`` goes into AuthParameters, :meth:`answer` gives the ChallengeResponses."""

    def __init__(self, pool_id: str, password: str) -> None:
        self.pool_name, self.password = pool_id.split("_")[1], password
        self.secret = secrets.randbits(1024)
        self.public = pow(GENERATOR, self.secret, PRIME)
        self.a = f"{self.public:x}"

    def answer(self, challenge: dict[str, str]) -> dict[str, str]:
        """Return the answer to PASSWORD_VERIFIER, of which the password itself is no part."""
        user, salt, server = challenge["USER_ID_FOR_SRP"], int(challenge["SALT"], 16), int(challenge["SRP_B"], 16)
        scramble = hashed(padded(self.public), padded(server))
        inner = hashlib.sha256(f"{self.pool_name}{user}:{self.password}".encode()).digest()
        private = hashed(padded(salt), inner)
        multiplier = hashed(padded(PRIME), padded(GENERATOR))
        base = (server - multiplier * pow(GENERATOR, private, PRIME)) % PRIME
        shared = pow(base, self.secret + scramble * private, PRIME)
        extracted = hmac.digest(padded(scramble), padded(shared), "sha256")
        key = hmac.digest(extracted, b"Caldera Derived Key\1", "sha256")[:16]
        now = datetime.datetime.now(datetime.UTC)
        stamp = f"{now:%a %b} {now.day} {now:%H:%M:%S} UTC {now.year}"
        message = (self.pool_name + user).encode() + base64.b64decode(challenge["SECRET_BLOCK"]) + stamp.encode()
        return {
            "USERNAME": user,
            "PASSWORD_CLAIM_SECRET_BLOCK": challenge["SECRET_BLOCK"],
            "PASSWORD_CLAIM_SIGNATURE": base64.b64encode(hmac.digest(key, message, "sha256")).decode(),
            "TIMESTAMP": stamp,
        }
