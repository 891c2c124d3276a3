"""Mends LocalStack 4.14's ``ListLayers``, which answers 500 once all versions of some layer are deleted.

The provider keeps a layer without versions, so that numbers are never used twice, and then takes the last version
of each layer.
"""

from typing import Any

from localstack.services.lambda_.invocation.lambda_models import Layer
from localstack.services.lambda_.invocation.models import lambda_stores
from localstack.services.lambda_.provider import LambdaProvider


class _Layers(dict[str, Layer]):
    """A store's layers; those without versions can be looked up but are not listed."""

    def items(self) -> Any:
        """Return the layers that have versions."""
        return [(name, layer) for name, layer in super().items() if layer.layer_versions]


class ListedLayers(LambdaProvider):
    """A Lambda provider that lists the layers that have versions."""

    def list_layers(self, context: Any, *args: Any, **kwargs: Any) -> Any:
        """Answer ``ListLayers``."""
        store = lambda_stores[context.account_id][context.region]
        if not isinstance(store.layers, _Layers):
            store.layers = _Layers(store.layers)
        return super().list_layers(context, *args, **kwargs)
