"""The lines that Lambda itself writes to a function's log, as text or JSON.

Text: https://docs.aws.amazon.com/lambda/latest/dg/python-logging.html
JSON: https://docs.aws.amazon.com/lambda/latest/dg/telemetry-schema-reference.html
"""

import json
import math
from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass(frozen=True)
class Measured:
    """What one invocation took. Durations in milliseconds, memory in MB."""

    duration: float
    memory_size: int
    memory_used: int
    init_duration: float | None = None
    """Only of a cold start."""

    @property
    def billed(self) -> int:
        """Milliseconds, rounded up; the initialization is billed too since August 2025."""
        return math.ceil(self.duration + (self.init_duration or 0))


@dataclass(frozen=True)
class Reporter:
    """Writes Lambda's lines for one function version.

    :param version: function version, for example ``$LATEST``
    :param runtime: for example ``python3.13``
    :param runtime_arn: ARN of the runtime version
    :param as_json: whether the function's log format is JSON
    :param warnings_only: whether the level of system logs is WARN, of a function whose log format is JSON:
        https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html
    """

    version: str
    runtime: str
    runtime_arn: str
    as_json: bool
    warnings_only: bool = False

    def init_start(self) -> str:
        """Return the line that opens a cold start."""
        release = f"{self.runtime.replace('python', 'python:')}.v1"
        if self.as_json:
            return self._record(
                "platform.initStart",
                initializationType="on-demand",
                phase="init",
                runtimeVersion=release,
                runtimeVersionArn=self.runtime_arn,
                functionVersion=self.version,
            )
        return f"INIT_START Runtime Version: {release}\tRuntime Version ARN: {self.runtime_arn}\n"

    def init_report(self, duration: float, status: str, error_type: str = "", phase: str = "init") -> str:
        """Return the line that closes an initialization that failed (``error``) or took too long (``timeout``)."""
        if self.as_json:
            extra = {"errorType": error_type} if error_type else {}
            return self._record(
                "platform.initReport",
                initializationType="on-demand",
                phase=phase,
                status=status,
                metrics={"durationMs": round(duration, 3)},
                **extra,
            )
        line = f"INIT_REPORT Init Duration: {duration:.2f} ms\tPhase: {phase}\tStatus: {status}"
        return f"{line}\tError Type: {error_type}\n" if error_type else f"{line}\n"

    def start(self, request_id: str) -> str:
        """Return the line that opens an invocation."""
        if self.as_json:
            return self._record("platform.start", requestId=request_id, version=self.version)
        return f"START RequestId: {request_id} Version: {self.version}\n"

    def end(self, request_id: str, measured: Measured, status: str = "success", error_type: str = "") -> str:
        """Return the lines that close an invocation."""
        if self.as_json:
            metrics: dict[str, float] = {
                "durationMs": round(measured.duration, 3),
                "billedDurationMs": measured.billed,
                "memorySizeMB": measured.memory_size,
                "maxMemoryUsedMB": measured.memory_used,
            }
            if measured.init_duration is not None:
                metrics["initDurationMs"] = round(measured.init_duration, 3)
            extra = {"errorType": error_type} if error_type else {}
            return self._record("platform.report", requestId=request_id, metrics=metrics, status=status, **extra)
        fields = [
            f"REPORT RequestId: {request_id}",
            f"Duration: {measured.duration:.2f} ms",
            f"Billed Duration: {measured.billed} ms",
            f"Memory Size: {measured.memory_size} MB",
            f"Max Memory Used: {measured.memory_used} MB",
        ]
        if measured.init_duration is not None:
            fields.append(f"Init Duration: {measured.init_duration:.2f} ms")
        if status != "success":
            fields.append(f"Status: {status}")
        if error_type:
            fields.append(f"Error Type: {error_type}")
        return f"END RequestId: {request_id}\n" + "\t".join(fields) + "\t\n"

    def timed_out(self, request_id: str, seconds: float) -> str:
        """Return the line that says that an invocation was ended at its timeout."""
        if self.as_json:
            return ""
        return f"{_now()} {request_id} Task timed out after {seconds:.2f} seconds\n\n"

    def exited(self, request_id: str, message: str, error_type: str) -> str:
        """Return the lines that say that the process ended by itself or was killed for its memory."""
        if self.as_json:
            return ""
        return f"RequestId: {request_id} Error: {message}\n{error_type}\n"

    def _record(self, kind: str, **record: object) -> str:
        if self.warnings_only and record.get("status", "success") == "success":
            return ""
        return json.dumps({"time": _now(), "type": kind, "record": record}) + "\n"


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
