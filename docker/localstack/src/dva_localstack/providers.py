"""The service providers of the plugin: whole services handed to MiniStack, and LocalStack's own with repairs."""

import logging
from typing import Any

import requests
from localstack.aws.api import CommonServiceException, RequestContext, ServiceRequest
from localstack.aws.forwarder import AwsRequestProxy
from localstack.aws.spec import load_service
from localstack.http import Response
from localstack.runtime.shutdown import SHUTDOWN_HANDLERS
from localstack.services.plugins import Service, ServiceLifecycleHook, aws_provider
from localstack.state import StateVisitor
from plux import PluginSpec
from rolo.client import SimpleRequestsClient
from werkzeug.datastructures import ImmutableMultiDict

from dva_localstack.ministack import SIDECAR
from dva_localstack.services import COURSE, MINISTACK, MOTO

LOG = logging.getLogger(__name__)


class Forwarder(ServiceLifecycleHook):
    """Sends every operation of one service to MiniStack, as the account and region of LocalStack's context."""

    def __init__(self, service: str) -> None:
        """Prepare a forwarder; MiniStack is started when the service is first used.

        :param service: the service's name in botocore, for example ``dynamodb``
        """
        self.service = service
        self.model = load_service(service)
        self.proxy: AwsRequestProxy | None = None

    def on_before_start(self) -> None:
        """Start MiniStack if no other service has, and connect to it."""
        SHUTDOWN_HANDLERS.register(SIDECAR.stop)
        SIDECAR.start()
        session = requests.Session()
        session.trust_env = False
        # Raw answers keep what LocalStack's parser drops, such as the item of a failed condition.
        proxy = AwsRequestProxy(SIDECAR.url, parse_response=False)
        proxy.proxy.client = SimpleRequestsClient(session)
        self.proxy = proxy

    def accept_state_visitor(self, visitor: StateVisitor) -> None:
        """MiniStack's data is in its own process: there is nothing here to save."""

    def dispatch_table(self) -> dict[str, Any]:
        """Return LocalStack's table of operations, each of them :meth:`forward`."""
        return dict.fromkeys(self.model.operation_names, self.forward)

    def forward(self, context: RequestContext, request: ServiceRequest) -> Response:
        """Send one request to MiniStack and return its answer.

        :raises CommonServiceException: 500 ``InternalServerError``, which the SDKs retry, when MiniStack died
        """
        assert self.proxy is not None
        context.request.headers["Authorization"] = credential(context)
        if context.request.data:
            # Read as bytes to check the signature: rolo would write it twice, as bytes and as the form made of them.
            context.request.form = ImmutableMultiDict()
        # A client may speak another protocol than MiniStack, for example CBOR: then the request is written anew.
        foreign = context.protocol != context.service.resolved_protocol
        try:
            answer = self.proxy.forward(context, request if foreign else None)
            body = answer.get_data()
        except (requests.ConnectionError, OSError) as error:
            LOG.warning("MiniStack did not answer %s.%s: %s", self.service, context.operation.name, error)
            raise CommonServiceException(
                "InternalServerError",
                "The service's process ended and is being started again; its data is lost. Please retry.",
                status_code=500,
            ) from error
        # MiniStack lets every web page read its answers; which origins may is LocalStack's to say.
        headers = [item for item in answer.headers if not item[0].lower().startswith("access-control-")]
        return Response(body, answer.status_code, headers)


def credential(context: RequestContext) -> str:
    """Return an Authorization header by which MiniStack finds account and region of ``context``.

    MiniStack takes a 12-digit access key as the account, while the caller's key may be a user's or a role's.
    It checks no signature.
    """
    scope = f"{context.account_id}/20260101/{context.region}/{context.service.signing_name}/aws4_request"
    return f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"


def forwarded(service: str) -> PluginSpec:
    """Return the plugin that serves ``service`` from MiniStack, named ``<service>:ministack``."""

    def create() -> Service:
        provider = Forwarder(service)
        return Service.for_provider(provider, dispatch_table_factory=Forwarder.dispatch_table)

    return aws_provider(api=service, name=MINISTACK)(create)


autoscaling = forwarded("autoscaling")
dynamodb = forwarded("dynamodb")
dynamodbstreams = forwarded("dynamodbstreams")
ecs = forwarded("ecs")
rds = forwarded("rds")


@aws_provider(api="kinesis", name=MINISTACK)
def kinesis() -> Service:
    """Kinesis of MiniStack, with subscriptions that are passed on as they come."""
    from dva_localstack.kinesis.provider import create_service

    return create_service()


@aws_provider(api="appsync", name=MINISTACK)
def appsync() -> Service:
    """AppSync whose GraphQL URLs open."""
    from dva_localstack.appsync.provider import create_service

    return create_service()


@aws_provider(api="cloudfront", name=MINISTACK)
def cloudfront() -> Service:
    """CloudFront whose distributions answer."""
    from dva_localstack.cloudfront.provider import create_service

    return create_service()


@aws_provider(api="ecr", name=MINISTACK)
def ecr() -> Service:
    """ECR whose layers can be downloaded."""
    from dva_localstack.ecr.provider import create_service

    return create_service()


@aws_provider(api="elasticache", name=MINISTACK)
def elasticache() -> Service:
    """ElastiCache with Valkey processes behind it."""
    from dva_localstack.databases.elasticache import create_service

    return create_service()


@aws_provider(api="cognito-identity", name=MINISTACK)
def cognito_identity() -> Service:
    """Cognito identity pools, whose credentials come from STS."""
    from dva_localstack.cognito.credentials import IdentityPools

    return Service.for_provider(IdentityPools("cognito-identity"), dispatch_table_factory=Forwarder.dispatch_table)


@aws_provider(api="cognito-idp", name=MINISTACK)
def cognito_idp() -> Service:
    """Cognito user pools with their keys, sign-in pages and triggers on the gateway."""
    from dva_localstack.cognito.provider import UserPools

    return Service.for_provider(UserPools("cognito-idp"), dispatch_table_factory=Forwarder.dispatch_table)


@aws_provider(api="apigatewayv2", name=MINISTACK)
def apigatewayv2() -> Service:
    """HTTP and WebSocket APIs, served on the gateway."""
    from dva_localstack.apigateway.http.provider import create_service

    return create_service()


@aws_provider(api="apigateway", name=COURSE)
def apigateway() -> Service:
    """REST APIs that ask who calls and how often."""
    from dva_localstack.apigateway.rest.provider import create_service

    return create_service()


@aws_provider(api="cloudformation", name=COURSE)
def cloudformation() -> Service:
    """CloudFormation that rolls back, guards exports and knows the types of the course's services."""
    from dva_localstack.cloudformation.provider import create_service

    return create_service()


@aws_provider(api="ec2", name=COURSE)
def ec2() -> Service:
    """EC2 whose gateway endpoints can be deleted."""
    from dva_localstack.ec2.provider import create_service

    return create_service()


@aws_provider(api="iam", name=COURSE)
def iam() -> Service:
    """IAM with a policy simulator and documents that are checked."""
    from dva_localstack.iam.provider import create_service

    return create_service()


@aws_provider(api="kms", name=COURSE)
def kms() -> Service:
    """KMS with AWS managed keys, key policies that are checked, and algorithms that fit the key."""
    from dva_localstack.kms.provider import create_service

    return create_service()


@aws_provider(api="elbv2", name=MOTO)
def elbv2() -> Service:
    """Elastic Load Balancing on moto."""
    from dva_localstack.elbv2.provider import create_service

    return create_service()


@aws_provider(api="route53", name=COURSE)
def route53() -> Service:
    """Route 53 with checked changes of records."""
    from dva_localstack.route53.provider import create_service

    return create_service()


@aws_provider(api="lambda", name=COURSE)
def lambda_() -> Service:
    """Lambda with weighted aliases, function URLs that open anywhere and whole log messages."""
    from dva_localstack.lambda_.provider import create_service

    return create_service()


@aws_provider(api="logs", name=COURSE)
def logs() -> Service:
    """CloudWatch Logs with filter patterns."""
    from dva_localstack.logs import create_service

    return create_service()


@aws_provider(api="s3", name=COURSE)
def s3() -> Service:
    """S3 with its checks, conditional deletes and websites that open anywhere."""
    from dva_localstack.s3.provider import create_service

    return create_service()


@aws_provider(api="secretsmanager", name=COURSE)
def secretsmanager() -> Service:
    """Secrets Manager that rotates on schedule."""
    from dva_localstack.secretsmanager.provider import create_service

    return create_service()


@aws_provider(api="ssm", name=COURSE)
def ssm() -> Service:
    """Parameter Store with tiers and policies."""
    from dva_localstack.ssm.provider import create_service

    return create_service()


@aws_provider(api="stepfunctions", name=COURSE)
def stepfunctions() -> Service:
    """Step Functions with JSONata."""
    from dva_localstack.stepfunctions.provider import create_service

    return create_service()


@aws_provider(api="firehose", name=COURSE)
def firehose() -> Service:
    """Firehose with transforms' results, prefixes and GZIP."""
    from dva_localstack.firehose.provider import create_service

    return create_service()


@aws_provider(api="events", name=COURSE)
def events() -> Service:
    """EventBridge with patterns refused, retries, dead letters and exact schedules."""
    from dva_localstack.events.provider import create_service

    return create_service()


@aws_provider(api="sns", name=COURSE)
def sns() -> Service:
    """SNS with its limits."""
    from dva_localstack.sns.provider import create_service

    return create_service()


@aws_provider(api="pipes", name=COURSE)
def pipes() -> Service:
    """EventBridge Pipes."""
    from dva_localstack.pipes.provider import create_service

    return create_service()


@aws_provider(api="scheduler", name=COURSE)
def scheduler() -> Service:
    """EventBridge Scheduler that fires."""
    from dva_localstack.scheduler.provider import create_service

    return create_service()


@aws_provider(api="sqs", name=COURSE)
def sqs() -> Service:
    """SQS with the limits and the redrive of AWS."""
    from dva_localstack.sqs.provider import create_service

    return create_service()


@aws_provider(api="sts", name=COURSE)
def sts() -> Service:
    """STS whose roles must trust, and whose sessions end."""
    from dva_localstack.sts.provider import create_service

    return create_service()
