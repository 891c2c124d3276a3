"""Keeps LocalStack from asking the network about names."""

from localstack.runtime import hooks


@hooks.on_infra_start()
def no_lookup_of_s3() -> None:
    """Have internal S3 clients call ``localhost``.

    LocalStack asks DNS for ``s3.localhost`` at the first of them, and waits for an answer where there is no network.
    """
    from localstack.utils.aws import aws_stack

    aws_stack.CACHE_S3_HOSTNAME_DNS_STATUS = False
