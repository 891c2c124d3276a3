"""The tags of resources, for the key aws:ResourceTag."""

from collections.abc import Callable

from dva_localstack.iam import identities

from . import recorded


def tags_of(arn: str) -> dict[str, str]:
    """Return the tags of a resource, as far as the emulator's services let them be found."""
    service = arn.split(":", 3)[2] if arn.startswith("arn:") else ""
    return BY_SERVICE[service](arn) if service in BY_SERVICE else {}


def place(arn: str) -> tuple[str, str]:
    """Return account and region of an ARN."""
    parts = arn.split(":", 5)
    return parts[4], parts[3]


def of_function(arn: str) -> dict[str, str]:
    """Return the tags of a Lambda function, whichever version or alias the ARN names."""
    from localstack.services.lambda_.invocation.models import lambda_stores

    account, region = place(arn)
    return dict(lambda_stores[account][region].tags.get_tags(":".join(arn.split(":")[:7])))


def of_queue(arn: str) -> dict[str, str]:
    """Return the tags of a queue."""
    from localstack.services.sqs.models import sqs_stores

    account, region = place(arn)
    return dict(sqs_stores[account][region].tags.get_tags(arn))


def of_topic(arn: str) -> dict[str, str]:
    """Return the tags of a topic."""
    from localstack.services.sns.models import sns_stores

    account, region = place(arn)
    return dict(sns_stores[account][region].tags.get_tags(arn))


def of_key(arn: str) -> dict[str, str]:
    """Return the tags of a KMS key."""
    from localstack.services.kms.models import kms_stores

    account, region = place(arn)
    return dict(kms_stores[account][region].tags.get_tags(arn))


def of_secret(arn: str) -> dict[str, str]:
    """Return the tags of a secret."""
    from moto.secretsmanager.models import secretsmanager_backends

    account, region = place(arn)
    secret = secretsmanager_backends[account][region].secrets.get(arn)
    return identities.tags_of(secret.tags) if secret else {}


def of_parameter(arn: str) -> dict[str, str]:
    """Return the tags of a parameter of Parameter Store."""
    from moto.ssm.models import ssm_backends

    account, region = place(arn)
    name = arn.partition(":parameter/")[2]
    held = ssm_backends[account][region]._resource_tags.get("Parameter", {})
    return dict(held.get(name) or held.get(f"/{name}") or {})


def of_instance(arn: str) -> dict[str, str]:
    """Return the tags of an EC2 resource."""
    from moto.ec2.models import ec2_backends

    account, region = place(arn)
    return dict(ec2_backends[account][region].tags.get(arn.rpartition("/")[2], {}))


def of_identity(arn: str) -> dict[str, str]:
    """Return the tags of a user or role."""
    found = identities.find(arn)
    return found.tags if found else {}


BY_SERVICE: dict[str, Callable[[str], dict[str, str]]] = {
    "dynamodb": lambda arn: recorded.tags("/".join(arn.split("/")[:2])),
    "ec2": of_instance,
    "iam": of_identity,
    "kms": of_key,
    "lambda": of_function,
    "secretsmanager": of_secret,
    "sns": of_topic,
    "sqs": of_queue,
    "ssm": of_parameter,
}
