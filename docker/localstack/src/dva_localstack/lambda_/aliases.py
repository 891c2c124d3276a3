"""Mends LocalStack 4.14's ``UpdateAlias``, which answers 500 whenever it is given weights.

LocalStack's ``update_alias`` calls ``_create_routing_config_model`` without the function version that it
needs, so Python raises a TypeError. It also accepts a version that does not exist.
"""

import dataclasses
from typing import Any

from localstack.services.lambda_ import api_utils
from localstack.services.lambda_.provider import LambdaProvider
from localstack.services.lambda_.provider_utils import get_function_version


class WeightedAliases(LambdaProvider):
    """A Lambda provider whose aliases can be given weights after they were created."""

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
