"""EventBridge: rules, on the default bus and on others, and buses.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoneventbridge.html
"""

from collections.abc import Iterator

from .call import Call, Context, Need

OF_BUSES = frozenset({"CreateEventBus", "DeleteEventBus", "DescribeEventBus", "UpdateEventBus"})
OF_RULES = frozenset(
    {
        "DeleteRule",
        "DescribeRule",
        "DisableRule",
        "EnableRule",
        "ListTargetsByRule",
        "PutRule",
        "PutTargets",
        "RemoveTargets",
    }
)
NAMED = {
    "Archive": ("ArchiveName", "archive/{}"),
    "ApiDestination": ("Name", "api-destination/{}"),
    "Connection": ("Name", "connection/{}"),
    "Replay": ("ReplayName", "replay/{}"),
}


def needs(call: Call) -> Iterator[Need]:
    """Yield what an EventBridge operation needs."""
    params, action = call.params, f"events:{call.operation}"
    if call.operation == "PutEvents":
        for entry in params.get("Entries") or ():
            keys: Context = {
                "events:source": entry.get("Source", ""),
                "events:detail-type": entry.get("DetailType", ""),
            }
            yield Need(action, bus_arn(call, entry.get("EventBusName")), keys)
    elif call.operation in OF_RULES:
        rule = params.get("Name") or params.get("Rule") or ""
        bus = bus_name(params.get("EventBusName"))
        path = rule if bus == "default" else f"{bus}/{rule}"
        yield Need(action, call.arn("events", f"rule/{path}"), rule_keys(call))
    elif call.operation in OF_BUSES:
        yield Need(action, bus_arn(call, params.get("Name")))
    elif call.operation in ("PutPermission", "RemovePermission"):
        yield Need(action, bus_arn(call, params.get("EventBusName")))
    else:
        yield Need(action, params.get("ResourceARN") or named(call))


def rule_keys(call: Call) -> Context:
    """Return the condition keys of an operation on a rule."""
    keys: Context = {}
    if targets := [target["Arn"] for target in call.params.get("Targets") or () if target.get("Arn")]:
        keys["events:TargetArn"] = targets
    return keys


def bus_name(name: str | None) -> str:
    """Return the name of an event bus that is given by name or by ARN."""
    return (name or "default").rpartition("event-bus/")[2]


def bus_arn(call: Call, name: str | None) -> str:
    """Return the ARN of an event bus that is given by name or by ARN, the default one by nothing."""
    return name if name and name.startswith("arn:") else call.arn("events", f"event-bus/{name or 'default'}")


def named(call: Call) -> str:
    """Return the ARN of an archive, a connection and the like."""
    for kind, (parameter, form) in NAMED.items():
        if call.operation.endswith(kind) and call.params.get(parameter):
            return call.arn("events", form.format(call.params[parameter]))
    return "*"
