"""RDS: MiniStack keeps the objects, a PostgreSQL process serves each postgres instance, and nonsense is refused."""

from types import ModuleType

from dva_localstack.repairs import vpc
from dva_localstack.repairs.rds import refusals, servers


def apply(module: ModuleType) -> None:
    """Repair MiniStack's RDS."""
    vpc.apply()
    servers.apply(module)
    refusals.apply(module)
