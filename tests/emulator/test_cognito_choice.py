"""Choice-based sign-in: https://docs.aws.amazon.com/cognito/latest/developerguide/authentication-flows-selection-sdk.html"""

from typing import Any

import pytest
from emulator.cognito_srp import Srp
from emulator.cognito_tools import PASSWORD, Pool, claims, refusal

CHOICE = {"ExplicitAuthFlows": ["ALLOW_USER_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]}
CODES = {"Policies": {"SignInPolicy": {"AllowedFirstAuthFactors": ["PASSWORD", "EMAIL_OTP"]}}}


def begin(pool: Pool, name: str = "ana", session: str = "", **parameters: str) -> dict[str, Any]:
    """Start to sign in and return the answer."""
    more = {"Session": session} if session else {}
    return pool.idp.initiate_auth(
        ClientId=pool.client_id, AuthFlow="USER_AUTH", AuthParameters={"USERNAME": name, **parameters}, **more
    )


def respond(pool: Pool, challenge: dict[str, Any], **responses: str) -> dict[str, Any]:
    """Answer a challenge as ana."""
    return pool.idp.respond_to_auth_challenge(
        ClientId=pool.client_id,
        ChallengeName=challenge["ChallengeName"],
        Session=challenge["Session"],
        ChallengeResponses={"USERNAME": "ana", **responses},
    )


def test_a_user_chooses_the_password(aws: Any) -> None:
    """https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_RespondToAuthChallenge.html"""
    pool = Pool(aws, client_settings=CHOICE)
    pool.user()
    challenge = begin(pool)
    assert challenge["ChallengeName"] == "SELECT_CHALLENGE"
    other = {**challenge, "ChallengeName": "CUSTOM_CHALLENGE"}
    assert refusal(respond, pool=pool, challenge=other, ANSWER="anything")[0] == "NotAuthorizedException"
    assert sorted(challenge["AvailableChallenges"]) == ["PASSWORD", "PASSWORD_SRP"]
    error = refusal(respond, pool=pool, challenge=challenge, ANSWER="EMAIL_OTP")
    assert error[0] == "InvalidParameterException"
    error = refusal(respond, pool=pool, challenge=challenge, ANSWER="PASSWORD", PASSWORD="Wrong-Pass1!")
    assert error == ("NotAuthorizedException", "Incorrect username or password.")
    done = respond(pool, begin(pool), ANSWER="PASSWORD", PASSWORD=PASSWORD)
    assert claims(done["AuthenticationResult"]["AccessToken"])["username"] == "ana"


def test_a_code_by_email_as_first_factor(aws: Any) -> None:
    """https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-authentication-flow-methods.html"""
    pool = Pool(aws, CODES, CHOICE)
    pool.user(email="ana@example.com", email_verified="true")
    challenge = begin(pool, PREFERRED_CHALLENGE="EMAIL_OTP")
    assert challenge["ChallengeName"] == "EMAIL_OTP"
    assert challenge["ChallengeParameters"]["CODE_DELIVERY_DESTINATION"] == "a***@e***"
    code = pool.code()
    wrong = f"{(int(code) + 1) % 10**6:06d}"
    assert refusal(respond, pool=pool, challenge=challenge, EMAIL_OTP_CODE=wrong)[0] == "CodeMismatchException"
    assert respond(pool, challenge, EMAIL_OTP_CODE=code)["AuthenticationResult"]["IdToken"]


def test_a_preference_that_the_user_cannot_follow_gives_the_choice(aws: Any) -> None:
    """A user without an email address gets no code.

    https://docs.aws.amazon.com/cognito/latest/developerguide/authentication-flows-selection-sdk.html
    """
    pool = Pool(aws, CODES, CHOICE)
    pool.user()
    challenge = begin(pool, PREFERRED_CHALLENGE="EMAIL_OTP")
    assert challenge["ChallengeName"] == "SELECT_CHALLENGE"
    assert sorted(challenge["AvailableChallenges"]) == ["PASSWORD", "PASSWORD_SRP"]


def test_srp_needs_no_flow_of_its_own(aws: Any) -> None:
    """https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_UpdateUserPoolClient.html"""
    pool = Pool(aws, client_settings=CHOICE)
    pool.user()
    srp = Srp(pool.id, PASSWORD)
    challenge = begin(pool, PREFERRED_CHALLENGE="PASSWORD_SRP", SRP_A=srp.a)
    assert challenge["ChallengeName"] == "PASSWORD_VERIFIER"
    assert respond(pool, challenge, **srp.answer(challenge["ChallengeParameters"]))["AuthenticationResult"]["IdToken"]


def test_a_client_must_allow_the_choice(aws: Any) -> None:
    """https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_InitiateAuth.html"""
    pool = Pool(aws)
    pool.user()
    assert refusal(begin, pool=pool)[0] == "InvalidParameterException"
    assert refusal(begin, pool=Pool(aws, client_settings=CHOICE), name="eve")[0] == "UserNotFoundException"


def test_the_code_of_the_sign_up_signs_in_as_well(aws: Any) -> None:
    """Its session is good once.

    https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ConfirmSignUp.html
    """
    pool = Pool(aws, {**CODES, "AutoVerifiedAttributes": ["email"]}, CHOICE)
    signed_up = pool.sign_up(email="ana@example.com")
    confirmed = pool.idp.confirm_sign_up(
        ClientId=pool.client_id, Username="ana", ConfirmationCode=pool.code(), Session=signed_up["Session"]
    )
    assert begin(pool, session=confirmed["Session"])["AuthenticationResult"]["IdToken"]
    assert refusal(begin, pool=pool, session=confirmed["Session"])[0] == "NotAuthorizedException"


def test_users_without_a_password_where_the_pool_sends_codes(aws: Any) -> None:
    """https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminCreateUser.html"""
    pool = Pool(aws, CODES, CHOICE)
    created = pool.idp.admin_create_user(
        UserPoolId=pool.id, Username="ana", UserAttributes=[{"Name": "email", "Value": "ana@example.com"}]
    )
    assert created["User"]["UserStatus"] == "CONFIRMED"
    assert begin(pool)["AvailableChallenges"] == ["EMAIL_OTP"]
    email = [{"Name": "email", "Value": "ben@example.com"}]
    assert pool.idp.sign_up(ClientId=pool.client_id, Username="ben", UserAttributes=email)["UserSub"]
    strict = Pool(aws)
    with pytest.raises(strict.idp.exceptions.ClientError):
        strict.idp.sign_up(ClientId=strict.client_id, Username="ben")


def test_the_factors_of_a_user(aws: Any) -> None:
    """https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_GetUserAuthFactors.html"""
    pool = Pool(aws, CODES)
    pool.user(email="ana@example.com")
    factors = pool.idp.get_user_auth_factors(AccessToken=pool.tokens()["AccessToken"])
    assert factors["ConfiguredUserAuthFactors"] == ["PASSWORD", "EMAIL_OTP"]
    assert refusal(pool.idp.get_user_auth_factors, AccessToken="nonsense")[0] == "NotAuthorizedException"
