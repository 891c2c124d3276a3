"""The entry point that LocalStack loads when ``LAMBDA_RUNTIME_EXECUTOR=process``."""

from typing import Any

from localstack.services.lambda_.invocation.plugins import RuntimeExecutorPlugin


class ProcessRuntimeExecutorPlugin(RuntimeExecutorPlugin):
    """Names the process executor."""

    name = "process"

    def load(self, *args: Any, **kwargs: Any) -> type:
        """Return the executor's class; imported late, because most runs never touch Lambda."""
        from .executor import ProcessExecutor

        return ProcessExecutor
