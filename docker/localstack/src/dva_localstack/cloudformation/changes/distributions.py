"""CloudFront's distributions, whose configuration templates write shorter than the API."""

import copy
from typing import Any

from localstack.services.cloudformation.resource_provider import OperationStatus, ProgressEvent, ResourceRequest

from ..convert import call
from ..table import TableProvider

NEEDED: dict[str, Any] = {"Comment": "", "Enabled": True}
"""What the API wants and a template may leave out."""


def configuration(given: dict[str, Any], reference: str) -> dict[str, Any]:
    """Return a template's DistributionConfig with what the API cannot do without.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-cloudfront-distribution-distributionconfig.html
    """
    made = {**NEEDED, **copy.deepcopy(given), "CallerReference": reference}
    for origin in made.get("Origins") or []:
        if custom := origin.get("CustomOriginConfig"):
            custom.setdefault("HTTPPort", 80)
            custom.setdefault("HTTPSPort", 443)
    behaviors = [made["DefaultCacheBehavior"], *(made.get("CacheBehaviors") or [])]
    for behavior in behaviors:
        if values := behavior.get("ForwardedValues"):
            values.setdefault("Cookies", {"Forward": "none"})
    return made


class Distribution(TableProvider):
    """AWS::CloudFront::Distribution."""

    def __init__(self) -> None:
        super().__init__("AWS::CloudFront::Distribution")

    def create(self, request: ResourceRequest[dict[str, Any]]) -> ProgressEvent[dict[str, Any]]:
        """Create a distribution."""
        given = dict(request.desired_state)
        config = configuration(given["DistributionConfig"], request.request_token)
        request.desired_state = {**given, "DistributionConfig": config}
        event = super().create(request)
        event.resource_model = {**(event.resource_model or {}), **given}
        return event

    def update(self, request: ResourceRequest[dict[str, Any]]) -> ProgressEvent[dict[str, Any]]:
        """Give a distribution another configuration."""
        before = request.previous_state or {}
        model = {**{name: before[name] for name in ("Id", "DomainName")}, **dict(request.desired_state)}
        self._put(request, before["Id"], model["DistributionConfig"])
        return ProgressEvent(OperationStatus.SUCCESS, resource_model=model)

    def delete(self, request: ResourceRequest[dict[str, Any]]) -> ProgressEvent[dict[str, Any]]:
        """Delete a distribution, which has to be disabled first."""
        model, client = request.desired_state, request.aws_client_factory.cloudfront
        try:
            tag = self._put(request, model["Id"], {**model["DistributionConfig"], "Enabled": False})
            client.delete_distribution(Id=model["Id"], IfMatch=tag)
        except client.exceptions.NoSuchDistribution:
            pass
        return ProgressEvent(OperationStatus.SUCCESS, resource_model={})

    def _put(self, request: ResourceRequest[dict[str, Any]], identity: str, given: dict[str, Any]) -> str:
        """Put a configuration; return the tag of the new one."""
        client = request.aws_client_factory.cloudfront
        now = client.get_distribution_config(Id=identity)
        config = configuration(given, now["DistributionConfig"]["CallerReference"])
        wanted = {"Id": identity, "IfMatch": now["ETag"], "DistributionConfig": config}
        return call(client, "update_distribution", wanted)["ETag"]
