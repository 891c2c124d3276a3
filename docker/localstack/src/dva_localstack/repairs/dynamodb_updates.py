"""Update expressions that AWS refuses.

Faults of MiniStack: of two sections of one kind the last one counts, and of two values for one path; a sum with a text
is its first operand, and a list appended to what is none replaces it; a function that does not exist gives nothing.
"""

import itertools
from typing import Any

SECTIONS = ("SET", "REMOVE", "ADD", "DELETE")
FUNCTIONS = ("if_not_exists", "list_append")
"""https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.UpdateExpressions.html"""

Token = tuple[Any, ...]
"""Kind and text, from MiniStack's tokenizer."""


def apply(ddb: Any) -> None:
    """Check an expression before it is applied, and operands before they are used."""
    apply_expression, evaluate = ddb._apply_update_expression, ddb._eval_set_value

    def apply_checked(item: Any, expr: str, values: Any, names: Any, updated: Any = None) -> Any:
        check(ddb, expr, names or {})
        return apply_expression(item, expr, values, names, updated)

    def evaluate_checked(tokens: list[Token], item: Any, values: Any, names: Any) -> Any:
        while len(tokens) > 1 and tokens[0][0] == "LPAREN" and ddb._find_matching_paren(tokens, 0) == len(tokens) - 1:
            tokens = tokens[1:-1]
        for operator, kind, operand in operands(ddb, tokens):
            found = ddb._eval_set_value(operand, item, values, names)
            held = next(iter(found), None) if found else None
            if held != kind:
                literal = len(operand) == 1 and operand[0][0] == "VALUE_REF"
                raise ValueError(
                    "Invalid UpdateExpression: Incorrect operand type for operator or function; "
                    f"operator or function: {operator}, operand type: {held}"
                    if literal
                    else "An operand in the update expression has an incorrect data type"
                )
        return evaluate(tokens, item, values, names)

    ddb._apply_update_expression = apply_checked
    ddb._eval_set_value = evaluate_checked


def operands(ddb: Any, tokens: list[Token]) -> list[tuple[str, str, list[Token]]]:
    """Return what an operator or list_append needs: its name, the type, and the operand's tokens."""
    depth = 0
    for position, token in enumerate(tokens):
        depth += {"LPAREN": 1, "RPAREN": -1}.get(token[0], 0)
        if depth == 0 and token[0] in ("PLUS", "MINUS") and position > 0:
            sign = "+" if token[0] == "PLUS" else "-"
            return [(sign, "N", tokens[:position]), (sign, "N", tokens[position + 1 :])]
    if len(tokens) > 1 and tokens[1][0] == "LPAREN" and str(tokens[0][1]).lower() == "list_append":
        end = ddb._find_matching_paren(tokens, 1)
        return [("list_append", "L", each) for each in ddb._split_by_comma(tokens[2:end])]
    return []


def check(ddb: Any, expression: str, names: dict[str, str]) -> None:
    """Refuse sections that come twice, paths that overlap, and functions that do not exist.

    :raises ValueError: with AWS's message
    """
    found: dict[str, list[Token]] = {}
    section = ""
    for token in ddb._tokenize(expression):
        word = token[1].upper() if token[0] == "IDENT" else ""
        if word in SECTIONS:
            if word in found:
                raise ValueError(
                    f'Invalid UpdateExpression: The "{word}" section can only be used once in an update expression;'
                )
            section = word
            found[section] = []
        elif section and token[0] != "EOF":
            found[section].append(token)
    for token, following in itertools.pairwise(found.get("SET", [])):
        if token[0] == "IDENT" and following[0] == "LPAREN" and token[1].lower() not in FUNCTIONS:
            raise ValueError(f"Invalid UpdateExpression: Invalid function name; function: {token[1]}")
    paths = [path for kind, tokens in found.items() for path in targets(ddb, kind, tokens, names)]
    for one, other in itertools.combinations(paths, 2):
        shorter, longer = sorted((one, other), key=len)
        if longer[: len(shorter)] == shorter:
            raise ValueError(
                "Invalid UpdateExpression: Two document paths overlap with each other; must remove or rewrite one of "
                f"these paths; path one: {shown(one)}, path two: {shown(other)}"
            )


def targets(ddb: Any, section: str, tokens: list[Token], names: dict[str, str]) -> list[list[Any]]:
    """Return the paths that a section writes to."""
    paths = []
    for part in ddb._split_by_comma(tokens):
        ends = [position for position, token in enumerate(part) if token[0] in ("EQ", "VALUE_REF")]
        path = ddb._parse_path_from_tokens(part[: ends[0]] if ends else part, names)
        if path:
            paths.append(list(path))
    return paths


def shown(path: list[Any]) -> str:
    """Return a path as AWS writes it."""
    return "[" + ", ".join(f"[{part}]" if isinstance(part, int) else str(part) for part in path) + "]"
