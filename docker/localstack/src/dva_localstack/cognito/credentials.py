"""The provider of identity pools: MiniStack says which role, STS gives the credentials."""

import json

from botocore.exceptions import ClientError
from localstack.aws.api import CommonServiceException, RequestContext, ServiceRequest
from localstack.aws.connect import connect_to
from localstack.http import Response

from dva_localstack import constraints
from dva_localstack.cognito.guests import SESSION_POLICY
from dva_localstack.providers import Forwarder

SESSION_NAME = "CognitoIdentityCredentials"
"""Name of the role session: https://docs.aws.amazon.com/cognito/latest/developerguide/iam-roles.html"""

UNFIT = "Invalid identity pool configuration. Check assigned IAM roles for this pool."


class IdentityPools(Forwarder):
    """Identity pools, whose credentials are sessions that STS and IAM know."""

    def forward(self, context: RequestContext, request: ServiceRequest) -> Response:
        """Forward an operation; exchange what GetCredentialsForIdentity answers at STS.

        :raises CommonServiceException: ``InvalidIdentityPoolConfigurationException``: the role is missing or does
            not trust the pool
        """
        if problem := constraints.message(context.operation.input_shape, request):
            raise CommonServiceException("ValidationException", problem)
        answer = super().forward(context, request)
        if context.operation.name != "GetCredentialsForIdentity" or answer.status_code != 200:
            return answer
        vouched = json.loads(answer.get_data())
        sts = connect_to(region_name=context.region).sts
        try:
            credentials = sts.assume_role_with_web_identity(
                RoleArn=vouched["Role"],
                RoleSessionName=SESSION_NAME,
                WebIdentityToken=vouched["Token"],
                **({} if request.get("Logins") else {"Policy": SESSION_POLICY}),
            )["Credentials"]
        except ClientError as error:
            raise CommonServiceException("InvalidIdentityPoolConfigurationException", UNFIT) from error
        body = {
            "IdentityId": vouched["IdentityId"],
            "Credentials": {
                "AccessKeyId": credentials["AccessKeyId"],
                "SecretKey": credentials["SecretAccessKey"],
                "SessionToken": credentials["SessionToken"],
                "Expiration": credentials["Expiration"].timestamp(),
            },
        }
        return Response(json.dumps(body), 200, answer.headers)
