"""The resource-based policies that the emulator holds, found by the ARN of what they protect."""

import dataclasses
import json
from collections.abc import Callable
from typing import Any

from dva_localstack.iam.identities import parsed
from dva_localstack.policy import Policy

from . import bucket_access, kms_keys, recorded


def policy_of(arn: str) -> Policy | None:
    """Return the policy of a resource, None if it has none.

    :param arn: of the resource that a call needs; for an object the bucket's policy counts, for a version or alias
        of a function its own
    """
    service = arn.split(":", 3)[2] if arn.startswith("arn:") else ""
    return BY_SERVICE[service](arn) if service in BY_SERVICE else None


def must_allow(arn: str) -> bool:
    """Tell whether the resource's policy has to allow a call, so that identity policies alone never suffice.

    So it is with KMS keys that exist: https://docs.aws.amazon.com/kms/latest/developerguide/key-policies.html
    """
    return arn.startswith("arn:aws:kms:") and policy_of(arn) is not None


def named(kind: str, name: str, text: str | None) -> Policy | None:
    """Return a policy from its JSON; None where there is none, or it is no JSON."""
    try:
        return Policy(f"{kind} of {name!r}", parsed(text)) if text else None
    except json.JSONDecodeError:
        return None


def of_bucket(arn: str) -> Policy | None:
    """Return a bucket's policy, with what its access control lists allow."""
    return bucket_access.policy(arn)


def of_queue(arn: str) -> Policy | None:
    """Return a queue's policy."""
    from localstack.services.sqs.models import sqs_stores

    _, _, _, region, account, name = arn.split(":", 5)
    queue = sqs_stores[account][region].queues.get(name) if account and region else None
    return named("queue policy", name, queue.attributes.get("Policy")) if queue else None


def of_topic(arn: str) -> Policy | None:
    """Return a topic's policy."""
    from localstack.services.sns.models import sns_stores

    _, _, _, region, account, name = arn.split(":", 5)
    topic = sns_stores[account][region].topics.get(arn) if account and region else None
    return named("topic policy", name, topic["attributes"].get("Policy")) if topic else None


def of_function(arn: str) -> Policy | None:
    """Return the policy of a function, or of the version or alias that the ARN ends in, or of a layer's version."""
    from localstack.services.lambda_.invocation.models import lambda_stores

    parts = arn.split(":")
    if len(parts) < 7:
        return None
    store = lambda_stores[parts[4]][parts[3]]
    qualifier = parts[7] if len(parts) > 7 else "$LATEST"
    if parts[5] == "layer":
        layer = store.layers.get(parts[6])
        version = layer.layer_versions.get(qualifier) if layer else None
        return of_layer(arn, version) if version and version.policy else None
    function = store.functions.get(parts[6])
    held = function.permissions.get(qualifier) if function else None
    if held is None:
        return None
    document = dataclasses.asdict(held.policy)
    return Policy(f"policy of function {':'.join(parts[6:])!r}", document)


def of_layer(arn: str, version: Any) -> Policy:
    """Return the policy of a layer's version; its statements name everybody or an account."""
    statements = [
        {
            "Sid": each.sid,
            "Effect": "Allow",
            "Principal": {"AWS": each.principal},
            "Action": each.action,
            "Resource": arn,
        }
        for each in version.policy.statements.values()
    ]
    return Policy(f"policy of layer {arn.split(':', 6)[6]!r}", {"Version": "2012-10-17", "Statement": statements})


def of_key(arn: str) -> Policy | None:
    """Return a KMS key's policy, its grants among the statements."""
    name = arn.rpartition("/")[2]
    policy = named("key policy", name, kms_keys.policy(arn)) if ":key/" in arn else None
    extra = kms_keys.grants(arn) if policy else []
    if not policy or not extra:
        return policy
    statements = policy.document.get("Statement", [])
    own = statements if isinstance(statements, list) else [statements]
    return Policy(policy.name, {**policy.document, "Statement": [*own, *extra]})


def of_bus(arn: str) -> Policy | None:
    """Return the policy of an event bus."""
    from localstack.services.events.models import events_stores

    _, _, _, region, account, name = arn.split(":", 5)
    held = events_stores[account][region].event_buses.get(name.removeprefix("event-bus/")) if account else None
    return Policy(f"policy of {name!r}", held.policy) if held and held.policy else None


def of_secret(arn: str) -> Policy | None:
    """Return a secret's policy."""
    from moto.secretsmanager.models import secretsmanager_backends

    _, _, _, region, account, _ = arn.split(":", 5)
    secret = secretsmanager_backends[account][region].secrets.get(arn)
    return named("policy of secret", secret.name, getattr(secret, "policy", None)) if secret else None


def of_recorded(arn: str) -> Policy | None:
    """Return the policy of a table, stream or repository, or of the table that an index or stream belongs to."""
    found = recorded.policy(arn)
    if found is None and ":table/" in arn:
        found = recorded.policy("/".join(arn.split("/")[:2]))
    return named("resource policy", arn.split(":", 5)[5], found)


BY_SERVICE: dict[str, Callable[[str], Policy | None]] = {
    "dynamodb": of_recorded,
    "ecr": of_recorded,
    "events": of_bus,
    "kinesis": of_recorded,
    "kms": of_key,
    "lambda": of_function,
    "s3": of_bucket,
    "secretsmanager": of_secret,
    "sns": of_topic,
    "sqs": of_queue,
}
