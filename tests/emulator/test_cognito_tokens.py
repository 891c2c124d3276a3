"""Tokens of user pools: https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-tokens-with-identity-providers.html"""

import time
from typing import Any

import requests
from emulator.cognito_tools import Pool, claims, verified


def test_both_tokens_are_signed_with_keys_that_the_pool_publishes(aws: Any) -> None:
    """https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-tokens-verifying-a-jwt.html"""
    pool = Pool(aws)
    pool.user()
    tokens = pool.tokens()
    for name in ("IdToken", "AccessToken"):
        assert verified(tokens[name], f"{pool.url}/.well-known/jwks.json")["exp"] > time.time()


def test_a_verifier_finds_keys_and_issuer_from_the_token_alone(aws: Any) -> None:
    """The issuer's OpenID configuration names the issuer itself and the keys, all of it on this machine.

    https://docs.aws.amazon.com/cognito/latest/developerguide/federation-endpoints.html
    """
    pool = Pool(aws)
    pool.user()
    token = pool.tokens()["IdToken"]
    issuer = claims(token)["iss"]
    assert issuer.startswith("http://localhost:")
    assert issuer.endswith(f"/{pool.id}")
    configuration = requests.get(f"{issuer}/.well-known/openid-configuration", timeout=10).json()
    assert configuration["issuer"] == issuer
    assert verified(token, configuration["jwks_uri"])["iss"] == issuer
