"""Identity pools: https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-identity.html"""

import base64
import json
from typing import Any

import boto3
import pytest
from emulator.cognito_tools import Pool, claims, refusal

UNFIT = "Invalid identity pool configuration. Check assigned IAM roles for this pool."


class Federation:
    """A user pool with the user ana, an identity pool that takes its tokens, and roles."""

    def __init__(self, account: Any, guests: bool = False) -> None:
        self.account, self.users = account, Pool(account)
        self.identity, self.iam = account("cognito-identity"), account("iam")
        self.users.user(email="ana@example.com", email_verified="true")
        self.provider = f"cognito-idp.us-east-1.amazonaws.com/{self.users.id}"
        self.id = self.identity.create_identity_pool(
            IdentityPoolName="visitors",
            AllowUnauthenticatedIdentities=guests,
            CognitoIdentityProviders=[{"ProviderName": self.provider, "ClientId": self.users.client_id}],
        )["IdentityPoolId"]

    def logins(self) -> dict[str, str]:
        """Sign ana in and return what an identity pool wants to see."""
        return {self.provider: self.users.tokens()["IdToken"]}

    def role(self, name: str, method: str = "authenticated", pool: str = "", **policy: Any) -> str:
        """Create a role that trusts identity pools, with one allowing statement, and return its ARN."""
        trust = {
            "Effect": "Allow",
            "Principal": {"Federated": "cognito-identity.amazonaws.com"},
            "Action": ["sts:AssumeRoleWithWebIdentity", "sts:TagSession"],
            "Condition": {
                "StringEquals": {"cognito-identity.amazonaws.com:aud": pool or self.id},
                "ForAnyValue:StringLike": {"cognito-identity.amazonaws.com:amr": method},
            },
        }
        document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
        arn = self.iam.create_role(RoleName=name, AssumeRolePolicyDocument=document)["Role"]["Arn"]
        if policy:
            allowed = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **policy}]})
            self.iam.put_role_policy(RoleName=name, PolicyName="allowed", PolicyDocument=allowed)
        return arn

    def assign(self, mapping: dict[str, Any] | None = None, **roles: str) -> None:
        """Give the identity pool its roles, and a mapping for the tokens of the app client."""
        mappings = {f"{self.provider}:{self.users.client_id}": mapping} if mapping else {}
        self.identity.set_identity_pool_roles(IdentityPoolId=self.id, Roles=roles, RoleMappings=mappings)

    def credentials(self, logins: dict[str, str] | None = None, **more: Any) -> dict[str, Any]:
        """Return the credentials of an identity; a guest's without logins."""
        given = {"Logins": logins} if logins else {}
        identity = self.identity.get_id(IdentityPoolId=self.id, **given)["IdentityId"]
        answer = self.identity.get_credentials_for_identity(IdentityId=identity, **given, **more)
        return answer["Credentials"]

    def client(self, service: str, credentials: dict[str, Any]) -> Any:
        """Return a client with such credentials."""
        return boto3.client(
            service,
            endpoint_url=self.account.endpoint,
            region_name="us-east-1",
            aws_access_key_id=credentials["AccessKeyId"],
            aws_secret_access_key=credentials.get("SecretKey") or credentials["SecretAccessKey"],
            aws_session_token=credentials["SessionToken"],
        )

    def caller(self, credentials: dict[str, Any]) -> str:
        """Return the role that credentials are for: its name and the session's."""
        return self.client("sts", credentials).get_caller_identity()["Arn"].split("assumed-role/")[1]


@pytest.fixture
def federation(aws: Any) -> Federation:
    """An identity pool without guests."""
    return Federation(aws)


def test_a_users_token_becomes_credentials_that_iam_judges(federation: Federation) -> None:
    """https://docs.aws.amazon.com/cognito/latest/developerguide/authentication-flow.html"""
    federation.assign(authenticated=federation.role("Member", Action="sqs:ListQueues", Resource="*"))
    credentials = federation.credentials(federation.logins())
    assert federation.caller(credentials) == "Member/CognitoIdentityCredentials"
    federation.client("sqs", credentials).list_queues()
    error = refusal(federation.client("sqs", credentials).create_queue, QueueName="mine")
    assert error[0] == "AccessDenied"
    assert "CognitoIdentityCredentials is not authorized to perform: sqs:createqueue" in error[1]


def test_guests_get_the_unauthenticated_role(aws: Any) -> None:
    """https://docs.aws.amazon.com/cognito/latest/developerguide/identity-pools.html"""
    federation = Federation(aws, guests=True)
    federation.assign(unauthenticated=federation.role("Guest", "unauthenticated"))
    assert federation.caller(federation.credentials()) == "Guest/CognitoIdentityCredentials"


def test_guests_reach_only_the_services_that_aws_leaves_open_to_them(aws: Any) -> None:
    """The role allows everything, the session policy of the enhanced flow does not.

    https://docs.aws.amazon.com/cognito/latest/developerguide/iam-roles.html
    """
    federation = Federation(aws, guests=True)
    federation.assign(unauthenticated=federation.role("Guest", "unauthenticated", Action="*", Resource="*"))
    credentials = federation.credentials()
    federation.client("sqs", credentials).list_queues()
    error = refusal(federation.client("secretsmanager", credentials).list_secrets)
    assert error[0] == "AccessDeniedException"


def test_a_pool_without_guests_wants_a_login(federation: Federation) -> None:
    """https://docs.aws.amazon.com/cognitoidentity/latest/APIReference/API_GetId.html"""
    error = refusal(federation.identity.get_id, IdentityPoolId=federation.id)
    assert error == (
        "NotAuthorizedException",
        "Unauthenticated access is not supported for this identity pool.",
    )


def test_a_user_keeps_the_identity(federation: Federation) -> None:
    """https://docs.aws.amazon.com/cognitoidentity/latest/APIReference/API_GetId.html"""
    get_id, request = federation.identity.get_id, {"IdentityPoolId": federation.id}
    first = get_id(**request, Logins=federation.logins())["IdentityId"]
    assert first.startswith("us-east-1:")
    assert get_id(**request, Logins=federation.logins())["IdentityId"] == first


def test_a_changed_token_proves_nothing(federation: Federation) -> None:
    """https://docs.aws.amazon.com/cognito/latest/developerguide/authentication-flow.html"""
    token = federation.logins()[federation.provider]
    head, body, signature = token.split(".")
    forged = json.dumps({**claims(token), "sub": "somebody-else"}).encode()
    body = base64.urlsafe_b64encode(forged).decode().rstrip("=")
    logins = {federation.provider: f"{head}.{body}.{signature}"}
    error = refusal(federation.identity.get_id, IdentityPoolId=federation.id, Logins=logins)
    assert error[0] == "NotAuthorizedException"
    assert "signature" in error[1]


def test_an_access_token_and_another_clients_token_are_refused(federation: Federation) -> None:
    """The pool names the app client whose ID tokens it takes.

    https://docs.aws.amazon.com/cognitoidentity/latest/APIReference/API_CognitoIdentityProvider.html
    """
    users, get_id = federation.users, federation.identity.get_id
    logins = {federation.provider: users.tokens()["AccessToken"]}
    assert refusal(get_id, IdentityPoolId=federation.id, Logins=logins)[0] == "NotAuthorizedException"
    users.client_id = users.client(ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH"])["ClientId"]
    error = refusal(get_id, IdentityPoolId=federation.id, Logins=federation.logins())
    assert error == ("NotAuthorizedException", "Token is not from a supported provider of this identity pool.")


@pytest.mark.parametrize(
    ("told", "problem"),
    [
        pytest.param(None, "Not a valid OpenId Connect identity token.", id="no token"),
        pytest.param({"iss": "https://example.com"}, "Issuer doesn't match providerName", id="issuer"),
        pytest.param({"aud": "another-app"}, "Incorrect token audience.", id="audience"),
        pytest.param({"exp": 1}, "Token expired", id="old"),
    ],
)
def test_tokens_of_google_that_aws_refuses(aws: Any, told: dict[str, Any] | None, problem: str) -> None:
    """https://docs.aws.amazon.com/cognito/latest/developerguide/google.html"""
    identity = aws("cognito-identity")
    pool = identity.create_identity_pool(
        IdentityPoolName="visitors",
        AllowUnauthenticatedIdentities=False,
        SupportedLoginProviders={"accounts.google.com": "our-app"},
    )
    claims = {"iss": "https://accounts.google.com", "aud": "our-app", "sub": "1", "exp": 32503680000, **(told or {})}
    body = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    logins = {"accounts.google.com": f"e30.{body}.c2ln" if told else "nonsense"}
    error = refusal(identity.get_id, IdentityPoolId=pool["IdentityPoolId"], Logins=logins)
    assert error[0] == "NotAuthorizedException"
    assert error[1].startswith(f"Invalid login token. {problem}")


def test_somebody_elses_identity_gives_no_credentials(federation: Federation) -> None:
    """https://docs.aws.amazon.com/cognitoidentity/latest/APIReference/API_GetCredentialsForIdentity.html"""
    federation.assign(authenticated=federation.role("Member"))
    get_id, request = federation.identity.get_id, {"IdentityPoolId": federation.id}
    anas = get_id(**request, Logins=federation.logins())["IdentityId"]
    federation.users.user("eve")
    eves = {federation.provider: federation.users.tokens("eve")["IdToken"]}
    error = refusal(federation.identity.get_credentials_for_identity, IdentityId=anas, Logins=eves)
    assert error[0] == "NotAuthorizedException"


@pytest.mark.parametrize("roles", ["none", "distrustful"])
def test_without_a_role_that_trusts_the_pool_there_are_no_credentials(federation: Federation, roles: str) -> None:
    """https://docs.aws.amazon.com/cognito/latest/developerguide/iam-roles.html"""
    if roles == "distrustful":
        federation.assign(authenticated=federation.role("Member", pool="us-east-1:another-pool"))
    error = refusal(federation.credentials, logins=federation.logins())
    assert error == ("InvalidIdentityPoolConfigurationException", UNFIT)


def test_the_role_of_a_group(federation: Federation) -> None:
    """The group with the lowest precedence value decides; another of the token's roles can be asked for.

    https://docs.aws.amazon.com/cognito/latest/developerguide/role-based-access-control.html#using-tokens-to-assign-roles-to-users
    """
    users = federation.users
    roles = {name: federation.role(name) for name in ("Editor", "Reader", "Member", "Admin")}
    for name, precedence in (("Reader", 20), ("Editor", 10)):
        users.idp.create_group(UserPoolId=users.id, GroupName=name, Precedence=precedence, RoleArn=roles[name])
        users.idp.admin_add_user_to_group(UserPoolId=users.id, Username="ana", GroupName=name)
    federation.assign({"Type": "Token", "AmbiguousRoleResolution": "Deny"}, authenticated=roles["Member"])
    logins = federation.logins()
    assert federation.caller(federation.credentials(logins)).startswith("Editor/")
    assert federation.caller(federation.credentials(logins, CustomRoleArn=roles["Reader"])).startswith("Reader/")
    error = refusal(federation.credentials, logins=logins, CustomRoleArn=roles["Admin"])
    assert error[0] == "NotAuthorizedException"


def test_without_a_preferred_role_the_pool_says_what_happens(federation: Federation) -> None:
    """https://docs.aws.amazon.com/cognitoidentity/latest/APIReference/API_RoleMapping.html"""
    member = federation.role("Member")
    federation.assign({"Type": "Token", "AmbiguousRoleResolution": "Deny"}, authenticated=member)
    assert refusal(federation.credentials, logins=federation.logins())[0] == "NotAuthorizedException"
    federation.assign({"Type": "Token", "AmbiguousRoleResolution": "AuthenticatedRole"}, authenticated=member)
    assert federation.caller(federation.credentials(federation.logins())).startswith("Member/")


def test_rules_choose_a_role_by_claims(federation: Federation) -> None:
    """https://docs.aws.amazon.com/cognito/latest/developerguide/role-based-access-control.html#using-rules-to-assign-roles-to-users"""
    staff, member = federation.role("Staff"), federation.role("Member")
    rules = [
        {"Claim": "email", "MatchType": "Equals", "Value": "eve@example.com", "RoleARN": member},
        {"Claim": "email", "MatchType": "Contains", "Value": "@example.com", "RoleARN": staff},
    ]
    mapping = {"Type": "Rules", "AmbiguousRoleResolution": "Deny", "RulesConfiguration": {"Rules": rules}}
    federation.assign(mapping, authenticated=member)
    assert federation.caller(federation.credentials(federation.logins())).startswith("Staff/")


def test_the_basic_flow_takes_a_token_to_sts(federation: Federation) -> None:
    """https://docs.aws.amazon.com/cognito/latest/developerguide/authentication-flow.html#authentication-flow-basic"""
    role, logins = federation.role("Member"), federation.logins()
    identity = federation.identity.get_id(IdentityPoolId=federation.id, Logins=logins)["IdentityId"]
    token = federation.identity.get_open_id_token(IdentityId=identity, Logins=logins)["Token"]
    told = claims(token)
    assert (told["sub"], told["aud"]) == (identity, federation.id)
    assert told["amr"][:2] == ["authenticated", federation.provider]
    assumed = federation.account("sts").assume_role_with_web_identity(
        RoleArn=role, RoleSessionName="by-hand", WebIdentityToken=token
    )
    assert federation.caller(assumed["Credentials"]) == "Member/by-hand"


def test_the_basic_flow_can_be_turned_off(federation: Federation) -> None:
    """https://docs.aws.amazon.com/cognito/latest/developerguide/authentication-flow.html#authentication-flow-basic"""
    logins = federation.logins()
    identity = federation.identity.get_id(IdentityPoolId=federation.id, Logins=logins)["IdentityId"]
    federation.identity.update_identity_pool(
        IdentityPoolId=federation.id,
        IdentityPoolName="visitors",
        AllowUnauthenticatedIdentities=False,
        AllowClassicFlow=False,
        CognitoIdentityProviders=[{"ProviderName": federation.provider, "ClientId": federation.users.client_id}],
    )
    error = refusal(federation.identity.get_open_id_token, IdentityId=identity, Logins=logins)
    assert error == (
        "InvalidParameterException",
        "Basic (classic) flow is not enabled, please use enhanced flow.",
    )


def test_an_update_of_an_identity_pool_resets_what_it_leaves_out(federation: Federation) -> None:
    """https://docs.aws.amazon.com/cognitoidentity/latest/APIReference/API_UpdateIdentityPool.html"""
    federation.identity.update_identity_pool(
        IdentityPoolId=federation.id, IdentityPoolName="visitors", AllowUnauthenticatedIdentities=False
    )
    assert "CognitoIdentityProviders" not in federation.identity.describe_identity_pool(IdentityPoolId=federation.id)
    error = refusal(federation.identity.get_id, IdentityPoolId=federation.id, Logins=federation.logins())
    assert error[0] == "NotAuthorizedException"


def test_attributes_become_session_tags_for_access_control(federation: Federation) -> None:
    """Each user reaches only the queue that the tag names.

    https://docs.aws.amazon.com/cognito/latest/developerguide/attributes-for-access-control.html
    """
    federation.identity.set_principal_tag_attribute_map(
        IdentityPoolId=federation.id,
        IdentityProviderName=federation.provider,
        UseDefaults=False,
        PrincipalTags={"team": "nickname"},
    )
    change = [{"Name": "nickname", "Value": "red"}]
    federation.users.idp.admin_update_user_attributes(
        UserPoolId=federation.users.id, Username="ana", UserAttributes=change
    )
    own = f"arn:aws:sqs:us-east-1:{federation.account.id}:${{aws:PrincipalTag/team}}-*"
    federation.assign(authenticated=federation.role("Member", Action="sqs:CreateQueue", Resource=own))
    sqs = federation.client("sqs", federation.credentials(federation.logins()))
    sqs.create_queue(QueueName="red-jobs")
    assert refusal(sqs.create_queue, QueueName="blue-jobs")[0] == "AccessDenied"


def test_a_server_vouches_for_its_own_users(aws: Any) -> None:
    """https://docs.aws.amazon.com/cognito/latest/developerguide/developer-authenticated-identities.html"""
    federation = Federation(aws)
    pool = federation.identity.create_identity_pool(
        IdentityPoolName="own", AllowUnauthenticatedIdentities=False, DeveloperProviderName="login.shop"
    )["IdentityPoolId"]
    federation.id = pool
    federation.assign(authenticated=federation.role("Member"))
    ask = federation.identity.get_open_id_token_for_developer_identity
    answer = ask(IdentityPoolId=pool, Logins={"login.shop": "user-1"})
    again = ask(IdentityPoolId=pool, Logins={"login.shop": "user-1"})
    assert again["IdentityId"] == answer["IdentityId"]
    logins = {"cognito-identity.amazonaws.com": answer["Token"]}
    got = federation.identity.get_credentials_for_identity(IdentityId=answer["IdentityId"], Logins=logins)
    assert federation.caller(got["Credentials"]).startswith("Member/")


@pytest.mark.parametrize(
    ("roles", "code"),
    [
        ({"visitors": "arn:aws:iam::111122223333:role/a"}, "ValidationException"),
        ({"authenticated": "role/without-an-arn-around-it"}, "InvalidParameterException"),
    ],
)
def test_roles_of_no_kind_are_refused(federation: Federation, roles: dict[str, str], code: str) -> None:
    """https://docs.aws.amazon.com/cognitoidentity/latest/APIReference/API_SetIdentityPoolRoles.html"""
    assert refusal(federation.assign, **roles)[0] == code


def test_an_unknown_identity_pool(aws: Any) -> None:
    """https://docs.aws.amazon.com/cognitoidentity/latest/APIReference/API_GetId.html"""
    pool = "us-east-1:00000000-0000-0000-0000-000000000000"
    error = refusal(aws("cognito-identity").get_id, IdentityPoolId=pool)
    assert error == ("ResourceNotFoundException", f"IdentityPool '{pool}' not found.")


def test_an_identity_pools_id_has_a_form(aws: Any) -> None:
    """https://docs.aws.amazon.com/cognitoidentity/latest/APIReference/API_GetId.html"""
    code, message = refusal(aws("cognito-identity").get_id, IdentityPoolId="visitors")
    assert code == "ValidationException"
    assert "at 'identityPoolId' failed to satisfy constraint" in message


def test_users_of_a_server_are_looked_up_and_merged(aws: Any) -> None:
    """https://docs.aws.amazon.com/cognitoidentity/latest/APIReference/API_MergeDeveloperIdentities.html"""
    client = aws("cognito-identity")
    pool = {
        "IdentityPoolId": client.create_identity_pool(
            IdentityPoolName="own", AllowUnauthenticatedIdentities=False, DeveloperProviderName="login.shop"
        )["IdentityPoolId"]
    }
    for user in ("old", "new"):
        client.get_open_id_token_for_developer_identity(**pool, Logins={"login.shop": user})
    found = client.lookup_developer_identity(**pool, DeveloperUserIdentifier="new")["IdentityId"]
    names = {"SourceUserIdentifier": "old", "DestinationUserIdentifier": "new"}
    merged = client.merge_developer_identities(**pool, **names, DeveloperProviderName="login.shop")
    assert merged["IdentityId"] == found
    users = client.lookup_developer_identity(**pool, IdentityId=found)["DeveloperUserIdentifierList"]
    assert sorted(users) == ["new", "old"]
