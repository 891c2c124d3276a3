"""Mends LocalStack 4.14's ``UpdateAlias``, which answers 500 whenever it is given weights.

LocalStack's ``update_alias`` calls ``_create_routing_config_model`` without the function version that it
needs, so Python raises a TypeError. It also accepts a version that does not exist, and deletes versions under the
aliases that point to them.
"""

import dataclasses
from typing import Any

from localstack.aws.api.lambda_ import ResourceConflictException
from localstack.services.lambda_ import api_utils
from localstack.services.lambda_.invocation.models import lambda_stores
from localstack.services.lambda_.provider import LambdaProvider
from localstack.services.lambda_.provider_utils import get_function_version


class WeightedAliases(LambdaProvider):
    """A Lambda provider whose aliases can be given weights after they were created, and keep their versions."""

    def delete_function(self, context: Any, function_name: str, qualifier: str | None = None, **kwargs: Any) -> Any:
        """Answer ``DeleteFunction``, unless an alias points to the version that it names.

        https://docs.aws.amazon.com/lambda/latest/api/API_DeleteFunction.html
        """
        account, region = api_utils.get_account_and_region(function_name, context)
        short_name, version = api_utils.get_name_and_qualifier(function_name, qualifier, context)
        function = lambda_stores[account][region].functions.get(short_name)
        if function and version:
            users = sorted(alias.name for alias in function.aliases.values() if version in _versions_of(alias))
            if users:
                raise ResourceConflictException(
                    f"Unable to delete version because the following aliases reference it: [{', '.join(users)}]",
                    Type="User",
                )
        return super().delete_function(context, function_name, qualifier, **kwargs)

    def update_alias(
        self,
        context: Any,
        function_name: str,
        name: str,
        function_version: str | None = None,
        description: str | None = None,
        routing_config: dict[str, dict[str, float]] | None = None,
        revision_id: str | None = None,
        **kwargs: Any,
    ) -> Any:
        """Answer ``UpdateAlias``: check the versions and weights, then change what was asked for."""
        account, region = api_utils.get_account_and_region(function_name, context)
        short_name = api_utils.get_function_name(function_name, context)
        function = self._get_function(function_name=short_name, region=region, account_id=account)
        alias = function.aliases.get(name)
        weights = (routing_config or {}).get("AdditionalVersionWeights")
        routing = None
        if alias and (weights or function_version):
            target = get_function_version(
                function_name=short_name,
                qualifier=function_version or alias.function_version,
                account_id=account,
                region=region,
            )
            if weights:
                routing = self._create_routing_config_model(weights, target)
        response = super().update_alias(
            context=context,
            function_name=function_name,
            name=name,
            function_version=function_version,
            description=description,
            # The weights are withheld from the faulty code and put in place after all its other checks.
            routing_config={} if weights else routing_config,
            revision_id=revision_id,
            **kwargs,
        )
        if routing is None:
            return response
        updated = dataclasses.replace(function.aliases[name], routing_configuration=routing)
        function.aliases[name] = updated
        return api_utils.map_alias_out(alias=updated, function=function)


def _versions_of(alias: Any) -> set[str]:
    """Return the versions that an alias sends calls to."""
    routing = alias.routing_configuration
    return {alias.function_version, *(routing.version_weights if routing else ())}
