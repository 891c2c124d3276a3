"""Custom domain names: requests find an API by their Host and the first parts of their path."""

from typing import Any

import pytest
import requests
from apis import HttpApi, RestApi
from botocore.exceptions import ClientError


def get(aws: Any, host: str, path: str) -> requests.Response:
    """Send a request to a host, as if its name led here."""
    return requests.get(aws.endpoint + path, headers={"Host": host}, timeout=40)


def certificate(aws: Any, name: str) -> str:
    """Return the ARN of a certificate."""
    return aws("acm").request_certificate(DomainName=name)["CertificateArn"]


def test_a_base_path_leads_to_a_stage(aws: Any) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/rest-api-mappings.html"""
    api = RestApi(aws, disableExecuteApiEndpoint=True)
    api.mock("/pets", body="here")
    api.deploy()
    name = f"api-{aws.id}.example.com"
    client, place = api.client, {"restApiId": api.id, "stage": "test"}
    settings = {"regionalCertificateArn": certificate(aws, name), "endpointConfiguration": {"types": ["REGIONAL"]}}
    client.create_domain_name(domainName=name, **settings)
    client.create_base_path_mapping(domainName=name, basePath="v1", **place)
    assert get(aws, name, "/v1/pets").text == "here"
    assert get(aws, name, "/v2/pets").status_code == 403
    assert api.call("/pets").status_code == 403
    for wrong, code in (({"basePath": "v1"}, "ConflictException"), ({"stage": "absent"}, "BadRequestException")):
        with pytest.raises(ClientError) as refused:
            client.create_base_path_mapping(domainName=name, **{**place, **wrong})
        assert refused.value.response["Error"]["Code"] == code


def test_a_mapping_of_an_http_api(aws: Any) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-mappings.html"""
    backend, api = RestApi(aws), HttpApi(aws)
    backend.mock("/pets", body="here")
    backend.deploy()
    api.route("GET /pets", api.server(backend.url("/pets")))
    name = f"http-{aws.id}.example.com"
    settings = [{"CertificateArn": certificate(aws, name), "EndpointType": "REGIONAL", "SecurityPolicy": "TLS_1_2"}]
    api.client.create_domain_name(DomainName=name, DomainNameConfigurations=settings)
    api.client.create_api_mapping(ApiId=api.id, DomainName=name, Stage="$default", ApiMappingKey="shop/v1")
    assert get(aws, name, "/shop/v1/pets").text == "here"
