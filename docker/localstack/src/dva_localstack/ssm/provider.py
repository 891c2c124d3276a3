"""LocalStack's Parameter Store with our repairs."""

import json
import re
from typing import Any

from localstack.aws.api import RequestContext, handler
from localstack.aws.api.ssm import (
    HierarchyTypeMismatchException,
    InvalidAllowedPatternException,
    InvalidNextToken,
    ParameterNotFound,
    ParameterPatternMismatchException,
    ParameterVersionNotFound,
)
from localstack.aws.connect import connect_to
from localstack.services.moto import MotoFallbackDispatcher, call_moto, call_moto_with_request
from localstack.services.plugins import Service
from localstack.services.ssm.provider import PARAM_PREFIX_SECRETSMANAGER, SsmProvider, ValidationException
from localstack.utils.patch import patch
from moto.ssm.models import Parameter, SimpleSystemManagerBackend, ssm_backends

from dva_localstack.schedules.clock import Clock

from . import policies, tiers
from .settings import TIER, Settings, backend_of, value_of

PAGE, LARGEST_PAGE = 10, 50
"""https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_DescribeParameters.html"""


class CourseParametersProvider(Settings):
    """Faults: tiers, policies, types and patterns of earlier versions count for nothing; events say little.

    A name with nothing but a leading slash loses it, a selector is not told, and some nonsense fails by itself.
    """

    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock("parameters")
        SsmProvider._notify_event_subscribers = staticmethod(notify)

    def on_before_stop(self) -> None:
        """Let nothing expire any more."""
        self.clock.stop()

    @handler("PutParameter", expand=False)
    def put_parameter(self, context: RequestContext, request: Any) -> Any:
        """Answer ``PutParameter``, unless the parameter is refused.

        https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html
        """
        backend, name = backend_of(context), self._normalize_name(request["Name"])
        held = latest(backend, name) if request.get("Overwrite") else None
        check(request, held)
        wanted = policies.parsed(request.get("Policies"))
        try:
            tier = tiers.choose(request, held.tier if held else None, value_of(backend, TIER), len(backend._parameters))
        except tiers.BadTier as fault:
            raise ValidationException(str(fault)) from fault
        answer = call_moto_with_request(context, {**request, "Name": name, "Tier": tier})
        made = latest(backend, name)
        assert made is not None
        made.shown = getattr(held, "shown", request["Name"])
        notify(context.account_id, context.region, name, "Update" if held else "Create")
        if due := policies.expiry(wanted):
            self.clock.call(due.timestamp(), lambda: expire(backend, name, made))
        return {"Version": answer["Version"], "Tier": tier}

    def get_parameter(
        self, context: RequestContext, name: str, with_decryption: bool | None = None, **kwargs: Any
    ) -> Any:
        """Answer ``GetParameter``, with the selector that was given."""
        check_decryption([name], with_decryption)
        require_selected(backend_of(context), self._normalize_name(name))
        answer = super().get_parameter(context, name, with_decryption=with_decryption, **kwargs)
        return {"Parameter": with_selector(answer["Parameter"], name)}

    def get_parameters(
        self, context: RequestContext, names: list[str], with_decryption: bool | None = None, **kwargs: Any
    ) -> Any:
        """Answer ``GetParameters``, with names as they were given."""
        check_decryption(names, with_decryption)
        answer = super().get_parameters(context, names, with_decryption=with_decryption, **kwargs)
        given = {self._normalize_name(name): name for name in names}
        answer["InvalidParameters"] = [given.get(name, name) for name in answer.get("InvalidParameters") or []]
        return answer

    @handler("LabelParameterVersion", expand=False)
    def label_parameter_version(self, context: RequestContext, request: Any) -> Any:
        """Answer ``LabelParameterVersion``, unless there is no such parameter: moto would list an empty one then."""
        name = self._normalize_name(request["Name"])
        if latest(backend_of(context), name) is None:
            raise ParameterNotFound(f"Parameter {request['Name']} not found.")
        answer = call_moto(context)
        notify(context.account_id, context.region, name, "LabelParameterVersion")
        return answer

    @handler("GetParametersByPath", expand=False)
    def get_parameters_by_path(self, context: RequestContext, request: Any) -> Any:
        """Answer ``GetParametersByPath``, unless the path is none."""
        if not request["Path"].startswith("/"):
            raise ValidationException(
                "The parameter doesn't meet the parameter name requirements. The parameter name must begin with a "
                'forward slash "/". It can\'t be prefixed with "aws" or "ssm" (case-insensitive). It must use only '
                "letters, numbers, or the following symbols: . (period), - (hyphen), _ (underscore). Special "
                'characters are not allowed. All sub-paths, if specified, must use the forward slash symbol "/". '
                "Valid example: /get/parameters2-/by1./path0_."
            )
        start_of(request)
        return call_moto(context)

    @handler("DescribeParameters", expand=False)
    def describe_parameters(self, context: RequestContext, request: Any) -> Any:
        """Answer ``DescribeParameters``, as many at a time as are asked for."""
        start, size = start_of(request), min(request.get("MaxResults") or PAGE, LARGEST_PAGE)
        found = backend_of(context).describe_parameters(
            request.get("Filters") or [], request.get("ParameterFilters") or []
        )
        user = f"arn:aws:iam::{context.account_id}:root"
        described = []
        for each in found[start : start + size]:
            shown = {name: value for name, value in each.describe_response_object().items() if name != "Value"}
            arn = f"arn:aws:ssm:{context.region}:{context.account_id}:parameter/{each.name.lstrip('/')}"
            described.append({**shown, "ARN": arn, "LastModifiedUser": user})
        more = {"NextToken": str(start + size)} if len(found) > start + size else {}
        return {"Parameters": described, **more}


def check(request: Any, held: Parameter | None) -> None:
    """Refuse a version whose type, key or value does not go with the parameter.

    :param held: the version before, if it is overwritten
    """
    name = request["Name"]
    if "/" in name and (not name.startswith("/") or name.endswith("/") or "//" in name):
        raise ValidationException("Parameter name must be a fully qualified name.")
    kind = request.get("Type") or (held.parameter_type if held else None)
    if held and kind != held.parameter_type:
        raise HierarchyTypeMismatchException(
            f"Parameter Store doesn't support changing a parameter type. {request['Name']} is a {held.parameter_type}."
        )
    if request.get("KeyId") and kind != "SecureString":
        raise ValidationException("KeyId is required for SecureString type parameter only.")
    pattern = request.get("AllowedPattern") or (held.allowed_pattern if held else None)
    try:
        matches = not pattern or re.fullmatch(pattern, request["Value"])
    except re.error as error:
        raise InvalidAllowedPatternException(f"The pattern is no regular expression: {error}") from error
    if not matches:
        raise ParameterPatternMismatchException(
            f"Parameter value, cannot be validated against allowedPattern: {pattern}"
        )


def check_decryption(names: list[str], with_decryption: bool | None) -> None:
    """Refuse to read a secret that would not be decrypted.

    https://docs.aws.amazon.com/systems-manager/latest/userguide/integration-ps-secretsmanager.html
    """
    if not with_decryption and any(name.startswith(PARAM_PREFIX_SECRETSMANAGER) for name in names):
        raise ValidationException("WithDecryption flag must be True for retrieving a Secret Manager secret.")


def require_selected(backend: SimpleSystemManagerBackend, name: str) -> None:
    """Refuse a version or label that a parameter has not."""
    bare, _, selector = name.partition(":")
    versions = dict.get(backend._parameters, backend._parameters.normalize_name(bare))
    if versions and selector and not any(selector in (str(each.version), *each.labels) for each in versions):
        raise ParameterVersionNotFound(
            f"Systems Manager could not find version {selector} of {bare}. Verify the version and try again."
        )


def with_selector(parameter: Any, asked: str) -> Any:
    """Return a parameter with the version or label that was asked for."""
    name = asked.partition(":parameter")[2] if asked.startswith("arn:") else asked
    _, colon, selector = name.partition(":")
    return {**parameter, "Selector": colon + selector} if selector else parameter


def start_of(request: Any) -> int:
    """Return where a page starts."""
    token = request.get("NextToken") or "0"
    if not token.isdigit():
        raise InvalidNextToken("The specified token isn't valid.")
    return int(token)


def latest(backend: SimpleSystemManagerBackend, name: str) -> Parameter | None:
    """Return a parameter's newest version; None if there is no such parameter."""
    versions = dict.get(backend._parameters, backend._parameters.normalize_name(name))
    return versions[-1] if versions else None


def expire(backend: SimpleSystemManagerBackend, name: str, version: Parameter) -> None:
    """Delete a parameter whose newest version has expired."""
    if latest(backend, name) is version:
        notify(backend.account_id, backend.region_name, name, "Delete")
        backend.delete_parameter(name)


def notify(account_id: str, region_name: str, name: str, operation: str) -> None:
    """Tell EventBridge of a change: https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-cwe.html

    :param name: of a parameter that exists; nothing is told of others
    """
    parameter = latest(ssm_backends[account_id][region_name], name)
    if parameter is None:
        return
    detail = {"operation": operation, "name": parameter.__dict__.get("shown", parameter.name)}
    detail["type"] = parameter.parameter_type
    if parameter.description:
        detail["description"] = parameter.description
    event = {
        "Source": "aws.ssm",
        "DetailType": "Parameter Store Change",
        "Detail": json.dumps(detail),
        "Resources": [f"arn:aws:ssm:{region_name}:{account_id}:parameter/{parameter.name.lstrip('/')}"],
    }
    connect_to(aws_access_key_id=account_id, region_name=region_name).events.put_events(Entries=[event])


def as_given(response_object: Any, parameter: Parameter, *args: Any, **kwargs: Any) -> dict[str, Any]:
    """Describe a parameter by the name that it was given, and with its policies."""
    answer = response_object(parameter, *args, **kwargs)
    answer["Name"] = getattr(parameter, "shown", parameter.name)
    if parameter.policies:
        answer["Policies"] = policies.shown(parameter.policies)
    return answer


def create_service() -> Service:
    """Return the SSM service."""
    patch(Parameter.response_object)(as_given)
    return Service.for_provider(CourseParametersProvider(), dispatch_table_factory=MotoFallbackDispatcher)
