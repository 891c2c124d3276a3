"""IAM and STS.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html
https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssecuritytokenservice.html
"""

from collections.abc import Iterator

from dva_localstack.iam import identities

from .call import Call, Context, Need

NAMED = {
    "UserName": ("user", "users"),
    "RoleName": ("role", "roles"),
    "GroupName": ("group", "groups"),
    "InstanceProfileName": ("instance-profile", "instance_profiles"),
    "PolicyName": ("policy", ""),
}
"""Parameters that name a resource: the word in its ARN, and where moto keeps it."""

LISTED = {"ListGroups": "group", "ListRoles": "role", "ListUsers": "user"}
"""Operations on all of a kind below a path."""

OWN = frozenset(
    {"GetUser", "ListAccessKeys", "CreateAccessKey", "UpdateAccessKey", "DeleteAccessKey", "ChangePassword"}
)
"""Operations that mean their caller where no user is named."""


def iam_needs(call: Call) -> Iterator[Need]:
    """Yield what an IAM operation needs."""
    params = call.params
    context: Context = {}
    if params.get("PolicyArn"):
        context["iam:PolicyARN"] = params["PolicyArn"]
    if params.get("PermissionsBoundary"):
        context["iam:PermissionsBoundary"] = params["PermissionsBoundary"]
    if params.get("AWSServiceName"):
        context["iam:AWSServiceName"] = params["AWSServiceName"]
    yield Need(f"iam:{call.operation}", iam_resource(call), context)


def iam_resource(call: Call) -> str:
    """Return the ARN of the user, role, group, policy or profile that an IAM operation is about."""
    params = call.params
    if call.operation in LISTED:
        return call.arn("iam", f"{LISTED[call.operation]}{params.get('PathPrefix') or '/'}", region="")
    if call.operation == "CreateServiceLinkedRole":
        return call.arn("iam", f"role/aws-service-role/{params.get('AWSServiceName', '')}/*", region="")
    for name, (kind, where) in NAMED.items():
        if value := params.get(name):
            return call.arn("iam", f"{kind}{path_of(call, where, value)}{value}", region="")
    for name in ("PolicyArn", "PolicySourceArn", "OpenIDConnectProviderArn", "SAMLProviderArn", "SerialNumber"):
        if params.get(name):
            return str(params[name])
    return call.caller if call.operation in OWN and ":user/" in call.caller else "*"


def path_of(call: Call, where: str, name: str) -> str:
    """Return the path of an existing user, role, group or profile; the one asked for where it is being made."""
    held = getattr(identities.backend(call.account), where, {}) if where else {}
    for item in list(held.values()):
        if item.name == name:
            return item.path or "/"
    return call.params.get("Path") or "/"


def sts_needs(call: Call) -> Iterator[Need]:
    """Yield what an STS operation needs.

    GetCallerIdentity and GetSessionToken need no permission. Who may assume a role is for the role's trust policy to
    say too: STS itself judges that.
    """
    if call.operation in ("GetFederationToken", "GetAccessKeyInfo", "DecodeAuthorizationMessage"):
        name = call.params.get("Name")
        resource = call.arn("sts", f"federated-user/{name}", region="") if name else "*"
        yield Need(f"sts:{call.operation}", resource)
