"""Mends LocalStack 4.14's ``ListLayers``, which answers 500 once all versions of some layer are deleted.

The provider keeps a layer without versions, so that numbers are never used twice, and then takes the last version
of each layer.
"""

import functools
from typing import Any

from localstack.services.lambda_.invocation.lambda_models import Layer
from localstack.services.lambda_.invocation.models import LambdaStore, lambda_stores
from localstack.services.lambda_.provider import LambdaProvider
from localstack.utils.patch import patch


class _Layers(dict[str, Layer]):
    """A store's layers; those without versions can be looked up but are not listed."""

    def items(self) -> Any:
        """Return the layers that have versions."""
        return [(name, layer) for name, layer in super().items() if layer.layer_versions]


@functools.cache
def mend() -> None:
    """Patch the provider; further calls do nothing."""
    patch(LambdaProvider.list_layers)(_list_layers)


def _list_layers(list_layers: Any, self: Any, context: Any, *args: Any, **kwargs: Any) -> Any:
    store: LambdaStore = lambda_stores[context.account_id][context.region]
    if not isinstance(store.layers, _Layers):
        store.layers = _Layers(store.layers)
    return list_layers(self, context, *args, **kwargs)
