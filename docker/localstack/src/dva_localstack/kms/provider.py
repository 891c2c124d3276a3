"""LocalStack's KMS provider with our repairs."""

from datetime import UTC, datetime
from typing import Any

from localstack.aws.api import CommonServiceException, RequestContext
from localstack.aws.api.kms import (
    InvalidArnException,
    ListKeyRotationsResponse,
    ListKeysResponse,
    NotFoundException,
    RotateKeyOnDemandResponse,
    ScheduleKeyDeletionResponse,
    UnsupportedOperationException,
)
from localstack.services.kms.exceptions import ValidationException
from localstack.services.kms.models import KmsKey
from localstack.services.kms.provider import KmsProvider
from localstack.services.plugins import Service

from . import managed
from .policies import CheckedPolicies
from .uses import CheckedUses

PENDING = "PendingDeletion"


class CheckedKeys(KmsProvider):
    """Faults: states that do not fit are overlooked, rotations forgotten, a last page has no end."""

    def list_keys(self, context: RequestContext, request: Any) -> ListKeysResponse:
        """List keys, AWS's among them."""
        answer = super().list_keys(context, request)
        answer.setdefault("Truncated", False)
        return answer

    def enable_key(self, context: RequestContext, request: Any) -> None:
        """Enable a key that is not about to be deleted."""
        self._get_kms_key(context.account_id, context.region, request["KeyId"], disabled_key_allowed=True)
        super().enable_key(context, request)

    def schedule_key_deletion(self, context: RequestContext, request: Any) -> ScheduleKeyDeletionResponse:
        """Have a key deleted after 7 to 30 days."""
        answer = super().schedule_key_deletion(context, request)
        key = self._get_kms_key(context.account_id, context.region, request["KeyId"], any_key_state_allowed=True)
        key.metadata["Enabled"] = False
        answer["KeyId"] = key.metadata["Arn"]
        return answer

    def cancel_key_deletion(self, context: RequestContext, request: Any) -> Any:
        """Leave a key as it is, but disabled."""
        answer = super().cancel_key_deletion(context, request)
        key = self._get_kms_key(context.account_id, context.region, request["KeyId"], any_key_state_allowed=True)
        key.metadata.pop("DeletionDate", None)
        return answer

    def get_public_key(self, context: RequestContext, key_id: str, **request: Any) -> Any:
        """Return the half of an asymmetric key that everybody may know."""
        account, region, name = self._parse_key_id(key_id, context)
        key = self._get_kms_key(account, region, name, any_key_state_allowed=True)
        if kind_of(key)[1]:
            raise UnsupportedOperationException(f"{key.metadata['Arn']} is not an asymmetric key.")
        return super().get_public_key(context, key_id, **request)

    def enable_key_rotation(self, context: RequestContext, request: Any) -> None:
        """Have a symmetric key rotate by itself."""
        key = self._get_kms_key(context.account_id, context.region, request["KeyId"])
        if key.metadata["KeySpec"] != "SYMMETRIC_DEFAULT":
            raise UnsupportedOperationException()
        super().enable_key_rotation(context, request)

    def rotate_key_on_demand(self, context: RequestContext, request: Any) -> RotateKeyOnDemandResponse:
        """Give a key new material at once."""
        answer = super().rotate_key_on_demand(context, request)
        account, region, name = self._parse_key_id(request["KeyId"], context)
        rotations_of(self._get_kms_key(account, region, name)).append(datetime.now(UTC))
        return answer

    def list_key_rotations(
        self, context: RequestContext, key_id: str, include_key_material: Any = None, **request: Any
    ) -> ListKeyRotationsResponse:
        """List the rotations of a key that were carried out."""
        account, region, name = self._parse_key_id(key_id, context)
        key = self._get_kms_key(account, region, name, any_key_state_allowed=True)
        if key.metadata["KeySpec"] != "SYMMETRIC_DEFAULT":
            raise UnsupportedOperationException()
        arn = key.metadata["Arn"]
        found: list[Any] = [
            {"KeyId": arn, "RotationDate": moment, "RotationType": "ON_DEMAND"} for moment in rotations_of(key)
        ]
        return ListKeyRotationsResponse(Rotations=found, Truncated=False)


class CheckedAliases(KmsProvider):
    """Faults: aliases of AWS's own, of aliases, and of keys of another kind."""

    def create_alias(self, context: RequestContext, request: Any) -> None:
        """Name a key."""
        if request["AliasName"].startswith(managed.PREFIX):
            raise CommonServiceException("NotAuthorizedException", "", 400, True)
        check_target(request["TargetKeyId"])
        super().create_alias(context, request)

    def delete_alias(self, context: RequestContext, request: Any) -> None:
        """Take a name off a key."""
        self._get_kms_alias(context.account_id, context.region, request["AliasName"])
        super().delete_alias(context, request)

    def update_alias(self, context: RequestContext, request: Any) -> None:
        """Give another key the name of one of the same kind."""
        check_target(request["TargetKeyId"])
        alias = self._get_kms_alias(context.account_id, context.region, request["AliasName"])
        old, new = (
            self._get_kms_key(context.account_id, context.region, name, any_key_state_allowed=True)
            for name in (alias.metadata["TargetKeyId"], request["TargetKeyId"])
        )
        if kind_of(old) != kind_of(new):
            raise ValidationException(
                "The current and the new key have to be of the same type and to have the same key usage."
            )
        # What is kept is the id, whichever way the key was given.
        super().update_alias(context, {**request, "TargetKeyId": new.metadata["KeyId"]})  # type: ignore[typeddict-item]


class CheckedGrants(KmsProvider):
    """Faults: anybody is a principal, any operation goes with any key, a missing grant is an internal error."""

    def create_grant(self, context: RequestContext, request: Any) -> Any:
        """Let a principal use a key."""
        for name in ("GranteePrincipal", "RetiringPrincipal"):
            principal = request.get(name)
            if principal and not principal.startswith(("arn:aws:iam::", "arn:aws:sts::")):
                raise InvalidArnException(f"ARN does not refer to a valid principal: {principal}")
        account, region, name = self._parse_key_id(request["KeyId"], context)
        key = self._get_kms_key(account, region, name)
        unfit = [each for each in request["Operations"] if each not in OPERATIONS[key.metadata["KeyUsage"]] | ALWAYS]
        if unfit:
            raise ValidationException(f"Operations {unfit} are incompatible with KeyUsage {key.metadata['KeyUsage']}.")
        return super().create_grant(context, request)

    def retire_grant(
        self,
        context: RequestContext,
        grant_token: str | None = None,
        key_id: str | None = None,
        grant_id: str | None = None,
        **request: Any,
    ) -> None:
        """Give back what a grant allows."""
        if grant_id and not grant_token and grant_id not in self._get_store(context.account_id, context.region).grants:
            raise NotFoundException(f"Grant ID {grant_id} not found")
        super().retire_grant(context, grant_token, key_id, grant_id, **request)


ALWAYS = frozenset({"CreateGrant", "DescribeKey", "RetireGrant"})
OPERATIONS = {
    "ENCRYPT_DECRYPT": frozenset({"Decrypt", "Encrypt", "ReEncryptFrom", "ReEncryptTo", "GetPublicKey"})
    | {"GenerateDataKey", "GenerateDataKeyWithoutPlaintext"}
    | {"GenerateDataKeyPair", "GenerateDataKeyPairWithoutPlaintext"},
    "GENERATE_VERIFY_MAC": frozenset({"GenerateMac", "VerifyMac"}),
    "KEY_AGREEMENT": frozenset({"DeriveSharedSecret", "GetPublicKey"}),
    "SIGN_VERIFY": frozenset({"GetPublicKey", "Sign", "Verify"}),
}
"""What a grant may let do with a key of each usage: https://docs.aws.amazon.com/kms/latest/developerguide/grants.html"""


def check_target(key_id: str) -> None:
    """Refuse an alias where a key has to stand."""
    if "alias/" in key_id:
        raise ValidationException("Aliases must refer to keys. Not aliases")


def kind_of(key: KmsKey) -> tuple[str, bool]:
    """Return what the keys of one alias have in common: the usage, and whether they are symmetric."""
    return key.metadata["KeyUsage"], key.metadata["KeySpec"].startswith(("SYMMETRIC", "HMAC"))


def rotations_of(key: Any) -> list[datetime]:
    """Return when a key was rotated on demand, a list to add to."""
    if not hasattr(key, "on_demand_rotations"):
        key.on_demand_rotations = []
    return key.on_demand_rotations  # type: ignore[no-any-return]


def find_alias(account_id: str, region_name: str, alias_name: str) -> None:
    """Refuse an alias that does not exist; make an AWS managed key that is used for the first time.

    :raises NotFoundException: in KMS's words, which name the alias by its ARN
    """
    managed.make(alias_name, account_id, region_name)
    if alias_name not in KmsProvider._get_store(account_id, region_name).aliases:
        arn = f"arn:aws:kms:{region_name}:{account_id}:{alias_name}"
        raise NotFoundException(f"Alias {arn} is not found.")


class CourseKmsProvider(CheckedPolicies, CheckedUses, CheckedKeys, CheckedAliases, CheckedGrants):
    """LocalStack's provider, mended; each base says which fault it mends."""


def create_service() -> Service:
    """Return KMS."""

    KmsProvider._create_alias_if_reserved_and_not_exists = staticmethod(find_alias)
    return Service.for_provider(CourseKmsProvider())
