"""Repairs that are made when MiniStack loads a service, which is at the service's first request."""

from importlib import import_module
from types import ModuleType

MENDED = {
    "apigateway": "dva_localstack.repairs.apigateway",
    "appsync": "dva_localstack.repairs.appsync",
    "autoscaling": "dva_localstack.repairs.autoscaling",
    "cloudfront": "dva_localstack.repairs.cloudfront",
    "cognito": "dva_localstack.repairs.cognito",
    "ecr": "dva_localstack.repairs.ecr",
    "ecs": "dva_localstack.repairs.ecs",
    "elasticache": "dva_localstack.repairs.elasticache",
    "kinesis": "dva_localstack.repairs.kinesis",
    "rds": "dva_localstack.repairs.rds",
}
"""MiniStack's modules to ours; each of ours has a function ``apply`` that takes MiniStack's module."""


def apply_when_used() -> None:
    """Have every module of :data:`MENDED` repaired as soon as it is loaded."""
    from ministack import app

    load = app._get_module
    done: set[str] = set()

    def load_and_mend(name: str) -> ModuleType:
        module = load(name)
        if name in MENDED and name not in done:
            done.add(name)
            import_module(MENDED[name]).apply(module)
        return module

    app._get_module = load_and_mend
