"""LocalStack's Secrets Manager provider with our repairs."""

from typing import Any

from localstack.aws.api import RequestContext, handler
from localstack.aws.api.secretsmanager import InvalidNextTokenException, InvalidParameterException
from localstack.services.moto import MotoFallbackDispatcher, call_moto
from localstack.services.plugins import Service
from localstack.services.secretsmanager.provider import SecretsmanagerProvider
from localstack.utils.patch import patch
from moto.secretsmanager.models import FakeSecret

from .messages import in_plain_words
from .policies import CheckedPolicies
from .replicas import ReadableReplicas
from .rotation import CURRENT, Rotation


class CheckedRequests(SecretsmanagerProvider):
    """Faults: a request that is sent twice makes no secret but an error; some nonsense is taken, or fails by itself."""

    @handler("CreateSecret", expand=False)
    def create_secret(self, context: RequestContext, request: Any) -> Any:
        """Answer ``CreateSecret``; the same request twice is one.

        https://docs.aws.amazon.com/secretsmanager/latest/APIReference/API_CreateSecret.html
        """
        secret = self.get_moto_backend_for_resource(request["Name"], context).secrets.get(request["Name"])
        version = secret.versions.get(request.get("ClientRequestToken")) if secret else None
        if version and not secret.is_deleted() and version.get("secret_string") == request.get("SecretString"):
            return {"ARN": secret.arn, "Name": secret.name, "VersionId": version["version_id"]}
        return super().create_secret(context, request)

    @handler("PutSecretValue", expand=False)
    def put_secret_value(self, context: RequestContext, request: Any) -> Any:
        """Answer ``PutSecretValue``, unless the secret is deleted."""
        assert isinstance(self, Rotation)
        self.own_secret(context, request["SecretId"])
        return super().put_secret_value(context, request)

    @handler("UpdateSecretVersionStage", expand=False)
    def update_secret_version_stage(self, context: RequestContext, request: Any) -> Any:
        """Answer ``UpdateSecretVersionStage``; who moves a label must say from where.

        https://docs.aws.amazon.com/secretsmanager/latest/APIReference/API_UpdateSecretVersionStage.html
        """
        assert isinstance(self, Rotation)
        secret, label = self.own_secret(context, request["SecretId"]), request["VersionStage"]
        holder = next((name for name, each in secret.versions.items() if label in each["version_stages"]), None)
        moves = request.get("MoveToVersionId")
        if moves and holder not in (None, moves, request.get("RemoveFromVersionId")):
            raise InvalidParameterException(
                f"The parameter RemoveFromVersionId can't be empty. Staging label {label} is currently attached to "
                f"version {holder}, so you must explicitly reference that version in RemoveFromVersionId."
            )
        if label == CURRENT and not moves:
            raise InvalidParameterException(
                f"You can only move staging label {CURRENT} to a different secret version. It can't be completely "
                "removed."
            )
        return super().update_secret_version_stage(context, request)

    @handler("GetRandomPassword", expand=False)
    def get_random_password(self, context: RequestContext, request: Any) -> Any:
        """Answer ``GetRandomPassword``, unless no character is left."""
        kinds = ("ExcludeLowercase", "ExcludeUppercase", "ExcludeNumbers", "ExcludePunctuation")
        if all(request.get(kind) for kind in kinds) and not request.get("IncludeSpace"):
            raise InvalidParameterException("There are no characters left to make the password of.")
        return call_moto(context)

    @handler("BatchGetSecretValue", expand=False)
    def batch_get_secret_value(self, context: RequestContext, request: Any) -> Any:
        """Answer ``BatchGetSecretValue``, unless it asks for nothing."""
        if not request.get("SecretIdList") and not request.get("Filters"):
            raise InvalidParameterException("Either 'SecretIdList' or 'Filters' must be provided, but not both.")
        return call_moto(context)

    @handler("ListSecrets", expand=False)
    def list_secrets(self, context: RequestContext, request: Any) -> Any:
        """Answer ``ListSecrets``, unless the page is none."""
        if not (request.get("NextToken") or "0").isdigit():
            raise InvalidNextTokenException("Invalid NextToken.")
        return call_moto(context)


class CourseSecretsProvider(CheckedPolicies, CheckedRequests, ReadableReplicas, Rotation):
    """LocalStack's provider, mended; each base says which fault it mends."""


def described(to_dict: Any, secret: FakeSecret) -> dict[str, Any]:
    """Describe a secret with its rules of rotation as they were given; a rotation that was cancelled is off."""
    answer = to_dict(secret)
    if secret.rotation_requested:
        answer["RotationEnabled"] = bool(secret.rotation_enabled)
        answer["RotationRules"] = getattr(secret, "rotation_rules", None) or {}
        if not secret.rotation_enabled:
            answer.pop("NextRotationDate", None)
    return answer


def dispatch_table(provider: CourseSecretsProvider) -> dict[str, Any]:
    """Return LocalStack's table of operations, each of which refuses in plain words."""
    table = MotoFallbackDispatcher(provider)
    return {name: in_plain_words(operation) for name, operation in table.items()}


def create_service() -> Service:
    """Return the Secrets Manager service."""
    patch(FakeSecret.to_dict)(described)
    return Service.for_provider(CourseSecretsProvider(), dispatch_table_factory=dispatch_table)
