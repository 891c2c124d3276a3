"""The KMS keys of queues and topics."""

from . import kms_keys


def existing(key: str | None, account: str, region: str) -> str | None:
    """Return the ARN of a key that is given in any of the ways of KMS; None if there is no such key.

    An AWS managed key that nobody used yet is made, as by its first use.
    """
    if not key:
        return None
    kms_keys.make_managed(key, account, region)
    arn = kms_keys.arn(key, account, region)
    return arn if ":key/" in arn and kms_keys.policy(arn) else None


def of_queue(arn: str) -> str | None:
    """Return the ARN of a queue's key; None if it has none of KMS, or does not exist."""
    from localstack.services.sqs.models import sqs_stores

    _, _, _, region, account, name = arn.split(":", 5)
    queue = sqs_stores[account][region].queues.get(name) if account and region else None
    return existing(queue.attributes.get("KmsMasterKeyId"), account, region) if queue else None


def of_topic(arn: str) -> str | None:
    """Return the ARN of a topic's key; None if it has none, or does not exist."""
    from localstack.services.sns.models import sns_stores

    parts = arn.split(":", 5)
    if len(parts) < 6 or not parts[4]:
        return None
    _, _, _, region, account, _ = parts
    topic = sns_stores[account][region].topics.get(arn)
    return existing(topic["attributes"].get("KmsMasterKeyId"), account, region) if topic else None
