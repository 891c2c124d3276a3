"""Settings of user pools and app clients that AWS refuses: https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools.html"""

from typing import Any

import pytest
from emulator.cognito_tools import Pool, refusal

TOTP = {"SoftwareTokenMfaConfiguration": {"Enabled": True}}
OAUTH = {"AllowedOAuthFlowsUserPoolClient": True, "CallbackURLs": ["https://example.com/back"]}


@pytest.mark.parametrize(
    "settings",
    [
        pytest.param({"AliasAttributes": ["email"], "UsernameAttributes": ["email"]}, id="aliases and usernames"),
        pytest.param({"Policies": {"PasswordPolicy": {"MinimumLength": 100}}}, id="too long passwords"),
        pytest.param({"MfaConfiguration": "SOMETIMES"}, id="unknown choice"),
        pytest.param({"AutoVerifiedAttributes": ["nickname"]}, id="nothing to verify"),
        pytest.param({"PoolName": "x" * 129}, id="long name"),
        pytest.param(
            {"Schema": [{"Name": "plan", "AttributeDataType": "String", "Required": True}]}, id="required custom"
        ),
        pytest.param({"MfaConfiguration": "ON"}, id="second factor by no means"),
        pytest.param({"AutoVerifiedAttributes": ["phone_number"]}, id="codes by no SMS"),
        pytest.param({"Schema": [{"Name": "email", "AttributeDataType": "Number"}]}, id="type of a standard attribute"),
    ],
)
def test_pools_that_aws_refuses(aws: Any, settings: dict[str, Any]) -> None:
    """https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_CreateUserPool.html"""
    create = aws("cognito-idp").create_user_pool
    assert refusal(create, **{"PoolName": "people", **settings})[0] == "InvalidParameterException"


@pytest.mark.parametrize(
    ("settings", "code"),
    [
        pytest.param(
            {"ExplicitAuthFlows": ["USER_PASSWORD_AUTH", "ALLOW_USER_SRP_AUTH"]},
            "InvalidParameterException",
            id="old and new flows",
        ),
        pytest.param({"ExplicitAuthFlows": ["ALLOW_EVERYTHING"]}, "InvalidParameterException", id="unknown flow"),
        pytest.param(
            {**OAUTH, "AllowedOAuthFlows": ["client_credentials"], "AllowedOAuthScopes": ["openid"]},
            "InvalidOAuthFlowException",
            id="machine without a secret",
        ),
        pytest.param(
            {**OAUTH, "AllowedOAuthFlows": ["code"], "AllowedOAuthScopes": ["orders/read"]},
            "ScopeDoesNotExistException",
            id="unknown scope",
        ),
        pytest.param({"CallbackURLs": ["http://example.com/back"]}, "InvalidParameterException", id="plain http"),
        pytest.param({"CallbackURLs": ["https://example.com/#back"]}, "InvalidParameterException", id="fragment"),
        pytest.param({"WriteAttributes": ["custom:nothing"]}, "InvalidParameterException", id="unknown attribute"),
        pytest.param({"SupportedIdentityProviders": ["Google"]}, "InvalidParameterException", id="unknown provider"),
    ],
)
def test_app_clients_that_aws_refuses(aws: Any, settings: dict[str, Any], code: str) -> None:
    """https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_CreateUserPoolClient.html"""
    assert refusal(Pool(aws).client, **settings)[0] == code


def test_an_update_of_a_pool_resets_what_it_leaves_out(aws: Any) -> None:
    """https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pool-updating.html"""
    settings = {"AutoVerifiedAttributes": ["email"], "Policies": {"PasswordPolicy": {"MinimumLength": 12}}}
    pool = Pool(aws, settings)
    rules = pool.pool["Policies"]["PasswordPolicy"]
    assert (rules["MinimumLength"], rules["RequireNumbers"], rules["TemporaryPasswordValidityDays"]) == (12, False, 7)
    pool.idp.update_user_pool(UserPoolId=pool.id, AdminCreateUserConfig={"AllowAdminCreateUserOnly": True})
    updated = pool.idp.describe_user_pool(UserPoolId=pool.id)["UserPool"]
    assert updated["AdminCreateUserConfig"]["AllowAdminCreateUserOnly"]
    assert "AutoVerifiedAttributes" not in updated
    rules = updated["Policies"]["PasswordPolicy"]
    assert (rules["MinimumLength"], rules["RequireNumbers"]) == (8, True)


def test_an_update_of_a_client_resets_what_it_leaves_out(aws: Any) -> None:
    """https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_UpdateUserPoolClient.html"""
    settings = {"AllowedOAuthFlows": ["code"], "AllowedOAuthScopes": ["openid"], "AccessTokenValidity": 2}
    pool = Pool(aws, client_settings={**OAUTH, **settings, "PreventUserExistenceErrors": "ENABLED"})
    updated = pool.idp.update_user_pool_client(UserPoolId=pool.id, ClientId=pool.client_id, AuthSessionValidity=5)
    client = updated["UserPoolClient"]
    assert (client["ClientName"], client["AuthSessionValidity"]) == ("app", 5)
    assert client["PreventUserExistenceErrors"] == "LEGACY"
    assert not {"CallbackURLs", "AllowedOAuthFlows", "AccessTokenValidity", "ExplicitAuthFlows"} & set(client)
    assert refusal(pool.sign_in)[0] == "InvalidParameterException"


def test_an_attribute_of_a_schema_is_immutable_unless_it_says_otherwise(aws: Any) -> None:
    """https://github.com/aws/aws-cdk/issues/8624"""
    schema = [{"Name": "plan", "AttributeDataType": "String"}, {"Name": "name", "AttributeDataType": "String"}]
    shown = {item["Name"]: item["Mutable"] for item in Pool(aws, {"Schema": schema}).pool["SchemaAttributes"]}
    assert (shown["custom:plan"], shown["name"], shown["email"]) == (False, False, True)


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        pytest.param(
            {"MfaConfiguration": "OPTIONAL"},
            "Invalid MFA configuration given, can't disable all MFAs with a required or optional configuration.",
            id="none",
        ),
        pytest.param(
            {"MfaConfiguration": "OFF", **TOTP},
            "Invalid MFA configuration given, can't turn off MFA and configure an MFA together.",
            id="off and on",
        ),
        pytest.param(
            {"MfaConfiguration": "ON", "EmailMfaConfiguration": {"Message": "{####}", "Subject": "Code"}},
            "Email MFA requires",
            id="email without SES",
        ),
    ],
)
def test_second_factors_that_aws_refuses(aws: Any, settings: dict[str, Any], text: str) -> None:
    """https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_SetUserPoolMfaConfig.html"""
    pool = Pool(aws)
    error = refusal(pool.idp.set_user_pool_mfa_config, UserPoolId=pool.id, **settings)
    assert error[0] == "InvalidParameterException"
    assert error[1].startswith(text)


def test_what_the_lite_plan_does_not_have(aws: Any) -> None:
    """https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-sign-in-feature-plans.html"""
    create = aws("cognito-idp").create_user_pool
    lite = {"PoolName": "people", "UserPoolTier": "LITE"}
    factors = {"SignInPolicy": {"AllowedFirstAuthFactors": ["PASSWORD", "EMAIL_OTP"]}}
    function = f"arn:aws:lambda:us-east-1:{aws.id}:function:claims"
    trigger = {"PreTokenGenerationConfig": {"LambdaArn": function, "LambdaVersion": "V2_0"}}
    assert refusal(create, **lite, Policies=factors)[0] == "FeatureUnavailableInTierException"
    assert refusal(create, **lite, LambdaConfig=trigger)[0] == "FeatureUnavailableInTierException"
    flows = ["ALLOW_USER_AUTH"]
    error = refusal(Pool(aws, {"UserPoolTier": "LITE"}).client, ExplicitAuthFlows=flows)
    assert error[0] == "FeatureUnavailableInTierException"


def test_a_second_factor_that_is_left_out_is_turned_off(aws: Any) -> None:
    """https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_SetUserPoolMfaConfig.html"""
    pool = Pool(aws)
    sender = {"SmsConfiguration": {"SnsCallerArn": f"arn:aws:iam::{aws.id}:role/sms"}}
    change = pool.idp.set_user_pool_mfa_config
    change(UserPoolId=pool.id, MfaConfiguration="OPTIONAL", SmsMfaConfiguration=sender, **TOTP)
    assert "SmsMfaConfiguration" not in change(UserPoolId=pool.id, MfaConfiguration="OPTIONAL", **TOTP)


def test_deletion_protection(aws: Any) -> None:
    """https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-settings-deletion-protection.html"""
    pool = Pool(aws, {"DeletionProtection": "ACTIVE"})
    assert refusal(pool.idp.delete_user_pool, UserPoolId=pool.id)[0] == "InvalidParameterException"
    pool.idp.update_user_pool(UserPoolId=pool.id, DeletionProtection="INACTIVE")
    pool.idp.delete_user_pool(UserPoolId=pool.id)
    assert refusal(pool.idp.describe_user_pool, UserPoolId=pool.id)[0] == "ResourceNotFoundException"


def test_a_pool_of_another_account_is_not_seen(aws: Any, another_account: Any) -> None:
    """https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_DescribeUserPool.html"""
    pool = Pool(aws)
    error = refusal(another_account()("cognito-idp").describe_user_pool, UserPoolId=pool.id)
    assert error == ("ResourceNotFoundException", f"User pool {pool.id} does not exist.")


def test_groups_are_unique_and_gone_for_their_users_when_deleted(aws: Any) -> None:
    """https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_CreateGroup.html"""
    pool = Pool(aws)
    pool.user()
    pool.idp.create_group(UserPoolId=pool.id, GroupName="readers")
    assert refusal(pool.idp.create_group, UserPoolId=pool.id, GroupName="readers")[0] == "GroupExistsException"
    error = refusal(pool.idp.create_group, UserPoolId=pool.id, GroupName="two words")
    assert error[0] == "InvalidParameterException"
    pool.idp.admin_add_user_to_group(UserPoolId=pool.id, Username="ana", GroupName="readers")
    pool.idp.delete_group(UserPoolId=pool.id, GroupName="readers")
    assert pool.idp.admin_list_groups_for_user(UserPoolId=pool.id, Username="ana")["Groups"] == []


@pytest.mark.parametrize("domain", ["My-Shop", "my-aws-shop", "-shop"])
def test_domains_that_aws_refuses(aws: Any, domain: str) -> None:
    """https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-assign-domain-prefix.html"""
    pool = Pool(aws)
    error = refusal(pool.idp.create_user_pool_domain, UserPoolId=pool.id, Domain=domain)
    assert error[0] == "InvalidParameterException"
