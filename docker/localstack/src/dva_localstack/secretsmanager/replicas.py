"""Replicas in other Regions can be read.

LocalStack 4.14 fails when it reads one, cannot promote one, and deletes a secret that still has replicas.
"""

import copy
import operator
from typing import Any

from localstack.aws.api import RequestContext, handler
from localstack.aws.api.secretsmanager import InvalidRequestException
from localstack.services.secretsmanager.provider import SecretsmanagerProvider
from moto.secretsmanager.models import ReplicaSecret


class ReadableReplicas(SecretsmanagerProvider):
    """A Secrets Manager provider with replicas."""

    def __init__(self) -> None:
        super().__init__()
        for name in ("account_id", "kms_key_id"):
            setattr(ReplicaSecret, name, property(operator.attrgetter(f"source.{name}")))

    @handler("DeleteSecret", expand=False)
    def delete_secret(self, context: RequestContext, request: Any) -> Any:
        """Answer ``DeleteSecret``, unless the secret has replicas.

        https://docs.aws.amazon.com/secretsmanager/latest/userguide/delete-replica.html
        """
        secret_id = request["SecretId"]
        secret = self.get_moto_backend_for_resource(secret_id, context).secrets.get(secret_id)
        if isinstance(secret, ReplicaSecret):
            raise InvalidRequestException(
                "Operation not permitted on a replica secret. Call must be made in primary secret's region."
            )
        if regions := [replica.region for replica in secret.replicas] if secret else []:
            raise InvalidRequestException(
                f"You can't delete secret {secret.name} that still has replica regions {regions}"
            )
        return super().delete_secret(context, request)

    @handler("StopReplicationToReplica", expand=False)
    def stop_replication_to_replica(self, context: RequestContext, request: Any) -> Any:
        """Answer ``StopReplicationToReplica``: the replica becomes a secret of its own.

        https://docs.aws.amazon.com/secretsmanager/latest/userguide/standalone-secret.html
        """
        secret_id = request["SecretId"]
        secrets = self.get_moto_backend_for_resource(secret_id, context).secrets
        replica = secrets.get(secret_id)
        if not isinstance(replica, ReplicaSecret):
            raise InvalidRequestException("You can only stop replication of a replica, in the replica's Region.")
        replica.source.replicas.remove(replica)
        promoted = copy.copy(replica.source)
        promoted.arn, promoted.region, promoted.replicas = replica.arn, replica.region, []
        promoted.versions = copy.deepcopy(replica.source.versions)
        promoted.rotation_enabled = promoted.rotation_requested = False
        dict.pop(secrets, replica.arn)
        secrets[promoted.name] = promoted
        return {"ARN": promoted.arn}
