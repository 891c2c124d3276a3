"""CloudFront as a control plane: what makes no sense is refused."""

import textwrap
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

KEYS = {
    "RSA 2048": (
        "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA3M35iIYb2Xm9ys+NTJodWXaItfU6msR67iPmr4HHMLtnnU/CnYUs+7bf"
        "N7Wlo3A1u8/AUvXELUMC7s6JK/dImKG5QljENUsWsdt4nuRtLcDWl2KCs1f7th8snrQcGuqHnSDxpG2koEGm1JaeslGr07bxms9U"
        "iI1ySVEIexwvSYqI+OdEahEQN4CY5HCw72/pYVMjH6oWy/0nYnoWm0hHMxAnzVLu24twCU4DAH7RG9RDgx8/DhQfHIK3x8UwYwVq"
        "AXPRGYPWhcuhhelVtcStOhAGQzjlUAZ60CDSOQ+hzkVzwAUz9egYWOC/6cLc5y3U0HDS67PjClEmtQ63tTevoQIDAQAB"
    ),
    "P-256": (
        "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEMHnyuiSwgZKclIBjLtTlsQA8SbEYJDtx9zX6kJK95RHnzbsyfy6tvLOiItjIWDFG"
        "Zy6cvZ8bQPSo5j9B9z9JLw=="
    ),
    "RSA 1024": (
        "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQC8wIZm0aC1L7dZ1V9bsSdWjzt/Osy0Mx9C1UkdLi2ZiTZ2rn8U1gbahuHt9qch"
        "RwuuJawqtm5YZjQ224dgxoBaS+OxWNyMnFQmNOqic2w1HK4xdGWi4FWyy2u78Wij/htZCRd8B5Ou51v1yzZYXOQ9FlcntkeEhyXE"
        "rjp3NzhHjQIDAQAB"
    ),
    "P-384": (
        "MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAExnE1ACd6YX+v3IWaW7CrFa0Jai7CZP+kLxQVoL0f26mIWK7a6CHsbBw5PN+3BChAkKT8"
        "qdJee2eklSWYGDF6y+qPcOh7nxS/ZCVT6ZBDnbEUYRVlUyyUr8WvE5J2vMZJ"
    ),
}
"""Public keys whose private keys nobody has."""


def refused(call: Callable[..., Any], **request: Any) -> str:
    """Make a call that must fail; return the code."""
    with pytest.raises(ClientError) as caught:
        call(**request)
    return str(caught.value.response["Error"]["Code"])


def distribution(target: str = "files", reference: str = "1") -> dict[str, Any]:
    """Return the configuration of a distribution with one origin, a bucket."""
    bucket = {"Id": "files", "DomainName": "files.s3.amazonaws.com", "S3OriginConfig": {"OriginAccessIdentity": ""}}
    behavior = {
        "TargetOriginId": target,
        "ViewerProtocolPolicy": "redirect-to-https",
        "CachePolicyId": "658327ea-f89d-4fab-a63d-7e88639e58f6",
    }
    return {
        "CallerReference": reference,
        "Comment": "",
        "Enabled": True,
        "Origins": {"Quantity": 1, "Items": [bucket]},
        "DefaultCacheBehavior": behavior,
    }


def test_a_behavior_names_an_origin_of_the_distribution(aws: Any) -> None:
    """https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_CreateDistribution.html"""
    client = aws("cloudfront")
    assert refused(client.create_distribution, DistributionConfig=distribution("nowhere")) == "NoSuchOrigin"
    assert client.list_distributions()["DistributionList"]["Quantity"] == 0


def test_a_distribution_is_changed_with_its_etag_and_disabled_before_it_is_deleted(aws: Any) -> None:
    """https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_DeleteDistribution.html"""
    client = aws("cloudfront")
    made = client.create_distribution(DistributionConfig=distribution())
    name, tag = made["Distribution"]["Id"], made["ETag"]
    config = client.get_distribution_config(Id=name)["DistributionConfig"]
    assert refused(client.delete_distribution, Id=name, IfMatch=tag) == "DistributionNotDisabled"
    changed = client.update_distribution(Id=name, IfMatch=tag, DistributionConfig={**config, "Enabled": False})
    assert refused(client.update_distribution, Id=name, IfMatch=tag, DistributionConfig=config) == "PreconditionFailed"
    client.delete_distribution(Id=name, IfMatch=changed["ETag"])
    assert refused(client.get_distribution, Id=name) == "NoSuchDistribution"


@pytest.mark.parametrize(
    ("kind", "good"), [("RSA 2048", True), ("P-256", True), ("RSA 1024", False), ("P-384", False), ("none", False)]
)
def test_public_keys_for_signed_urls(aws: Any, kind: str, good: bool) -> None:
    """https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-trusted-signers.html"""
    client = aws("cloudfront")
    lines = textwrap.wrap(KEYS.get(kind, "no key"), 64)
    text = "\n".join(["-----BEGIN PUBLIC KEY-----", *lines, "-----END PUBLIC KEY-----", ""])
    config = {"CallerReference": "1", "Name": "signer", "EncodedKey": text}
    if good:
        name = client.create_public_key(PublicKeyConfig=config)["PublicKey"]["Id"]
        group = client.create_key_group(KeyGroupConfig={"Name": "signers", "Items": [name]})["KeyGroup"]
        assert group["KeyGroupConfig"]["Items"] == [name]
    else:
        assert refused(client.create_public_key, PublicKeyConfig=config) == "InvalidArgument"


def test_a_function_is_published_from_its_development_stage(aws: Any) -> None:
    """https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/publish-function.html"""
    client = aws("cloudfront")
    config = {"Comment": "", "Runtime": "cloudfront-js-2.0"}
    made = client.create_function(
        Name="f", FunctionConfig=config, FunctionCode=b"function handler(e){return e.request}"
    )
    assert (
        refused(client.create_function, Name="f", FunctionConfig=config, FunctionCode=b"x") == "FunctionAlreadyExists"
    )
    assert refused(client.describe_function, Name="f", Stage="LIVE") == "NoSuchFunctionExists"
    client.publish_function(Name="f", IfMatch=made["ETag"])
    assert client.describe_function(Name="f", Stage="LIVE")["FunctionSummary"]["Name"] == "f"
