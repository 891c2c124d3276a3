"""LocalStack's Lambda executor that runs each execution environment as a process on this machine."""

import contextlib
import functools
import hashlib
import json
import logging
import shutil
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from localstack import config
from localstack.services.lambda_.invocation.lambda_models import FunctionVersion, InvocationResult
from localstack.services.lambda_.invocation.runtime_executor import LambdaRuntimeException, RuntimeExecutor
from localstack.utils.files import rm_rf

from . import sandbox
from .metrics import meter
from .process import FunctionProcess, Output
from .report import Measured, Reporter
from .runtime_api import Event, Work
from .variables import function_variables

LOG = logging.getLogger(__name__)

INIT_SECONDS = 10
"""Lambda's limit for the initialization of an on-demand environment:
https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html#runtimes-lifecycle-ib"""

MAX_RESPONSE_BYTES = 6_291_556
"""Lambda's limit for a synchronous response, as its error message has it (6 MB and 100 bytes)."""

SERVER_RUNTIME = "python3.13"


@dataclass(frozen=True)
class Outcome:
    """How an invocation ended: what the caller gets, and what Lambda's report says about it."""

    payload: bytes
    is_error: bool = False
    status: str = "success"
    error_type: str = ""
    log: str = ""


class ProcessExecutor(RuntimeExecutor):
    """One execution environment: a folder for /tmp, and a process that is replaced when it dies."""

    def __init__(self, id: str, function_version: FunctionVersion) -> None:
        super().__init__(id=id, function_version=function_version)
        configuration = function_version.config
        self._memory_size = configuration.memory_size
        self._runtime = str(configuration.runtime or "")
        self._folder = state_folder() / "environments" / id
        self._computed: dict[str, str] = {}
        self._process: FunctionProcess | None = None
        self._output: Output | None = None
        self._pending_log = ""
        self._init_ms: float | None = None
        self._init_failure: bytes | None = None
        self.client_context = ""
        arn = configuration.runtime_version_config and configuration.runtime_version_config.get("RuntimeVersionArn")
        logging_config = configuration.logging_config or {}
        as_json = logging_config.get("LogFormat") == "JSON"
        self._reporter = Reporter(
            version=function_version.id.qualifier,
            runtime=self._runtime,
            runtime_arn=arn or f"arn:aws:lambda:{function_version.id.region}::runtime:unknown",
            as_json=as_json,
            warnings_only=as_json and logging_config.get("SystemLogLevel") == "WARN",
        )

    # What LocalStack calls

    def start(self, env_vars: dict[str, str]) -> None:
        """Start the process and wait until the function is initialized, at most :data:`INIT_SECONDS`.

        A failed initialization is kept for the first invocation, which answers with it as Lambda does.

        :raises LambdaRuntimeException: if provisioned concurrency could not be initialized
        """
        self._computed = env_vars
        if self._unsupported():
            return
        (self._folder / "tmp").mkdir(parents=True, exist_ok=True)
        self._output = Output(self._folder / "output")
        provisioned = env_vars.get("AWS_LAMBDA_INITIALIZATION_TYPE") == "provisioned-concurrency"
        self._initialize(time.monotonic() + INIT_SECONDS, INIT_SECONDS)
        if provisioned and (self._init_failure or not self._process):
            raise LambdaRuntimeException("the function could not be initialized")

    def invoke(self, payload: dict[str, str]) -> InvocationResult:
        """Run one invocation to its end, whatever that is.

        :param payload: ``invoke-id``, ``payload``, ``invoked-function-arn`` and ``trace-id``
        """
        request_id = payload["invoke-id"]
        if sentence := self._unsupported():
            body = error_body("Runtime.Unsupported", sentence)
            return InvocationResult(request_id, body, is_error=True, logs=sentence + "\n")
        timeout = float(self.function_version.config.timeout)
        began = time.monotonic()
        if self._process and not self._process.alive:
            self._retire()
        if not self._process and self._init_failure is None:
            # A new process in an old environment initializes on the invocation's time, as on Lambda.
            self._initialize(began + timeout, timeout, phase="invoke")
            self._init_ms = None
        log = self._take_log() + self._reporter.start(request_id)
        process = self._process
        if self._init_failure is not None:
            outcome = self._after_failed_init(request_id, self._init_failure)
        elif process is None:
            outcome = self._timed_out(request_id, timeout)
        else:
            outcome = self._run(process, request_id, payload, timeout, began + timeout)
        duration = (time.monotonic() - began) * 1000
        if outcome.status == "timeout":
            duration = timeout * 1000
        function = self.function_version.id
        meter().note((function.account, function.region), function.function_name, Duration=duration)
        measured = Measured(
            duration=duration,
            memory_size=self._memory_size,
            memory_used=process.memory_used if process else 0,
            init_duration=self._init_ms,
        )
        self._init_ms = None
        log += self._take_log() + outcome.log
        log += self._reporter.end(request_id, measured, outcome.status, outcome.error_type)
        if process and not process.alive:
            self._retire()
        return InvocationResult(request_id, outcome.payload, is_error=outcome.is_error, logs=log)

    def stop(self) -> None:
        """End the process and remove the environment's folder."""
        self._retire()
        output, self._output = self._output, None
        if output:
            output.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def get_address(self) -> str:
        """Return the address of the environment, which is this machine."""
        return "127.0.0.1"

    def get_endpoint_from_executor(self) -> str:
        """Return the emulator's address for functions; a number, so that S3 clients use path-style URLs."""
        return "127.0.0.1"

    def get_runtime_endpoint(self) -> str:
        """Return the address of the Runtime API; LocalStack's own is not used."""
        return f"http://{self._process.address}" if self._process else ""

    def get_logs(self) -> str:
        """Return the output that no invocation has reported yet."""
        return self._take_log()

    @classmethod
    def prepare_version(cls, function_version: FunctionVersion) -> None:
        """Unpack the code and the layers, so that the first invocation finds them."""
        configuration = function_version.config
        if configuration.code and _is_python(configuration.runtime):
            configuration.code.prepare_for_execution()
            layers_folder(function_version)
            prepare_shared()
            _say_which_python(str(configuration.runtime))

    @classmethod
    def cleanup_version(cls, function_version: FunctionVersion) -> None:
        """Do nothing: LocalStack removes the code, and layers may be shared."""

    # How it works

    def _initialize(self, deadline: float, limit: float, phase: str = "init") -> None:
        began = time.monotonic()
        self._pending_log += self._reporter.init_start()
        self._process = process = self._spawn()
        while True:
            event = process.channel.wait(deadline - time.monotonic())
            duration = (time.monotonic() - began) * 1000
            if event is None:
                self._retire()
                self._pending_log += self._read_output()
                self._pending_log += self._reporter.init_report(limit * 1000, "timeout", phase=phase)
                return
            if event.kind == "ready":
                self._init_ms = duration
                process.rest()
                return
            if event.kind == "init-error":
                failure = event.body
                break
            if event.kind in ("exited", "memory"):
                failure = _exit_body("", event, process)
                break
        self._retire()
        self._init_failure = failure
        self._pending_log += self._read_output()
        error_type = json.loads(failure).get("errorType", "Runtime.Unknown")
        self._pending_log += self._reporter.init_report(duration, "error", error_type, phase)

    def _spawn(self) -> FunctionProcess:
        assert self._output is not None, "start() opens the output"
        version = self.function_version
        code = version.config.code.get_unzipped_code_location()
        mounts = sandbox.available()
        folders = sandbox.Folders(
            task=code,
            opt=layers_folder(version),
            tmp=self._folder / "tmp",
            runtime=state_folder() / "runtime",
        )
        own = dict(version.config.environment or {})
        if not mounts:
            own.setdefault("TMPDIR", str(folders.tmp))

        def variables(address: str) -> dict[str, str]:
            return function_variables(
                self._computed,
                own,
                runtime=self._runtime,
                task="/var/task" if mounts else str(folders.task),
                opt="/opt" if mounts else str(folders.opt),
                runtime_dir="/var/runtime" if mounts else str(folders.runtime),
                home="/tmp" if mounts else str(folders.tmp),
                runtime_api=address,
            )

        return FunctionProcess(sandbox.settings(folders, mounts), variables, self._output, self._memory_size)

    def _run(
        self,
        process: FunctionProcess,
        request_id: str,
        payload: dict[str, str],
        timeout: float,
        deadline: float,
    ) -> Outcome:
        process.wake()
        process.channel.work.put(
            Work(
                request_id=request_id,
                payload=payload["payload"].encode(),
                deadline_ms=int((time.time() + deadline - time.monotonic()) * 1000),
                function_arn=payload["invoked-function-arn"],
                trace_id=payload["trace-id"],
                client_context=self.client_context,
            )
        )
        while True:
            event = process.channel.wait(deadline - time.monotonic())
            if event is None:
                process.kill()
                process.join()
                return self._timed_out(request_id, timeout)
            if event.kind in ("exited", "memory"):
                process.join()
                return self._exited(request_id, event, process)
            if event.request_id != request_id:
                continue  # a late answer to an earlier invocation, or readiness for this one
            if not process.rest():
                process.join()
                return self._exited(request_id, Event("memory"), process)
            if event.kind == "error":
                return Outcome(event.body, is_error=True)
            if len(event.body) > MAX_RESPONSE_BYTES:
                message = f"Response payload size exceeded maximum allowed payload size ({MAX_RESPONSE_BYTES} bytes)."
                return Outcome(error_body("Function.ResponseSizeTooLarge", message), is_error=True)
            return Outcome(event.body)

    def _timed_out(self, request_id: str, timeout: float) -> Outcome:
        message = f"RequestId: {request_id} Error: Task timed out after {timeout:.2f} seconds"
        return Outcome(
            error_body("Sandbox.Timedout", message),
            is_error=True,
            status="timeout",
            log=self._reporter.timed_out(request_id, timeout),
        )

    def _exited(self, request_id: str, event: Event, process: FunctionProcess) -> Outcome:
        error_type, reason = _why_ended(event, process)
        return Outcome(
            _exit_body(request_id, event, process),
            is_error=True,
            status="error",
            error_type=error_type,
            log=self._reporter.exited(request_id, reason, error_type),
        )

    def _after_failed_init(self, request_id: str, failure: bytes) -> Outcome:
        self._init_failure = None
        error = json.loads(failure)
        if error.get("errorMessage", "").startswith("RequestId: "):
            error["errorMessage"] = error["errorMessage"].replace("RequestId: ", f"RequestId: {request_id} ", 1)
            failure = json.dumps(error).encode()
        return Outcome(failure, is_error=True, status="error", error_type=error.get("errorType", ""))

    def _unsupported(self) -> str:
        if _is_python(self._runtime):
            return ""
        return (
            f"The emulator runs Python functions only, and {self.function_version.id.function_name} has "
            f"{f'runtime {self._runtime}' if self._runtime else 'a container image'}: create it with "
            f"Runtime {SERVER_RUNTIME} and a .zip package, or invoke it on AWS."
        )

    def _retire(self) -> None:
        if self._process:
            self._process.kill()
            self._process.join()
            self._process = None

    def _read_output(self) -> str:
        return self._output.take() if self._output else ""

    def _take_log(self) -> str:
        log, self._pending_log = self._pending_log + self._read_output(), ""
        return log


def error_body(error_type: str, message: str) -> bytes:
    """Return an error as Lambda's platform reports it."""
    return json.dumps({"errorType": error_type, "errorMessage": message}).encode()


def state_folder() -> Path:
    """Return the folder for everything of Lambda's, inside the server's state; LocalStack empties it."""
    return Path(config.dirs.tmp) / "lambda-process"


@functools.cache
def prepare_shared() -> None:
    """Make ready what all functions share: the runtime's packages, and whether mounts are possible."""
    if not sandbox.available():
        sandbox.prepare_runtime(state_folder() / "runtime")


def layers_folder(function_version: FunctionVersion) -> Path:
    """Return the folder that stands for ``/opt``: the function's layers, later ones over earlier ones."""
    layers = function_version.config.layers or []
    # With the id of the code, because a layer that was deleted and made again has the same ARN.
    names = "\n".join(f"{layer.layer_version_arn} {getattr(layer.code, 'id', '')}" for layer in layers)
    folder = state_folder() / "opt" / hashlib.sha256(names.encode()).hexdigest()[:16]
    if folder.exists():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(dir=folder.parent))
    for layer in layers:
        if layer.code:
            layer.code.prepare_for_execution()
            shutil.copytree(layer.code.get_unzipped_code_location(), draft, dirs_exist_ok=True, symlinks=True)
    draft.chmod(0o755)
    try:
        draft.rename(folder)
    except OSError:  # another version with the same layers was faster
        rm_rf(str(draft))
    return folder


def _is_python(runtime: object) -> bool:
    return str(runtime or "").startswith("python3.")


@functools.cache
def _say_which_python(runtime: str) -> None:
    if runtime != SERVER_RUNTIME:
        LOG.info("Functions with runtime %s run on this server's Python 3.13", runtime)


def _why_ended(event: Event, process: FunctionProcess) -> tuple[str, str]:
    if event.kind == "memory" or process.memory.peak > process.memory.limit:
        return "Runtime.OutOfMemory", "Runtime exited with error: signal: killed"
    if event.code == 0:
        return "Runtime.ExitError", "Runtime exited without providing a reason"
    if event.code > 0:
        return "Runtime.ExitError", f"Runtime exited with error: exit status {event.code}"
    with contextlib.suppress(ValueError):
        return "Runtime.ExitError", f"Runtime exited with error: signal: {_signal_name(-event.code)}"
    return "Runtime.ExitError", f"Runtime exited with error: signal {-event.code}"


def _signal_name(number: int) -> str:
    import signal

    return (signal.strsignal(number) or str(number)).lower()


def _exit_body(request_id: str, event: Event, process: FunctionProcess) -> bytes:
    error_type, reason = _why_ended(event, process)
    return error_body(error_type, f"RequestId: {request_id} Error: {reason}")
