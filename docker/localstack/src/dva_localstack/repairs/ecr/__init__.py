"""ECR: layers that can be pushed, lifecycle policies that expire, scans, and what AWS refuses."""

import json
from types import ModuleType
from typing import Any

from dva_localstack.repairs.ecr import images, layers, lifecycle, refusals, scans


def apply(module: ModuleType) -> None:
    """Repair MiniStack's ECR."""
    for part in (images, layers, refusals, lifecycle, scans):
        part.apply(module)
    add_operations(module, lifecycle.OPERATIONS | scans.OPERATIONS)


def add_operations(module: Any, operations: dict[str, Any]) -> None:
    """Fault: several operations are not answered."""
    handle = module.handle_request

    async def handled(method: str, path: str, headers: Any, body: bytes, query: Any) -> Any:
        action = headers.get("x-amz-target", "").rpartition(".")[2]
        if action not in operations:
            return await handle(method, path, headers, body, query)
        request = json.loads(body or b"{}")
        missing = refusals.refuse_missing(module, request)
        return missing or operations[action](module, request)

    module.handle_request = handled
