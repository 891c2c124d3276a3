"""iam:PassRole: who hands a role to a service must be allowed to.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html
"""

from collections.abc import Iterator
from typing import Any

from .call import Call, Need

HANDED: dict[tuple[str, str], tuple[str, ...]] = {
    ("apigateway", "PutIntegration"): ("credentials",),
    ("apigatewayv2", "CreateIntegration"): ("CredentialsArn",),
    ("cloudformation", "CreateChangeSet"): ("RoleARN",),
    ("cloudformation", "CreateStack"): ("RoleARN",),
    ("cloudformation", "UpdateStack"): ("RoleARN",),
    ("codebuild", "CreateProject"): ("serviceRole",),
    ("codebuild", "UpdateProject"): ("serviceRole",),
    ("codedeploy", "CreateDeploymentGroup"): ("serviceRoleArn",),
    ("codepipeline", "CreatePipeline"): ("pipeline.roleArn",),
    ("ecs", "RegisterTaskDefinition"): ("executionRoleArn", "taskRoleArn"),
    ("ecs", "RunTask"): ("overrides.executionRoleArn", "overrides.taskRoleArn"),
    ("events", "PutRule"): ("RoleArn",),
    ("events", "PutTargets"): ("Targets[].RoleArn",),
    ("firehose", "CreateDeliveryStream"): (
        "S3DestinationConfiguration.RoleARN",
        "ExtendedS3DestinationConfiguration.RoleARN",
        "KinesisStreamSourceConfiguration.RoleARN",
    ),
    ("lambda", "CreateFunction"): ("Role",),
    ("lambda", "UpdateFunctionConfiguration"): ("Role",),
    ("logs", "PutSubscriptionFilter"): ("roleArn",),
    ("pipes", "CreatePipe"): ("RoleArn",),
    ("pipes", "UpdatePipe"): ("RoleArn",),
    ("s3", "PutBucketReplication"): ("ReplicationConfiguration.Role",),
    ("scheduler", "CreateSchedule"): ("Target.RoleArn",),
    ("scheduler", "UpdateSchedule"): ("Target.RoleArn",),
    ("stepfunctions", "CreateStateMachine"): ("roleArn",),
    ("stepfunctions", "UpdateStateMachine"): ("roleArn",),
}
"""For each operation that hands over roles: where in its parameters they are."""

SERVICES = {"apigatewayv2": "apigateway", "ecs": "ecs-tasks", "stepfunctions": "states"}
"""The name of the service that gets the role, where it is not botocore's."""


def handed_over(call: Call) -> Iterator[Need]:
    """Yield iam:PassRole for each role that a call hands to a service, with the key ``iam:PassedToService``."""
    paths = HANDED.get((call.service, call.operation), ())
    service = f"{SERVICES.get(call.service, call.service)}.amazonaws.com"
    roles = {role for path in paths for role in values(call.params, path.split(".")) if ":role/" in role}
    for role in sorted(roles):
        yield Need("iam:PassRole", role, {"iam:PassedToService": service})


def values(where: Any, path: list[str]) -> Iterator[str]:
    """Yield the texts at a path of names; a name that ends in ``[]`` is a list, all of whose elements are meant."""
    if not path:
        if isinstance(where, str):
            yield where
        return
    name = path[0].removesuffix("[]")
    found = where.get(name) if isinstance(where, dict) else None
    for each in (found or ()) if path[0].endswith("[]") else (found,):
        if each is not None:
            yield from values(each, path[1:])
