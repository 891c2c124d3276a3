"""Lambda triggers: https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-working-with-lambda-triggers.html"""

import json
from typing import Any

import pytest
from emulator.cognito_tools import PASSWORD, Pool, claims, refusal

EMAIL = {"AutoVerifiedAttributes": ["email"]}


@pytest.fixture
def triggered(aws: Any, functions: Any) -> Any:
    """Return a function that makes a user pool with one trigger, whose code may use ``event``."""

    def make(triggers: dict[str, str], **settings: Any) -> Pool:
        config = {}
        for name, code in triggers.items():
            body = "\n    ".join(code.strip().splitlines())
            function = functions.deploy(f"def handler(event, context):\n    {body}\n    return event\n")
            config[name] = f"arn:aws:lambda:us-east-1:{aws.id}:function:{function}"
        pool = Pool(aws, {**settings, "LambdaConfig": config})
        for arn in config.values():
            allow(aws, arn, pool)
        return pool

    return make


def allow(aws: Any, function: str, pool: Pool) -> None:
    """Let a pool invoke a function."""
    aws("lambda").add_permission(
        FunctionName=function,
        StatementId="cognito",
        Action="lambda:InvokeFunction",
        Principal="cognito-idp.amazonaws.com",
        SourceArn=pool.pool["Arn"],
    )


def test_pre_sign_up_confirms_and_verifies(triggered: Any) -> None:
    """https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-lambda-pre-sign-up.html"""
    code = "event['response'] = {'autoConfirmUser': True, 'autoVerifyEmail': True, 'autoVerifyPhone': False}"
    pool = triggered({"PreSignUp": code})
    assert pool.sign_up(email="ana@example.com")["UserConfirmed"]
    user = pool.idp.admin_get_user(UserPoolId=pool.id, Username="ana")
    assert {"Name": "email_verified", "Value": "true"} in user["UserAttributes"]
    assert pool.tokens()["IdToken"]


def test_pre_sign_up_that_raises_refuses_with_its_message(triggered: Any) -> None:
    """The function reads what the client sent for validation.

    https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-lambda-pre-sign-up.html
    """
    pool = triggered({"PreSignUp": "raise ValueError('not you, ' + event['request']['validationData']['via'])"})
    error = refusal(
        pool.idp.sign_up,
        ClientId=pool.client_id,
        Username="ana",
        Password=PASSWORD,
        ValidationData=[{"Name": "via", "Value": "tests"}],
    )
    assert error == ("UserLambdaValidationException", "PreSignUp failed with error not you, tests.")
    assert refusal(pool.idp.admin_get_user, UserPoolId=pool.id, Username="ana")[0] == "UserNotFoundException"


def test_post_confirmation_runs_once_with_the_user(triggered: Any, functions: Any, eventually: Any) -> None:
    """https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-lambda-post-confirmation.html"""
    code = "print('SEEN', event['triggerSource'], event['userName'], event['request']['userAttributes']['email'])"
    pool = triggered({"PostConfirmation": code}, **EMAIL)
    pool.sign_up(email="ana@example.com")
    pool.idp.confirm_sign_up(ClientId=pool.client_id, Username="ana", ConfirmationCode=pool.code())
    seen = eventually(lambda: functions.logged(functions.deployed[0], "SEEN"))
    assert [line.strip() for line in seen] == ["SEEN PostConfirmation_ConfirmSignUp ana ana@example.com"]


def test_pre_authentication_keeps_a_user_out(triggered: Any) -> None:
    """https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-lambda-pre-authentication.html"""
    pool = triggered({"PreAuthentication": "if event['userName'] == 'eve': raise Exception('no entry')"})
    pool.user("ana")
    pool.user("eve")
    assert pool.tokens("ana")["IdToken"]
    assert refusal(pool.sign_in, name="eve") == (
        "UserLambdaValidationException",
        "PreAuthentication failed with error no entry.",
    )


def test_pre_authentication_runs_for_nobody_where_the_client_hides_who_exists(triggered: Any) -> None:
    """https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-lambda-pre-authentication.html"""
    pool = triggered({"PreAuthentication": "raise Exception(str(event['request']['userNotFound']))"})
    flows = ["ALLOW_USER_PASSWORD_AUTH"]
    pool.client_id = pool.client(ExplicitAuthFlows=flows, PreventUserExistenceErrors="ENABLED")["ClientId"]
    assert refusal(pool.sign_in, name="nobody")[1] == "PreAuthentication failed with error True."


def test_metadata_of_a_sign_in_is_told_before_it_and_not_after(triggered: Any) -> None:
    """https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_InitiateAuth.html"""
    code = "if event['request']['validationData'] != {'from': 'app'}: raise Exception('untold')"
    told = "if 'clientMetadata' in event['request']: raise Exception('told')"
    pool = triggered({"PreAuthentication": code, "PreTokenGeneration": told})
    pool.user()
    assert pool.sign_in(ClientMetadata={"from": "app"})["AuthenticationResult"]
    assert refusal(pool.sign_in)[1] == "PreAuthentication failed with error untold."


def test_post_authentication_runs_after_the_password_only(triggered: Any, functions: Any, eventually: Any) -> None:
    """https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-lambda-post-authentication.html"""
    pool = triggered({"PostAuthentication": "print('SEEN', event['triggerSource'])"})
    pool.user()
    refusal(pool.sign_in, password="Wrong-Pass1!")
    pool.tokens()
    seen = eventually(lambda: functions.logged(functions.deployed[0], "SEEN PostAuthentication_Authentication"))
    assert len(seen) == 1


def test_version_one_of_pre_token_generation_changes_the_id_token(triggered: Any) -> None:
    """https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-lambda-pre-token-generation.html"""
    code = """
event['response']['claimsOverrideDetails'] = {
    'claimsToAddOrOverride': {'plan': 'gold', 'sub': 'forged'},
    'claimsToSuppress': ['email'],
    'groupOverrideDetails': {'groupsToOverride': ['vip']},
}
"""
    pool = triggered({"PreTokenGeneration": code})
    pool.user(email="ana@example.com")
    tokens = pool.tokens()
    identity, access = claims(tokens["IdToken"]), claims(tokens["AccessToken"])
    assert identity["plan"] == "gold"
    assert "email" not in identity
    assert identity["sub"] == access["sub"] != "forged"
    assert identity["cognito:groups"] == ["vip"]
    assert "plan" not in access


def test_version_two_changes_the_access_token_as_well(aws: Any, functions: Any) -> None:
    """https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-lambda-pre-token-generation.html"""
    code = """
    def handler(event, context):
        assert event['version'] == '2'
        event['response']['claimsAndScopeOverrideDetails'] = {
            'accessTokenGeneration': {
                'claimsToAddOrOverride': {'tenant': 't-1', 'roles': ['a', 'b']},
                'scopesToAdd': ['orders/read'],
                'scopesToSuppress': ['aws.cognito.signin.user.admin'],
            },
        }
        return event
    """
    arn = f"arn:aws:lambda:us-east-1:{aws.id}:function:{functions.deploy(code)}"
    config = {"PreTokenGenerationConfig": {"LambdaVersion": "V2_0", "LambdaArn": arn}}
    pool = Pool(aws, {"LambdaConfig": config})
    allow(aws, arn, pool)
    pool.user()
    access = claims(pool.tokens()["AccessToken"])
    assert (access["tenant"], access["roles"], access["scope"]) == ("t-1", ["a", "b"], "orders/read")


def test_custom_message_writes_the_email(triggered: Any) -> None:
    """https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-lambda-custom-message.html"""
    code = """
event['response']['emailSubject'] = 'Welcome ' + event['userName']
event['response']['emailMessage'] = 'Your number: ' + event['request']['codeParameter']
"""
    pool = triggered({"CustomMessage": code}, **EMAIL)
    pool.sign_up(email="ana@example.com")
    message = pool.codes("ana")[0]
    assert (message["subject"], message["text"]) == ("Welcome ana", f"Your number: {message['code']}")


def test_user_migration_brings_a_user_at_the_first_sign_in(triggered: Any) -> None:
    """https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-lambda-migrate-user.html"""
    code = """
if event['request']['password'] == 'Old-Secret1!':
    event['response']['userAttributes'] = {'email': 'ana@example.com', 'email_verified': 'true'}
    event['response']['finalUserStatus'] = 'CONFIRMED'
    event['response']['messageAction'] = 'SUPPRESS'
"""
    pool = triggered({"UserMigration": code})
    assert refusal(pool.sign_in, password="Wrong-Pass1!")[0] == "UserNotFoundException"
    assert claims(pool.tokens(password="Old-Secret1!")["IdToken"])["email"] == "ana@example.com"
    assert pool.idp.admin_get_user(UserPoolId=pool.id, Username="ana")["UserStatus"] == "CONFIRMED"


def test_custom_authentication_is_what_three_functions_make_of_it(triggered: Any) -> None:
    """https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-lambda-challenge.html"""
    define = """
session = event['request']['session']
passed = bool(session) and session[-1]['challengeResult']
event['response'] = {'issueTokens': passed, 'failAuthentication': len(session) > 1 and not passed}
if not passed:
    event['response']['challengeName'] = 'CUSTOM_CHALLENGE'
"""
    create = """
event['response'] = {
    'publicChallengeParameters': {'question': '2 + 2'},
    'privateChallengeParameters': {'answer': '4'},
    'challengeMetadata': 'SUM',
}
"""
    verify = """
expected = event['request']['privateChallengeParameters']['answer']
event['response'] = {'answerCorrect': event['request']['challengeAnswer'] == expected}
"""
    pool = triggered(
        {"DefineAuthChallenge": define, "CreateAuthChallenge": create, "VerifyAuthChallengeResponse": verify}
    )
    pool.user()
    started = pool.idp.initiate_auth(
        ClientId=pool.client_id, AuthFlow="CUSTOM_AUTH", AuthParameters={"USERNAME": "ana"}
    )
    assert started["ChallengeParameters"] == {"USERNAME": "ana", "question": "2 + 2"}
    request = {"ClientId": pool.client_id, "ChallengeName": "CUSTOM_CHALLENGE"}
    again = pool.idp.respond_to_auth_challenge(
        **request, Session=started["Session"], ChallengeResponses={"USERNAME": "ana", "ANSWER": "5"}
    )
    assert again["ChallengeName"] == "CUSTOM_CHALLENGE"
    former = {"Session": started["Session"], "ChallengeResponses": {"USERNAME": "ana", "ANSWER": "4"}}
    assert refusal(pool.idp.respond_to_auth_challenge, **request, **former)[0] == "NotAuthorizedException"
    done = pool.idp.respond_to_auth_challenge(
        **request, Session=again["Session"], ChallengeResponses={"USERNAME": "ana", "ANSWER": "4"}
    )
    assert done["AuthenticationResult"]["IdToken"]


def test_a_function_must_return_the_event(triggered: Any) -> None:
    """https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-working-with-lambda-triggers.html"""
    pool = triggered({"PreSignUp": "return 'fine'"})
    assert refusal(pool.sign_up) == ("InvalidLambdaResponseException", "Unrecognizable lambda output")


def test_the_gateway_invokes_for_cognito_only(aws: Any) -> None:
    """Nobody else runs functions as a user pool: the way in asks for a secret of the server's process."""
    import requests

    pool = Pool(aws)
    body = json.dumps({"function": "x", "source": pool.pool["Arn"], "event": {}})
    assert requests.post(f"{aws.endpoint}/_dva/cognito/trigger", data=body, timeout=10).status_code == 404


def test_a_function_whose_policy_does_not_name_the_pool_is_not_invoked(aws: Any, functions: Any) -> None:
    """https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-working-with-lambda-triggers.html"""
    name = functions.deploy("def handler(event, context):\n    return event\n")
    pool = Pool(aws, {"LambdaConfig": {"PreSignUp": f"arn:aws:lambda:us-east-1:{aws.id}:function:{name}"}})
    assert refusal(pool.sign_up) == (
        "UnexpectedLambdaException",
        "PreSignUp invocation failed due to error AccessDeniedException.",
    )
