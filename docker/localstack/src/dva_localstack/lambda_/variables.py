"""The environment variables of a function's process: Lambda's own, the function's, and the emulator's address.

https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime
"""

from collections.abc import Mapping

FROM_LOCALSTACK = (
    "_HANDLER",
    "AWS_DEFAULT_REGION",
    "AWS_REGION",
    "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
    "AWS_LAMBDA_FUNCTION_VERSION",
    "AWS_LAMBDA_INITIALIZATION_TYPE",
    "AWS_LAMBDA_LOG_GROUP_NAME",
    "AWS_LAMBDA_LOG_STREAM_NAME",
    "AWS_LAMBDA_LOG_FORMAT",
    "AWS_LAMBDA_LOG_LEVEL",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_XRAY_CONTEXT_MISSING",
    "AWS_XRAY_DAEMON_ADDRESS",
    "AWS_ENDPOINT_URL",
    "LOCALSTACK_HOSTNAME",
)
"""Taken as LocalStack computes them. The last two are not Lambda's: they lead the SDK to the emulator, as does
AWS_DISABLE_HOST_PREFIX_INJECTION below: no resolver knows a host such as ``sync-127.0.0.1``."""


def function_variables(
    computed: Mapping[str, object],
    own: Mapping[str, str] | None,
    *,
    runtime: str,
    task: str,
    opt: str,
    runtime_dir: str,
    home: str,
    runtime_api: str,
) -> dict[str, str]:
    """Return the whole environment of a function's process.

    :param computed: what LocalStack's execution environment worked out
    :param own: the function's configured variables, which win over those that Lambda does not reserve
    :param runtime: the function's runtime, for example ``python3.13``
    :param task: path of the function's code as the function sees it
    :param opt: path of its layers
    :param runtime_dir: path of the runtime's packages
    :param home: folder that stands for the home directory, so that the SDK finds no one's AWS profile there
    :param runtime_api: address of the Runtime API
    :return: names to values
    """
    chosen = {name: str(computed[name]) for name in FROM_LOCALSTACK if computed.get(name) is not None}
    if "AWS_LAMBDA_LOG_LEVEL" in chosen:
        chosen["AWS_LAMBDA_LOG_LEVEL"] = chosen["AWS_LAMBDA_LOG_LEVEL"].upper()
    return {
        "PATH": f"/var/lang/bin:/usr/local/bin:/usr/bin:/bin:{opt}/bin",
        "LD_LIBRARY_PATH": f"{runtime_dir}:{task}:{task}/lib:{opt}/lib",
        "LANG": "en_US.UTF-8",
        "TZ": ":UTC",
        "HOME": home,
        "PYTHONPATH": runtime_dir,
        "AWS_DISABLE_HOST_PREFIX_INJECTION": "true",
        **(own or {}),
        **{name: value for name, value in chosen.items() if name not in (own or {})},
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{runtime}",
        "AWS_LAMBDA_RUNTIME_API": runtime_api,
        "LAMBDA_TASK_ROOT": task,
        "LAMBDA_RUNTIME_DIR": runtime_dir,
    }
