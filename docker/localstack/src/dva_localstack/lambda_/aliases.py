"""Mends LocalStack 4.14's ``UpdateAlias``, which answers 500 whenever it is given weights.

The provider's ``update_alias`` calls ``_create_routing_config_model`` without the function version that it
needs, so Python raises a TypeError. It also accepts a version that does not exist.
"""

import dataclasses
import functools
from typing import Any

from localstack.services.lambda_ import api_utils
from localstack.services.lambda_.provider import LambdaProvider
from localstack.services.lambda_.provider_utils import get_function_version
from localstack.utils.patch import patch


@functools.cache
def mend() -> None:
    """Patch the provider; further calls do nothing."""
    patch(LambdaProvider.update_alias)(_update_alias)


def _update_alias(
    update_alias: Any,
    self: Any,
    context: Any,
    function_name: str,
    name: str,
    function_version: str | None = None,
    description: str | None = None,
    routing_config: dict[str, dict[str, float]] | None = None,
    revision_id: str | None = None,
    **kwargs: Any,
) -> Any:
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
    # The weights are withheld from the faulty code and put in place after it has checked everything else.
    withheld = {} if weights else routing_config
    response = update_alias(
        self, context, function_name, name, function_version, description, withheld, revision_id, **kwargs
    )
    if routing is None:
        return response
    updated = dataclasses.replace(function.aliases[name], routing_configuration=routing)
    function.aliases[name] = updated
    return api_utils.map_alias_out(alias=updated, function=function)
