"""The entry point that LocalStack loads when ``LAMBDA_RUNTIME_EXECUTOR=process``."""

import tempfile
from typing import Any

from localstack.services.lambda_.invocation.plugins import RuntimeExecutorPlugin


class ProcessRuntimeExecutorPlugin(RuntimeExecutorPlugin):
    """Names the process executor, and mends LocalStack's Lambda provider when it is first asked for."""

    name = "process"

    def load(self, *args: Any, **kwargs: Any) -> type:
        """Return the executor's class. LocalStack calls this once the Lambda provider has been imported."""
        from localstack import config

        from . import aliases, function_urls
        from .executor import ProcessExecutor

        # LocalStack unpacks code below the temporary folder; everything of this server's stays in its state.
        tempfile.tempdir = config.dirs.tmp
        aliases.mend()
        function_urls.mend()
        return ProcessExecutor
