"""ElastiCache: MiniStack keeps the objects, a Valkey process serves each node, and nonsense is refused."""

from types import ModuleType

from dva_localstack.repairs import vpc
from dva_localstack.repairs.elasticache import operations, parameters, refusals


def apply(module: ModuleType) -> None:
    """Repair MiniStack's ElastiCache."""
    vpc.apply()
    parameters.apply(module)
    operations.apply(module)
    refusals.apply(module)
