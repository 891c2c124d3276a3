"""Policies and tags of resources that another process keeps, noted as they go through the gateway.

MiniStack holds tables, streams and repositories; asking it at every call would cost more than the call itself. What it
keeps in memory begins and ends with this server, and so does this record.
"""

from localstack.aws.api import RequestContext
from localstack.aws.chain import HandlerChain
from localstack.http import Response

from . import tables

POLICIES: dict[str, str] = {}
"""JSON by ARN."""

TAGS: dict[str, dict[str, str]] = {}
"""By ARN."""


def policy(arn: str) -> str | None:
    """Return the policy of a resource as JSON, None if it has none."""
    return POLICIES.get(arn)


def tags(arn: str) -> dict[str, str]:
    """Return the tags of a resource."""
    return TAGS.get(arn, {})


def note(chain: HandlerChain, context: RequestContext, response: Response) -> None:
    """Note what a call that succeeded says of a policy or of tags: a response handler of the gateway."""
    service = context.service.service_name if context.service else ""
    if service not in ("dynamodb", "ecr", "kinesis") or context.operation is None or response.status_code >= 300:
        return
    params = context.service_request or {}
    match service, context.operation.name:
        case (("dynamodb" | "kinesis"), "PutResourcePolicy"):
            POLICIES[params.get("ResourceArn") or params.get("ResourceARN", "")] = params["Policy"]
        case (("dynamodb" | "kinesis"), "DeleteResourcePolicy"):
            POLICIES.pop(params.get("ResourceArn") or params.get("ResourceARN", ""), None)
        case "dynamodb", ("TagResource" | "UntagResource"):
            note_tags(params)
        case "dynamodb", ("CreateTable" | "DeleteTable"):
            arn = table_arn(context, params["TableName"])
            forget(arn)
            if context.operation.name == "CreateTable":
                TAGS[arn] = {tag["Key"]: tag["Value"] for tag in params.get("Tags") or ()}
                if params.get("ResourcePolicy"):
                    POLICIES[arn] = params["ResourcePolicy"]
        case "ecr", "SetRepositoryPolicy":
            POLICIES[repository_arn(context, params)] = params["policyText"]
        case "ecr", ("DeleteRepositoryPolicy" | "DeleteRepository"):
            POLICIES.pop(repository_arn(context, params), None)


def note_tags(params: dict[str, object]) -> None:
    """Note the tags that TagResource or UntagResource of DynamoDB changes."""
    held = TAGS.setdefault(str(params["ResourceArn"]), {})
    for tag in params.get("Tags") or ():  # type: ignore[attr-defined]
        held[tag["Key"]] = tag["Value"]
    for key in params.get("TagKeys") or ():  # type: ignore[attr-defined]
        held.pop(key, None)


def forget(arn: str) -> None:
    """Drop what is noted of a table that was made anew or deleted."""
    POLICIES.pop(arn, None)
    TAGS.pop(arn, None)
    tables.forget(arn)


def table_arn(context: RequestContext, name: str) -> str:
    """Return the ARN of a table that is given by name or by ARN."""
    return name if name.startswith("arn:") else f"arn:aws:dynamodb:{context.region}:{context.account_id}:table/{name}"


def repository_arn(context: RequestContext, params: dict[str, str]) -> str:
    """Return the ARN of an ECR repository."""
    account = params.get("registryId") or context.account_id
    return f"arn:aws:ecr:{context.region}:{account}:repository/{params['repositoryName']}"
