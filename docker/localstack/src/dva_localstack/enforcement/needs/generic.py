"""Services whose actions bear the names of their operations: the resource follows from a parameter."""

from collections.abc import Iterator

from .call import Call, Need

PREFIXES = {
    "apigatewaymanagementapi": "execute-api",
    "appconfigdata": "appconfig",
    "cloudcontrol": "cloudformation",
    "dynamodbstreams": "dynamodb",
    "elb": "elasticloadbalancing",
    "elbv2": "elasticloadbalancing",
    "opensearch": "es",
    "resourcegroupstaggingapi": "tag",
    "s3control": "s3",
    "sesv2": "ses",
    "stepfunctions": "states",
}
"""IAM's prefix of a service where it is not botocore's name."""

GROUP = "log-group:{}:log-stream:"

RESOURCES: dict[str, tuple[tuple[str, str], ...]] = {
    "appconfig": (("ApplicationId", "application/{}"),),
    "appsync": (("apiId", "apis/{}"),),
    "autoscaling": (("AutoScalingGroupName", "autoScalingGroup:*:autoScalingGroupName/{}"),),
    "cloudformation": (
        ("StackName", "stack/{}/*"),
        ("ChangeSetName", "changeSet/{}/*"),
        ("StackSetName", "stackset/{}:*"),
    ),
    "cloudwatch": (("AlarmName", "alarm:{}"), ("AlarmNames", "alarm:{}"), ("DashboardName", "dashboard/{}")),
    "codebuild": (("projectName", "project/{}"), ("name", "project/{}")),
    "codepipeline": (("pipelineName", "{}"), ("name", "{}")),
    "cognito-identity": (("IdentityPoolId", "identitypool/{}"),),
    "cognito-idp": (("UserPoolId", "userpool/{}"),),
    "ecr": (("repositoryName", "repository/{}"), ("repositoryNames", "repository/{}")),
    "ecs": (
        ("taskDefinition", "task-definition/{}"),
        ("service", "service/{}"),
        ("serviceName", "service/{}"),
        ("task", "task/{}"),
        ("cluster", "cluster/{}"),
        ("clusterName", "cluster/{}"),
        ("clusters", "cluster/{}"),
        ("family", "task-definition/{}:*"),
    ),
    "elasticache": (("CacheClusterId", "cluster:{}"), ("ReplicationGroupId", "replicationgroup:{}")),
    "elbv2": (("LoadBalancerArn", "{}"), ("TargetGroupArn", "{}"), ("ListenerArn", "{}"), ("RuleArn", "{}")),
    "firehose": (("DeliveryStreamName", "deliverystream/{}"), ("DeliveryStreamARN", "{}")),
    "kinesis": (("ConsumerARN", "{}"), ("StreamARN", "{}"), ("StreamName", "stream/{}")),
    "logs": (
        ("logGroupName", GROUP),
        ("logGroupIdentifier", GROUP),
        ("logGroupNames", GROUP),
        ("logGroupNamePrefix", GROUP),
    ),
    "pipes": (("Name", "pipe/{}"),),
    "rds": (
        ("DBInstanceIdentifier", "db:{}"),
        ("DBClusterIdentifier", "cluster:{}"),
        ("DBSnapshotIdentifier", "snapshot:{}"),
        ("DBSubnetGroupName", "subgrp:{}"),
    ),
    "scheduler": (("ScheduleGroupName", "schedule-group/{}"),),
    "ssm": (
        ("Name", "parameter/{}"),
        ("Names", "parameter/{}"),
        ("Path", "parameter/{}"),
        ("ResourceId", "parameter/{}"),
    ),
    "stepfunctions": (
        ("stateMachineArn", "{}"),
        ("executionArn", "{}"),
        ("activityArn", "{}"),
        ("stateMachineVersionArn", "{}"),
        ("name", "stateMachine:{}"),
    ),
}
"""For each service: parameters that name the resource, in the order of preference, and the resource part of its ARN."""

ARN_PARAMETERS = ("ResourceArn", "ResourceARN", "resourceArn", "resourceARN", "Resource", "resource", "Arn", "arn")
"""How the operations on tags and policies name their resource."""

WITHOUT_RESOURCE = frozenset({"DescribeParameters", "ListStateMachines", "CreateActivity", "SendTaskSuccess"})
"""Operations whose parameters would mislead."""


def needs(call: Call) -> Iterator[Need]:
    """Yield the action that bears the operation's name, once for each resource that the parameters name."""
    action = f"{PREFIXES.get(call.service, call.service)}:{call.operation}"
    for resource in resources(call):
        yield Need(action, resource)


def resources(call: Call) -> list[str]:
    """Return the ARNs that a call is about; ``*`` alone where no parameter names one."""
    if call.operation in WITHOUT_RESOURCE:
        return ["*"]
    if call.service == "logs":
        return log_groups(call)
    if call.service == "secretsmanager":
        return [secret(call)]
    if call.service == "scheduler" and "Name" in call.params:
        return [call.arn("scheduler", f"schedule/{call.params.get('GroupName') or 'default'}/{call.params['Name']}")]
    for name, form in (*RESOURCES.get(call.service, ()), *((each, "{}") for each in ARN_PARAMETERS)):
        if found := call.params.get(name):
            values = found if isinstance(found, list) else [found]
            return [arn_of(call, form, value) for value in values if isinstance(value, str)] or ["*"]
    return ["*"]


def arn_of(call: Call, form: str, value: str) -> str:
    """Return the ARN of a resource that a parameter names; a value that is an ARN stays itself."""
    if value.startswith("arn:"):
        return value
    service = PREFIXES.get(call.service, call.service)
    if service == "ssm":
        value = value.removeprefix("/")
    if call.service == "ecs" and form in ("service/{}", "task/{}"):
        value = f"{cluster(call)}/{value}"
    return call.arn(service, form.format(value))


def cluster(call: Call) -> str:
    """Return the name of the ECS cluster that a call is about."""
    return str(call.params.get("cluster") or "default").rpartition("/")[2]


def log_groups(call: Call) -> list[str]:
    """Return the log groups of a call, or its one log stream: an ARN that ends in ``log-stream:`` and its name.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/iam-access-control-overview-cwl.html#CWL_ARN_Format
    """
    for parameter, form in RESOURCES["logs"]:
        if found := call.params.get(parameter):
            names = found if isinstance(found, list) else [found]
            stream = call.params.get("logStreamName") or ""
            return [call.arn("logs", form.format(group_name(name)) + stream) for name in names]
    if found := call.params.get("resourceArn"):
        return [found]
    return [call.arn("logs", GROUP.format("*" if call.operation == "DescribeLogGroups" else ""))]


def group_name(identifier: str) -> str:
    """Return the name of a log group that is given by name or by ARN."""
    return identifier.split(":", 6)[6].split(":")[0] if identifier.startswith("arn:") else identifier


def secret(call: Call) -> str:
    """Return the ARN of the secret that a call is about, with the six characters that Secrets Manager appends."""
    name = call.params.get("SecretId") or call.params.get("Name")
    if not name:
        return "*"
    if name.startswith("arn:"):
        return full_secret_arn(name)
    return full_secret_arn(call.arn("secretsmanager", f"secret:{name}"))


def full_secret_arn(arn: str) -> str:
    """Return a secret's whole ARN; that of a secret that does not exist ends in ``-??????``, as policies write it."""
    from moto.secretsmanager.models import secretsmanager_backends

    _, _, _, region, account, _, name = arn.split(":", 6)
    secrets = secretsmanager_backends[account][region].secrets
    found = secrets.get(arn) or secrets.get(name)
    return str(found.arn) if found else f"{arn}-??????"
