"""LocalStack's Lambda provider with our repairs."""

import tempfile

from localstack import config
from localstack.services.plugins import Service

from . import destinations, event_queue, metrics, recursion, streams, windows
from .aliases import WeightedAliases
from .destinations import PermittedDestinations
from .function_urls import PathFunctionUrls
from .layers import ListedLayers
from .logs import WholeMessages
from .networks import CheckedNetworks
from .recursion import StoppedLoops
from .requests import CheckedRequests
from .source_permissions import PermittedSources
from .starting import ReadyVersions
from .streaming import StreamedResponses


class CourseLambdaProvider(
    WeightedAliases,
    PathFunctionUrls,
    ListedLayers,
    WholeMessages,
    CheckedRequests,
    StoppedLoops,
    CheckedNetworks,
    PermittedSources,
    PermittedDestinations,
    ReadyVersions,
    StreamedResponses,
):
    """LocalStack's provider, mended; each base says which fault it mends."""


def create_service() -> Service:
    """Return the Lambda service."""
    # LocalStack unpacks code below the temporary folder; everything of this server's stays in its state.
    tempfile.tempdir = config.dirs.tmp
    destinations.repair()
    event_queue.repair()
    metrics.repair()
    recursion.repair()
    streams.repair()
    windows.repair()
    return Service.for_provider(CourseLambdaProvider())
