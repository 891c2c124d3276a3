"""ECS: what AWS refuses, and what its services do beside keeping their tasks."""

from types import ModuleType

from dva_localstack.repairs.ecs import definitions, refusals, services


def apply(module: ModuleType) -> None:
    """Repair MiniStack's ECS."""
    definitions.apply(module)
    refusals.apply(module)
    services.apply(module)
