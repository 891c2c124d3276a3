"""An event source mapping is refused where the function's role may not read the source.

LocalStack 4.14.0 only looks whether the source exists, and answers 500 where the role may not even look.

https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html#events-sqs-permissions
https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-create.html
"""

from datetime import UTC, datetime

from localstack.aws.api.lambda_ import InvalidParameterValueException
from localstack.services.lambda_.provider import LambdaProvider

from dva_localstack.enforcement import callers, conditions, judgment, resources, switch
from dva_localstack.enforcement.needs.call import Need
from dva_localstack.iam import identities
from dva_localstack.policy import Principal

SQS_ACTIONS = ("ReceiveMessage", "DeleteMessage", "GetQueueAttributes")
STREAM_ACTIONS = ("GetRecords", "GetShardIterator", "DescribeStream")
ON_STREAMS = {
    "kinesis": "GetRecords, GetShardIterator, DescribeStream, ListShards, and ListStreams",
    "dynamodb": "GetRecords, GetShardIterator, DescribeStream, and ListStreams",
}


class PermittedSources(LambdaProvider):
    """A Lambda provider that asks whether a role may read before it maps an event source to its function."""

    def check_service_resource_exists(
        self, service: str, resource_arn: str, function_arn: str, function_role_arn: str
    ) -> None:
        """Refuse a source that the function's role may not read, then one that does not exist.

        :raises InvalidParameterValueException: either
        """
        if switch.enabled() and service.startswith("sqs"):
            for action in SQS_ACTIONS:
                if not may(function_role_arn, f"sqs:{action}", resource_arn):
                    message = f"The function execution role does not have permissions to call {action} on SQS"
                    raise InvalidParameterValueException(message, Type="User")
        if switch.enabled() and service in ON_STREAMS:
            for action in STREAM_ACTIONS:
                if not may(function_role_arn, f"{service}:{action}", resource_arn):
                    raise InvalidParameterValueException(
                        f"Cannot access stream {resource_arn}. Please ensure the role can perform the "
                        f"{ON_STREAMS[service]} Actions on your stream in IAM.",
                        Type="User",
                    )
        super().check_service_resource_exists(service, resource_arn, function_arn, function_role_arn)


def may(role_arn: str, action: str, resource: str) -> bool:
    """Tell whether a role's session may do something."""
    found = identities.find(role_arn)
    if found is None:
        return False
    account = role_arn.split(":")[4]
    arn = f"arn:aws:sts::{account}:assumed-role/{found.name}/lambda"
    caller = callers.Caller(Principal("role", account, arn, role_arn), found.policies, found.boundary)
    owner = resources.owner_of(resource, account)
    return judgment.decide(caller, Need(action, resource), conditions.of_time(datetime.now(UTC)), owner).allowed
