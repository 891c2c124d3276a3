"""LocalStack's IAM with a policy simulator, documents that are checked, and MFA devices that prove themselves.

LocalStack 4.14.0 simulates policies by comparing texts, and fails for inline policies of users; it takes trust
policies that are any JSON, identity-based policies with a Principal, and any two codes for an MFA device. See
:mod:`dva_localstack.iam.entities` for names, boundaries and deletions.
"""

from collections.abc import Sequence
from typing import Any

from localstack.aws.api import CommonServiceException, RequestContext, ServiceRequest, handler
from localstack.aws.api.iam import (
    CreateRoleRequest,
    CreateRoleResponse,
    CreateUserResponse,
    GetContextKeysForPolicyResponse,
    InvalidInputException,
    NoSuchEntityException,
    SimulateCustomPolicyRequest,
    SimulatePolicyResponse,
    SimulatePrincipalPolicyRequest,
)
from localstack.services.iam.provider import IamProvider
from localstack.services.moto import MotoFallbackDispatcher, call_moto
from localstack.services.plugins import Service

from dva_localstack.iam import documents, entities, identities, ids, pages, passwords, reports, simulator
from dva_localstack.iam.identities import Attached, Identity
from dva_localstack.iam.simulator import Simulation
from dva_localstack.policy import Principal
from dva_localstack.policy.keys import keys_of_document
from dva_localstack.sts import callers, mfa

STEPS_LATE_WHEN_ENABLED = 4
"""Two minutes: who sets up a device types two codes, one after the other."""


class CourseIamProvider(IamProvider):
    """Checks documents before moto keeps them, and asks the evaluation what they allow."""

    @handler("CreateRole", expand=False)
    def create_role(self, context: RequestContext, request: CreateRoleRequest) -> CreateRoleResponse:
        """Create a role with a trust policy."""
        entities.check_name("roleName", request["RoleName"])
        entities.check_session_seconds(request.get("MaxSessionDuration"))
        entities.check_boundary(context.account_id, request.get("PermissionsBoundary"))
        documents.check(request["AssumeRolePolicyDocument"], "trust")
        return super().create_role(context, request)

    @handler("UpdateRole", expand=False)
    def update_role(self, context: RequestContext, request: ServiceRequest) -> Any:
        """Change a role's description and longest session."""
        entities.check_session_seconds(request.get("MaxSessionDuration"))
        return call_moto(context)

    @handler("DeleteRole", expand=False)
    def delete_role(self, context: RequestContext, request: ServiceRequest) -> Any:
        """Delete a role that has no policies any more."""
        role = identities.moto_role(context.account_id, request["RoleName"])
        if role:
            entities.check_without_policies(role)
        answer = call_moto(context)
        if role:
            entities.forget(role.arn, role.id)
        return answer

    @handler("CreateUser")
    def create_user(
        self,
        context: RequestContext,
        user_name: str,
        path: str | None = None,
        permissions_boundary: str | None = None,
        tags: Any = None,
        **kwargs: Any,
    ) -> CreateUserResponse:
        """Create a user."""
        entities.check_name("userName", user_name)
        entities.check_boundary(context.account_id, permissions_boundary)
        return super().create_user(context, user_name, path, permissions_boundary, tags, **kwargs)

    @handler("DeleteUser", expand=False)
    def delete_user(self, context: RequestContext, request: ServiceRequest) -> Any:
        """Delete a user who has nothing any more."""
        entities.check_user_is_bare(context.account_id, request["UserName"])
        user = identities.backend(context.account_id).users[request["UserName"]]
        answer = call_moto(context)
        entities.forget(user.arn, user.id)
        return answer

    @handler("PutUserPermissionsBoundary")
    def put_user_permissions_boundary(
        self, context: RequestContext, user_name: str, permissions_boundary: str, **kwargs: Any
    ) -> None:
        """Limit what a user's policies can grant."""
        entities.check_boundary(context.account_id, permissions_boundary)
        super().put_user_permissions_boundary(context, user_name, permissions_boundary, **kwargs)

    @handler("PutRolePermissionsBoundary", expand=False)
    def put_role_permissions_boundary(self, context: RequestContext, request: ServiceRequest) -> Any:
        """Limit what a role's policies can grant."""
        entities.check_boundary(context.account_id, request["PermissionsBoundary"])
        return call_moto(context)

    @handler("DeletePolicy")
    def delete_policy(self, context: RequestContext, policy_arn: str, **kwargs: Any) -> None:
        """Delete a managed policy that nobody has any more."""
        entities.check_policy_is_unused(context.account_id, policy_arn)
        super().delete_policy(context, policy_arn, **kwargs)

    @handler("UpdateAssumeRolePolicy", expand=False)
    def update_assume_role_policy(self, context: RequestContext, request: ServiceRequest) -> Any:
        """Replace a trust policy."""
        documents.check(request["PolicyDocument"], "trust")
        return call_moto(context)

    def checked(self, context: RequestContext, request: ServiceRequest) -> Any:
        """Keep an identity-based policy."""
        documents.check(request["PolicyDocument"], "identity")
        return call_moto(context)

    @handler("PutUserPolicy", expand=False)
    def put_user_policy(self, context: RequestContext, request: ServiceRequest) -> Any:
        """Keep an inline policy of a user."""
        return self.checked(context, request)

    @handler("PutRolePolicy", expand=False)
    def put_role_policy(self, context: RequestContext, request: ServiceRequest) -> Any:
        """Keep an inline policy of a role."""
        return self.checked(context, request)

    @handler("PutGroupPolicy", expand=False)
    def put_group_policy(self, context: RequestContext, request: ServiceRequest) -> Any:
        """Keep an inline policy of a group."""
        return self.checked(context, request)

    @handler("CreatePolicy", expand=False)
    def create_policy(self, context: RequestContext, request: ServiceRequest) -> Any:
        """Create a managed policy."""
        entities.check_name("policyName", request["PolicyName"])
        return self.checked(context, request)

    @handler("CreatePolicyVersion", expand=False)
    def create_policy_version(self, context: RequestContext, request: ServiceRequest) -> Any:
        """Create a version of a managed policy."""
        return self.checked(context, request)

    @handler("EnableMFADevice", expand=False)
    def enable_mfa_device(self, context: RequestContext, request: ServiceRequest) -> Any:
        """Bind a virtual device to a user who gives two codes of it, one after the other."""
        serial = request["SerialNumber"]
        device = identities.backend(context.account_id).virtual_mfa_devices.get(serial)
        if device is None:
            raise NoSuchEntityException(f"VirtualMFADevice with serial number {serial} doesn't exist.")
        seed = device.base32_string_seed
        step = mfa.step_of(seed, request["AuthenticationCode1"], STEPS_LATE_WHEN_ENABLED)
        if step is None or mfa.code(seed, step + 1) != request["AuthenticationCode2"]:
            raise CommonServiceException(
                "InvalidAuthenticationCode", "Authentication code for device is not valid.", 403, True
            )
        return call_moto(context)

    @handler("CreateLoginProfile", expand=False)
    def create_login_profile(self, context: RequestContext, request: ServiceRequest) -> Any:
        """Give a user a password for the console."""
        answer = call_moto(context)
        user = identities.backend(context.account_id).users[request["UserName"]]
        user.password_reset_required = bool(request.get("PasswordResetRequired"))
        answer["LoginProfile"]["PasswordResetRequired"] = user.password_reset_required
        return answer

    @handler("ChangePassword")
    def change_password(self, context: RequestContext, old_password: str, new_password: str, **kwargs: Any) -> None:
        """Change the caller's own password."""
        passwords.change(context, old_password, new_password)

    @handler("UpdateGroup")
    def update_group(
        self,
        context: RequestContext,
        group_name: str,
        new_path: str | None = None,
        new_group_name: str | None = None,
        **kwargs: Any,
    ) -> None:
        """Give a group another name or path; what is left out stays."""
        path = new_path or identities.backend(context.account_id).get_group(group_name).path
        super().update_group(context, group_name, path, new_group_name or group_name)

    @handler("GenerateCredentialReport")
    def generate_credential_report(self, context: RequestContext, **kwargs: Any) -> Any:
        """Make the report on everybody's credentials."""
        return reports.generate(context.account_id)

    @handler("GetCredentialReport")
    def get_credential_report(self, context: RequestContext, **kwargs: Any) -> Any:
        """Return the report on everybody's credentials."""
        return reports.get(context.account_id)

    @handler("SimulatePrincipalPolicy", expand=False)
    def simulate_principal_policy(
        self, context: RequestContext, request: SimulatePrincipalPolicyRequest, **kwargs: Any
    ) -> SimulatePolicyResponse:
        """Tell what a user, group or role may do."""
        identity = identity_with(request["PolicySourceArn"])
        attached = identities.attached_to(identity)
        own_boundary = identities.boundary_attached_to(identity)
        account = identity.arn.split(":")[4]
        principal = as_principal(request.get("CallerArn") or "") or principal_of(identity)
        tags = {f"aws:PrincipalTag/{key}": value for key, value in identity.tags.items()}
        return answer(request, principal, attached, own_boundary, account, {"aws:userid": identity.id, **tags})

    @handler("SimulateCustomPolicy", expand=False)
    def simulate_custom_policy(
        self, context: RequestContext, request: SimulateCustomPolicyRequest, **kwargs: Any
    ) -> SimulatePolicyResponse:
        """Tell what policies allow that are attached to nobody."""
        if request.get("ResourcePolicy") and not request.get("CallerArn"):
            raise InvalidInputException("CallerArn is required when a ResourcePolicy is given.")
        principal = as_principal(request.get("CallerArn") or "") or Principal("user", context.account_id)
        return answer(request, principal, (), (), principal.account, {})

    @handler("GetContextKeysForCustomPolicy", expand=False)
    def get_context_keys_for_custom_policy(
        self, context: RequestContext, request: ServiceRequest
    ) -> GetContextKeysForPolicyResponse:
        """Tell which condition keys policies ask for."""
        return context_keys(simulator.given(request["PolicyInputList"], "PolicyInputList"))

    @handler("GetContextKeysForPrincipalPolicy", expand=False)
    def get_context_keys_for_principal_policy(
        self, context: RequestContext, request: ServiceRequest
    ) -> GetContextKeysForPolicyResponse:
        """Tell which condition keys the policies of a user, group or role ask for."""
        attached = identities.attached_to(identity_with(request["PolicySourceArn"]))
        return context_keys((*attached, *simulator.given(request.get("PolicyInputList") or [], "PolicyInputList")))


def identity_with(arn: str) -> Identity:
    """Return the user, group or role with an ARN.

    :raises NoSuchEntityException: there is none
    """
    parts = arn.split(":", 5)
    if len(parts) != len(("arn", "aws", "iam", "", "account", "name")) or parts[2] != "iam":
        raise InvalidInputException(f"Invalid Entity Arn: {arn} does not clearly define entity type and name.")
    if identity := identities.find(arn):
        return identity
    kind, _, path = parts[5].partition("/")
    raise NoSuchEntityException(f"The {kind} with name {path.rpartition('/')[2]} cannot be found.")


def principal_of(identity: Identity) -> Principal:
    """Return how a request of a user, of a member of a group or of a session of a role looks."""
    account = identity.arn.split(":")[4]
    if identity.kind == "role":
        session = f"arn:aws:sts::{account}:assumed-role/{identity.name}/simulated"
        return Principal("role", account, session, identity.arn)
    return Principal("user", account, identity.arn if identity.kind == "user" else "")


def as_principal(arn: str) -> Principal | None:
    """Return the user, or a session of the role, with an ARN; None for no ARN."""
    if not arn:
        return None
    parts = arn.split(":", 5)
    if len(parts) < len(("arn", "aws", "iam", "", "account", "name")) or "/" not in parts[5]:
        raise InvalidInputException(f"Invalid value for CallerArn: {arn}")
    kind, _, path = parts[5].partition("/")
    return principal_of(Identity(kind, arn, "", path.rpartition("/")[2]))


def answer(
    request: SimulatePrincipalPolicyRequest | SimulateCustomPolicyRequest,
    principal: Principal,
    attached: tuple[Attached, ...],
    own_boundary: tuple[Attached, ...],
    account: str,
    keys: dict[str, str],
) -> SimulatePolicyResponse:
    """Simulate the requests that are asked for."""
    inputs: Sequence[str] = request.get("PolicyInputList") or []
    boundaries: Sequence[str] = request.get("PermissionsBoundaryPolicyInputList") or []
    resource_policy = request.get("ResourcePolicy")
    resource = simulator.given([resource_policy], "ResourcePolicy", "resource")[0] if resource_policy else None
    owner = (request.get("ResourceOwner") or "").removeprefix("arn:aws:iam::").removesuffix(":root")
    simulation = Simulation(
        principal,
        (*attached, *simulator.given(inputs, "PolicyInputList")),
        simulator.given(boundaries, "PermissionsBoundaryPolicyInputList") or own_boundary,
        resource,
        owner or account,
        {**callers.now_keys(), **keys, **simulator.context_of(request.get("ContextEntries") or [])},
    )
    results = simulator.simulate(simulation, request["ActionNames"], request.get("ResourceArns") or [])
    return SimulatePolicyResponse(EvaluationResults=results, IsTruncated=False)


def context_keys(attached: Sequence[Attached]) -> GetContextKeysForPolicyResponse:
    """Return the condition keys of policies, each once."""
    found = {key for each in attached for key in keys_of_document(each.policy.document)}
    return GetContextKeysForPolicyResponse(ContextKeyNames=sorted(found))


def dispatch_table(provider: CourseIamProvider) -> Any:
    """Return the operations, with moto's for those that the provider has not, and lists in pages."""
    table = MotoFallbackDispatcher(provider)
    for operation, (member, name) in pages.PAGED.items():
        table[operation] = pages.paged(table[operation], member, name)
    return table


def create_service() -> Service:
    """Return the service of the course."""
    ids.give_prefixes()
    return Service.for_provider(CourseIamProvider(), dispatch_table_factory=dispatch_table)
