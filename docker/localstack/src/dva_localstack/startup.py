"""What is done to LocalStack once, before it serves."""

import os

from localstack.runtime import hooks


@hooks.on_infra_start()
def no_lookup_of_s3() -> None:
    """Have internal S3 clients call ``localhost``.

    LocalStack asks DNS for ``s3.localhost`` at the first of them, and waits for an answer where there is no network.
    """
    from localstack.utils.aws import aws_stack

    aws_stack.CACHE_S3_HOSTNAME_DNS_STATUS = False


@hooks.on_infra_start(priority=100)
def no_warning_of_our_overrides() -> None:
    """Drop the provider overrides from the environment; LocalStack has read them by now.

    It would warn that two of them once selected providers that are gone.
    """
    for name in list(os.environ):
        if name.startswith("PROVIDER_OVERRIDE_"):
            del os.environ[name]


@hooks.on_infra_start()
def pass_trace_headers_on() -> None:
    """Have what one service asks of another carry the trace header of the request behind it."""
    from dva_localstack import trace_headers

    trace_headers.pass_on()


@hooks.on_infra_start()
def check_requests() -> None:
    """Refuse requests that the service's model does not allow, before any provider sees them."""
    from localstack.aws import handlers

    from dva_localstack import model_checks

    handlers.serve_custom_service_request_handlers.append(model_checks.check_request)


@hooks.on_infra_start()
def count_by_all_dimensions() -> None:
    """Have CloudWatch give statistics of the dimensions that were asked for."""
    from dva_localstack import metric_dimensions

    metric_dimensions.install()
