"""Parameter groups whose values are checked and reach the nodes."""

from types import ModuleType
from typing import Any

from dva_localstack.repairs.checks import Answer

POLICIES = "volatile-lru,allkeys-lru,volatile-lfu,allkeys-lfu,volatile-random,allkeys-random,volatile-ttl,noeviction"

FURTHER: dict[str, tuple[str, str, str, str]] = {
    "activedefrag": ("no", "string", "yes,no", "Enabled active memory defragmentation"),
    "close-on-slave-write": ("yes", "string", "yes,no", "Disconnect clients that write to a read replica"),
    "cluster-enabled": ("no", "string", "yes,no", "Whether cluster mode is on"),
    "hash-max-listpack-entries": ("512", "integer", "0-", "Entries up to which a hash is stored compactly"),
    "lazyfree-lazy-eviction": ("no", "string", "yes,no", "Evict keys asynchronously"),
    "lazyfree-lazy-expire": ("no", "string", "yes,no", "Expire keys asynchronously"),
    "lfu-decay-time": ("1", "integer", "0-", "Minutes after which a key's access counter decays"),
    "lfu-log-factor": ("10", "integer", "1-", "How fast a key's access counter saturates"),
    "maxmemory-policy": ("volatile-lru", "string", POLICIES, "Which keys are evicted when memory is full"),
    "notify-keyspace-events": ("", "string", "", "Which events are published about keys"),
    "reserved-memory-percent": ("25", "integer", "0-100", "Percent of a node's memory that is not for data"),
    "slowlog-log-slower-than": ("10000", "integer", "-1-", "Microseconds from which a command is logged as slow"),
    "slowlog-max-len": ("128", "integer", "0-", "Length of the log of slow commands"),
}
"""Parameters that MiniStack lacks or has half: default, type, allowed values, description.

https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/ParameterGroups.Engine.html
"""

PASSED_ON = {*FURTHER, "maxmemory-samples", "timeout", "tcp-keepalive"} - {
    "close-on-slave-write",
    "cluster-enabled",
    "reserved-memory-percent",
    "activedefrag",
}
"""Parameters that Valkey knows by the same name and lets us change while it runs."""

NODE_MEMORY_BYTES = {
    "cache.t2.micro": 581959680,
    "cache.t2.small": 1665138688,
    "cache.t2.medium": 3461349376,
    "cache.t3.micro": 536870912,
    "cache.t3.small": 1471026299,
    "cache.t3.medium": 3317862236,
    "cache.t4g.micro": 536870912,
    "cache.t4g.small": 1471026299,
    "cache.t4g.medium": 3317862236,
}
"""``maxmemory`` of the small node types, in bytes.

https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/ParameterGroups.Engine.html
"""

LARGE_NODE_BYTES = 6854542746
"""``maxmemory`` of a cache.m5.large, taken for every larger type too."""


def allowed(value: str, kind: str, rule: str) -> bool:
    """Say whether a value is one of ``rule``: names with commas, or ``low-high`` where a side may be missing."""
    if kind != "integer":
        return not rule or value in rule.split(",")
    try:
        number = int(value)
    except ValueError:
        return False
    low, _, high = rule.rpartition("-")
    return int(low) <= number and (not high or number <= int(high))


def settings(module: Any, group: str, node_type: str) -> dict[str, str]:
    """Return Valkey's configuration for a node of a type that uses a parameter group."""
    given = {name: str(row["Value"]) for name, row in module._param_group_params.get(group, {}).items()}
    reserved = int(given.get("reserved-memory-percent") or FURTHER["reserved-memory-percent"][0])
    memory = NODE_MEMORY_BYTES.get(node_type, LARGE_NODE_BYTES) * (100 - reserved) // 100
    passed = {name: value for name, value in given.items() if name in PASSED_ON}
    # Zero would mean "no limit" to Valkey.
    return passed | {"maxmemory": str(max(memory, 1))}


def apply(module: ModuleType) -> None:
    """Repair parameter groups."""
    complete_defaults(module)
    check_values(module)
    check_family(module)


def complete_defaults(module: Any) -> None:
    """Fault: most parameters are missing, and ``maxmemory-policy`` does not know the LFU policies."""
    original = module._default_params_for_family

    def defaults(family: str) -> dict[str, dict[str, Any]]:
        rows = original(family)
        if family.startswith("memcached"):
            return rows
        for name, (value, kind, rule, description) in FURTHER.items():
            rows[name] = {
                "Value": value,
                "Description": description,
                "Source": "system",
                "DataType": kind,
                "AllowedValues": rule,
                "IsModifiable": name != "cluster-enabled",
                "MinimumEngineVersion": "5.0.0",
            }
        for name in ("databases", "cluster-enabled"):
            rows[name] |= {"ChangeType": "requires-reboot"}
        return rows

    module._default_params_for_family = defaults
    module._param_groups.clear()
    module._param_group_params.clear()


def check_values(module: Any) -> None:
    """Fault: a parameter group takes any name and any value."""
    original = module._modify_cache_parameter_group

    def modify(request: Any) -> Answer:
        rows = module._param_group_params.get(module._p(request, "CacheParameterGroupName"), {})
        for name, value in requested(module, request).items():
            if name not in rows:
                return module._error("InvalidParameterValue", f"The parameter {name} cannot be found.", 400)
            row = rows[name]
            if not row.get("IsModifiable", True):
                return module._error("InvalidParameterValue", f"The parameter {name} cannot be modified.", 400)
            if not allowed(value, row.get("DataType", "string"), row.get("AllowedValues", "")):
                message = f"The parameter {name} has an invalid value: {value}. Allowed: {row['AllowedValues']}"
                return module._error("InvalidParameterValue", message, 400)
        return original(request)

    module._modify_cache_parameter_group = modify


def requested(module: Any, request: Any) -> dict[str, str]:
    """Return the parameters of a ModifyCacheParameterGroup request."""
    found = {}
    number = 1
    while name := module._p(request, f"ParameterNameValues.ParameterNameValue.{number}.ParameterName"):
        found[name] = module._p(request, f"ParameterNameValues.ParameterNameValue.{number}.ParameterValue")
        number += 1
    return found


def check_family(module: Any) -> None:
    """Fault: a parameter group may be of a family that does not exist."""
    original = module._create_param_group
    families = {family for _, family, _ in module._DEFAULT_PARAM_GROUP_FAMILIES} | {"valkey9"}

    def create(request: Any) -> Answer:
        family = module._p(request, "CacheParameterGroupFamily")
        if family not in families:
            message = f"CacheParameterGroupFamily {family} is not a valid parameter group family."
            return module._error("InvalidParameterValue", message, 400)
        return original(request)

    module._create_param_group = create
