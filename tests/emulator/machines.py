"""State machines for tests."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError


def refused(call: Callable[[], Any]) -> str:
    """Return the error code of a call that must fail."""
    with pytest.raises(ClientError) as error:
        call()
    return error.value.response["Error"]["Code"]


class Machines:
    """Creates and runs state machines in one account."""

    def __init__(self, account: Any, eventually: Callable[..., Any]) -> None:
        self.account = account
        self.client = account("stepfunctions", inject_host_prefix=False)
        self.eventually = eventually
        trust = {
            "Version": "2012-10-17",
            "Statement": [
                {"Effect": "Allow", "Principal": {"Service": "states.amazonaws.com"}, "Action": "sts:AssumeRole"}
            ],
        }
        allow = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
        iam = account("iam")
        self.role = iam.create_role(RoleName="states", AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
        iam.put_role_policy(RoleName="states", PolicyName="all", PolicyDocument=json.dumps(allow))

    def create(self, definition: Any, **request: Any) -> str:
        text = definition if isinstance(definition, str) else json.dumps(definition)
        request = {"name": "machine", **request}
        return self.client.create_state_machine(definition=text, roleArn=self.role, **request)["stateMachineArn"]

    def run(self, states: dict[str, Any], given: Any = None) -> dict[str, Any]:
        """Run states, the first first; return the description of the ended execution."""
        arn = self.create({"StartAt": next(iter(states)), "States": states})
        started = self.client.start_execution(stateMachineArn=arn, input=json.dumps(given or {}))["executionArn"]

        def ended() -> Any:
            described = self.client.describe_execution(executionArn=started)
            return described["status"] != "RUNNING" and described

        return self.eventually(ended)
