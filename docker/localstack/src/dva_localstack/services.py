"""Which service is served by which backend, where that is not LocalStack's own provider."""

MINISTACK = "ministack"
COURSE = "course"
"""LocalStack's own provider with a part of it replaced."""

BACKENDS: dict[str, str] = {
    "dynamodb": MINISTACK,
    "dynamodbstreams": MINISTACK,
    "kinesis": MINISTACK,
    "lambda": COURSE,
    "logs": COURSE,
    "stepfunctions": COURSE,
}
"""Service names to backends. A service needs a row here, a line in providers.py and an entry point."""


def provider_overrides() -> dict[str, str]:
    """Return LocalStack's ``PROVIDER_OVERRIDE_*`` settings for :data:`BACKENDS`."""
    return {f"PROVIDER_OVERRIDE_{service.upper().replace('-', '_')}": backend for service, backend in BACKENDS.items()}


def on_ministack() -> list[str]:
    """Return the names of the services that MiniStack serves."""
    return [service for service, backend in BACKENDS.items() if backend == MINISTACK]
