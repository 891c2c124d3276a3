"""Lambda: functions with their versions and aliases, layers, event source mappings.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_awslambda.html
"""

from collections.abc import Iterator
from urllib.parse import unquote

from .call import Call, Context, Need

ACTIONS = {
    "Invoke": "InvokeFunction",
    "InvokeWithResponseStream": "InvokeFunction",
    "GetLayerVersionByArn": "GetLayerVersion",
}

UNQUALIFIED = 7
"""Parts between colons of a function's ARN without version or alias."""

WITHOUT_QUALIFIER = frozenset({"AddPermission", "RemovePermission", "GetPolicy"})
"""Operations on a function, whichever version or alias they mean."""

FUNCTION_URL = frozenset(
    {"CreateFunctionUrlConfig", "DeleteFunctionUrlConfig", "GetFunctionUrlConfig", "UpdateFunctionUrlConfig"}
)


def needs(call: Call) -> Iterator[Need]:
    """Yield what a Lambda operation needs."""
    params = call.params
    action = f"lambda:{ACTIONS.get(call.operation, call.operation)}"
    if call.operation in ("CreateFunction", "UpdateFunctionConfiguration"):
        yield Need(action, function_arn(call), settings(call))
        for layer in params.get("Layers") or ():
            yield Need("lambda:GetLayerVersion", layer)
    elif "EventSourceMapping" in call.operation:
        yield mapping_need(call, action)
    elif "LayerName" in params:
        version = params.get("VersionNumber")
        name = params["LayerName"]
        arn = name if name.startswith("arn:") else call.arn("lambda", f"layer:{name}")
        yield Need(action, f"{arn}:{version}" if version else arn)
    elif "FunctionName" in params:
        context: Context = {}
        if params.get("FunctionUrlAuthType") or (call.operation in FUNCTION_URL and params.get("AuthType")):
            context["lambda:FunctionUrlAuthType"] = params.get("FunctionUrlAuthType") or params["AuthType"]
        if call.operation == "AddPermission":
            context["lambda:Principal"] = params.get("Principal", "")
        yield Need(action, function_arn(call), context)
    else:
        yield Need(action, params.get("Resource") or params.get("Arn") or params.get("CodeSigningConfigArn") or "*")


def settings(call: Call) -> Context:
    """Return the condition keys about a function's configuration."""
    network = call.params.get("VpcConfig") or {}
    keys: Context = {"lambda:Layer": list(call.params["Layers"])} if call.params.get("Layers") else {}
    if network.get("SubnetIds"):
        keys["lambda:SubnetIds"] = list(network["SubnetIds"])
    if network.get("SecurityGroupIds"):
        keys["lambda:SecurityGroupIds"] = list(network["SecurityGroupIds"])
    return keys


def mapping_need(call: Call, action: str) -> Need:
    """Return the permission on an event source mapping, which carries its function as ``lambda:FunctionArn``."""
    context: Context = {}
    if call.params.get("FunctionName"):
        context["lambda:FunctionArn"] = function_arn(call)
    identifier = call.params.get("UUID")
    return Need(action, call.arn("lambda", f"event-source-mapping:{identifier}") if identifier else "*", context)


def function_arn(call: Call) -> str:
    """Return the ARN of a call's function: given as name, ``name:alias``, partial or whole ARN, with a Qualifier."""
    name = unquote(call.params["FunctionName"])
    qualifier = call.params.get("Qualifier") or ""
    if name.startswith("arn:"):
        arn = name
    elif ":function:" in name:
        account, _, rest = name.partition(":function:")
        arn = call.arn("lambda", f"function:{rest}", account=account)
    else:
        arn = call.arn("lambda", f"function:{name}")
    parts = arn.split(":")
    if call.operation in WITHOUT_QUALIFIER:
        return ":".join(parts[:UNQUALIFIED])
    return f"{arn}:{qualifier}" if qualifier and len(parts) == UNQUALIFIED else arn
