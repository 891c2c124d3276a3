"""Filter patterns of CloudWatch Logs, judged without a server.

Syntax: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
"""

import importlib.util
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "docker/localstack/src/dva_localstack/log_patterns.py"
spec = importlib.util.spec_from_file_location("log_patterns", SOURCE)
assert spec
assert spec.loader
log_patterns = importlib.util.module_from_spec(spec)
sys.modules["log_patterns"] = log_patterns
spec.loader.exec_module(log_patterns)

ACCESS = '127.0.0.1 Prod frank [10/Oct/2026:13:25:15 -0700] "GET /index.html HTTP/1.0" 404 1534'
EVENT = (
    '{"level": "ERROR", "ms": 250, "ok": true, "none": null, '
    '"user": {"id": 1, "mail": "a@b.example"}, "tags": ["x", "y"]}'
)


def matches(pattern: str, message: str) -> bool:
    return log_patterns.compile_pattern(pattern).matches(message)


@pytest.mark.parametrize(
    ("pattern", "message", "expected"),
    [
        ("", "anything", True),
        ("ERROR", "[ERROR 400] bad request", True),
        ("ERROR", "an error", False),
        ("ERROR code", "ERROR without", False),
        ("ERROR code", "code of the ERROR", True),
        ('"bad request"', "[ERROR] bad request", True),
        ('"bad request"', "request bad", False),
        ('"say \\"no\\""', 'they say "no"', True),
        ("?ERROR ?WARN", "WARN: disk", True),
        ("?ERROR ?WARN", "INFO: disk", False),
        ("ERROR ?WARN", "ERROR", True),
        ("ERROR ?WARN", "WARN", False),
        ("ERROR -Exit", "ERROR Exit 1", False),
        ("ERROR -Exit", "ERROR 1", True),
        ('-"health check"', "GET /health check", False),
        ('-"health check"', "GET /orders", True),
        ("%AUTHORI[SZ]ED%", "401 UNAUTHORIZED", True),
        ("%^4[0-9]{2}%", "x 404", False),
        ("?%^4% ?%^5%", "503 slow", True),
    ],
)
def test_terms(pattern: str, message: str, expected: bool) -> None:
    assert matches(pattern, message) is expected


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ('{ $.level = "ERROR" }', True),
        ("{ $.level = ERROR }", True),
        ('{ $.level = "E*" }', True),
        ('{ $.level = "*OR" }', True),
        ('{ $.level != "ERROR" }', False),
        ("{ $.level = %ERR|WARN% }", True),
        ('{ $.level = "ERROR" && $.ms > 100 }', True),
        ('{ $.level = "ERROR" && $.ms > 300 }', False),
        ('{ $.level = "INFO" || $.ms >= 250 }', True),
        ("{ $.ms = 250 }", True),
        ("{ $.ms = 2.5e2 }", True),
        ("{ $.ms != 250 }", False),
        ("{ $.ms < 250 }", False),
        ("{ $.ms <= 250 }", True),
        ("{ $.ok IS TRUE }", True),
        ("{ $.ok IS FALSE }", False),
        ("{ $.none IS NULL }", True),
        ("{ $.gone NOT EXISTS }", True),
        ("{ $.ms NOT EXISTS }", False),
        ("{ $.gone != 1 }", False),
        ("{ $.user.id = 1 }", True),
        ('{ $.user.mail = "*@b.example" }', True),
        ('{ $.tags[1] = "y" }', True),
        ('{ $.tags[7] = "y" }', False),
        ('{ $.["level"] = "ERROR" }', True),
        ('{ ($.level = "INFO" || $.level = "ERROR") && ($.user.id = 2 || $.ms > 1) }', True),
        ('{ $.level = "INFO" && $.ms > 1 || $.user.id = 1 }', True),
        ("{ $.user = 1 }", False),
    ],
)
def test_json(pattern: str, expected: bool) -> None:
    assert matches(pattern, EVENT) is expected


def test_json_pattern_does_not_match_a_message_that_is_not_json() -> None:
    assert not matches("{ $.a NOT EXISTS }", "plain text")


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("[ip, id, user, timestamp, request, status, bytes]", True),
        ("[ip, id, user, timestamp, request, status]", False),
        ("[ip, id, user, timestamp, request, status = 4*, bytes > 1000]", True),
        ("[ip, id, user, timestamp, request, status = 4*, bytes > 2000]", False),
        ("[ip, id, user, timestamp, request = *.html*, status, bytes]", True),
        ("[ip, id, user, timestamp, request, status = 404 || status = 410, bytes]", True),
        ("[ip != 127.0.0.1, ...]", False),
        ("[ip, ..., status = 404, bytes]", True),
        ("[..., bytes = 1]", False),
        ("[ip, id, user = %^fr%, ...]", True),
        ('[ip, , user = "frank", ...]', True),
    ],
)
def test_space_delimited(pattern: str, expected: bool) -> None:
    assert matches(pattern, ACCESS) is expected


@pytest.mark.parametrize(
    "pattern",
    [
        "ERROR {",
        '"open',
        "a&b",
        "{ $.level }",
        "{ $.level = }",
        "{ $.level = 1",
        "{ level ~ 1 }",
        "{ $.a = 1 && }",
        "{ ($.a = 1 }",
        '{ $.a > "x" }',
        "{}",
        "[a, b",
        "[..., ...]",
        "%(a)%",
        "%[%",
    ],
)
def test_what_is_no_pattern_is_refused(pattern: str) -> None:
    with pytest.raises(log_patterns.InvalidPattern):
        log_patterns.compile_pattern(pattern)


def test_values_for_metrics_are_extracted() -> None:
    by_json = log_patterns.compile_pattern("{ $.ms > 0 }")
    assert by_json.extract(EVENT, "$.ms") == 250
    assert by_json.extract(EVENT, "$.gone") is log_patterns.MISSING
    by_field = log_patterns.compile_pattern("[..., status, bytes]")
    assert by_field.extract(ACCESS, "$bytes") == "1534"
