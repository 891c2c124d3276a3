"""The settings of Parameter Store, which LocalStack 4.14 has not.

https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_UpdateServiceSetting.html
"""

import time
from typing import Any

from localstack.aws.api import RequestContext, handler
from localstack.aws.api.ssm import ServiceSettingNotFound
from localstack.services.ssm.provider import SsmProvider, ValidationException
from moto.ssm.models import SimpleSystemManagerBackend, ssm_backends

TIER, THROUGHPUT = "/ssm/parameter-store/default-parameter-tier", "/ssm/parameter-store/high-throughput-enabled"

VALUES = {TIER: ("Standard", "Advanced", "Intelligent-Tiering"), THROUGHPUT: ("false", "true")}
"""The first of each is the default."""


class Settings(SsmProvider):
    """An SSM provider whose Parameter Store can be set."""

    @handler("GetServiceSetting", expand=False)
    def get_service_setting(self, context: RequestContext, request: Any) -> Any:
        """Answer ``GetServiceSetting``."""
        return {"ServiceSetting": self._setting(context, request)}

    @handler("UpdateServiceSetting", expand=False)
    def update_service_setting(self, context: RequestContext, request: Any) -> Any:
        """Answer ``UpdateServiceSetting``."""
        name = known(request["SettingId"])
        if request["SettingValue"] not in VALUES[name]:
            raise ValidationException(f"The value of {name} is one of {', '.join(VALUES[name])}.")
        changed(backend_of(context))[name] = (request["SettingValue"], time.time())
        return {}

    @handler("ResetServiceSetting", expand=False)
    def reset_service_setting(self, context: RequestContext, request: Any) -> Any:
        """Answer ``ResetServiceSetting``."""
        changed(backend_of(context)).pop(known(request["SettingId"]), None)
        return {"ServiceSetting": self._setting(context, request)}

    def _setting(self, context: RequestContext, request: Any) -> dict[str, Any]:
        name = known(request["SettingId"])
        held = changed(backend_of(context)).get(name)
        return {
            "SettingId": name,
            "SettingValue": value_of(backend_of(context), name),
            "ARN": f"arn:aws:ssm:{context.region}:{context.account_id}:servicesetting{name}",
            "Status": "Customized" if held else "Default",
            "LastModifiedUser": f"arn:aws:iam::{context.account_id}:root" if held else "System",
            **({"LastModifiedDate": held[1]} if held else {}),
        }


def backend_of(context: RequestContext) -> SimpleSystemManagerBackend:
    """Return where the parameters of an account and Region are."""
    return ssm_backends[context.account_id][context.region]


def known(setting_id: str) -> str:
    """Return a setting's name, without what an ARN has before it.

    :raises ServiceSettingNotFound: there is no such setting
    """
    name = setting_id.partition(":servicesetting")[2] or setting_id
    if name not in VALUES:
        raise ServiceSettingNotFound("The specified service setting wasn't found.")
    return name


def changed(backend: SimpleSystemManagerBackend) -> dict[str, tuple[str, float]]:
    """Return the settings that were made, with their times."""
    return backend.__dict__.setdefault("service_settings", {})


def value_of(backend: SimpleSystemManagerBackend, name: str) -> str:
    """Return a setting's value."""
    held = changed(backend).get(name)
    return held[0] if held else VALUES[name][0]
