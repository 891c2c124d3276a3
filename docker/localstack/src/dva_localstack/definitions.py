"""What LocalStack does not check in a state machine's definition: where its states lead.

https://docs.aws.amazon.com/step-functions/latest/dg/concepts-amazon-states-language.html
"""

import json
from collections.abc import Iterator
from typing import Any

ENDING = ("Succeed", "Fail", "Choice")
"""Types of states that have neither ``Next`` nor ``End``."""


def faults(text: str) -> Iterator[str]:
    """Yield what is wrong with a definition.

    :param text: the definition, JSON
    """
    try:
        definition = json.loads(text)
    except ValueError:
        yield "INVALID_JSON_DESCRIPTION: the definition is not valid JSON"
        return
    if isinstance(definition, dict):
        yield from faults_of(definition, "")


def faults_of(machine: dict[str, Any], where: str) -> Iterator[str]:
    """Yield what is wrong with a machine, a branch or an item processor.

    :param machine: has ``StartAt`` and ``States``
    :param where: path to it, for the message
    """
    states = machine.get("States")
    if not isinstance(states, dict):
        return
    start = machine.get("StartAt")
    reached = {start}
    if start not in states:
        yield f"MISSING_TRANSITION_TARGET: Missing 'Next' target: {start} at {where}/StartAt"
    for name, state in states.items():
        if not isinstance(state, dict):
            continue
        path = f"{where}/States/{name}"
        for at, target in targets(state):
            reached.add(target)
            if target not in states:
                yield f"MISSING_TRANSITION_TARGET: Missing 'Next' target: {target} at {path}/{at}"
        if state.get("Type") not in ENDING and not state.get("Next") and not state.get("End"):
            yield f"SCHEMA_VALIDATION_FAILED: a Next or End is required at {path}"
        yield from faults_of_handlers(state, path)
        for at, part in parts(state):
            yield from faults_of(part, f"{path}/{at}")
    for name in states:
        if name not in reached:
            yield f"UNREACHABLE_STATE: no transition leads to the state {name} at {where}/States/{name}"


def targets(state: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield where a state may lead, each with the member that says so."""
    if "Next" in state:
        yield "Next", state["Next"]
    if "Default" in state:
        yield "Default", state["Default"]
    for kind in ("Choices", "Catch"):
        for number, rule in enumerate(state.get(kind) or []):
            if isinstance(rule, dict) and "Next" in rule:
                yield f"{kind}[{number}]/Next", rule["Next"]


def faults_of_handlers(state: dict[str, Any], path: str) -> Iterator[str]:
    """Yield what is wrong with retriers and catchers: ``States.ALL`` stands alone, and last."""
    for kind in ("Retry", "Catch"):
        rules = state.get(kind) or []
        for number, rule in enumerate(rules):
            errors = rule.get("ErrorEquals") or []
            if "States.ALL" in errors and (len(errors) > 1 or number < len(rules) - 1):
                yield f"SCHEMA_VALIDATION_FAILED: States.ALL must appear alone and last at {path}/{kind}[{number}]"


def parts(state: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the machines inside a state."""
    for number, branch in enumerate(state.get("Branches") or []):
        yield f"Branches[{number}]", branch
    for kind in ("ItemProcessor", "Iterator"):
        if isinstance(state.get(kind), dict):
            yield kind, state[kind]
