"""What the requests of STS may contain.

https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html
"""

import json
import re

from localstack.aws.api import CommonServiceException
from localstack.aws.api.sts import MalformedPolicyDocumentException, Tag

from dva_localstack.iam import identities
from dva_localstack.policy import MalformedPolicy, Policy, check_document

HOUR = 3600
LEAST_SECONDS = 900
MOST_SECONDS_OF_ROLE = 12 * HOUR
MOST_SECONDS_OF_USER = 36 * HOUR
NAME = re.compile(r"[\w+=,.@-]*", re.ASCII)
MOST_TAGS = 50
MOST_POLICY_CHARACTERS = 2048
MOST_POLICY_ARNS = 10
KEY_CHARACTERS = 128
VALUE_CHARACTERS = 256


def invalid(message: str) -> CommonServiceException:
    """Return STS's refusal of a request."""
    return CommonServiceException("ValidationError", message, 400, True)


def invalid_value(message: str) -> CommonServiceException:
    """Return STS's refusal of tags."""
    return CommonServiceException("InvalidParameterValue", message, 400, True)


def constraint(name: str, value: object, rule: str) -> CommonServiceException:
    """Return the refusal of one member of a request."""
    return invalid(
        f"1 validation error detected: Value '{value}' at '{name}' failed to satisfy constraint: Member must {rule}"
    )


def check_name(parameter: str, value: str, least: int, most: int) -> None:
    """Refuse a session name, source identity or federated name that is too short, too long or has other characters."""
    if not NAME.fullmatch(value):
        raise constraint(parameter, value, "satisfy regular expression pattern: [\\w+=,.@-]*")
    if len(value) < least:
        raise constraint(parameter, value, f"have length greater than or equal to {least}")
    if len(value) > most:
        raise constraint(parameter, value, f"have length less than or equal to {most}")


def check_duration(seconds: int, most: int) -> None:
    """Refuse a duration in seconds outside 900 to ``most``."""
    if seconds < LEAST_SECONDS:
        raise constraint("durationSeconds", seconds, f"have value greater than or equal to {LEAST_SECONDS}")
    if seconds > most:
        raise constraint("durationSeconds", seconds, f"have value less than or equal to {most}")


def role_seconds(asked: int | None, most_of_role: int, chained: bool) -> int:
    """Return for how many seconds a role session lasts: an hour unless the caller asks otherwise.

    :param most_of_role: the role's MaxSessionDuration
    :param chained: whether the caller is itself a session, whose roles last an hour at most
    """
    if asked is None:
        return HOUR
    check_duration(asked, MOST_SECONDS_OF_ROLE)
    if chained and asked > HOUR:
        raise invalid(
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining."
        )
    if asked > most_of_role:
        raise invalid("The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")
    return asked


def check_tags(tags: list[Tag], transitive_keys: list[str], inherited: frozenset[str]) -> dict[str, str]:
    """Return session tags by key.

    :param inherited: keys, in lower case, of the calling session's transitive tags, which may not be set anew
    """
    found = {tag["Key"]: tag["Value"] for tag in tags}
    keys = {key.lower() for key in found}
    if len(keys) < len(tags):
        raise invalid_value("Duplicate tag keys found. Please note that Tag keys are case insensitive.")
    if len(tags) > MOST_TAGS:
        raise constraint("tags", f"{len(tags)} tags", f"have length less than or equal to {MOST_TAGS}")
    for key, value in found.items():
        if not 1 <= len(key) <= KEY_CHARACTERS or len(value) > VALUE_CHARACTERS:
            raise constraint(
                "tags", key, f"have keys of 1 to {KEY_CHARACTERS} and values of up to {VALUE_CHARACTERS} characters"
            )
    if keys & inherited:
        raise invalid_value(
            "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key "
            "from the calling session."
        )
    if not {key.lower() for key in transitive_keys} <= keys:
        raise invalid_value("The specified transitive tag key must be included in the requested tags.")
    return found


def session_policies(inline: str | None, arns: list[str], account: str) -> tuple[Policy, ...]:
    """Return the session policies of a request, parsed.

    :param inline: JSON text
    :param arns: managed policies of the account, or AWS's own
    """
    if len(arns) > MOST_POLICY_ARNS:
        raise constraint("policyArns", arns, f"have length less than or equal to {MOST_POLICY_ARNS}")
    found = []
    for arn in arns:
        policy = identities.backend(account).managed_policies.get(arn)
        if policy is None:
            raise invalid(f"Policy {arn} does not exist or is not attachable.")
        found.append(Policy(f"session policy {arn.rpartition('/')[2]!r}", identities.document_of(policy)))
    if inline:
        if len(inline) > MOST_POLICY_CHARACTERS:
            raise constraint("policy", inline, f"have length less than or equal to {MOST_POLICY_CHARACTERS}")
        try:
            document = json.loads(inline)
            check_document(document, "identity")
        except json.JSONDecodeError as error:
            raise MalformedPolicyDocumentException("This policy contains invalid Json") from error
        except MalformedPolicy as error:
            raise MalformedPolicyDocumentException(str(error)) from error
        found.append(Policy("the session policy", document))
    return tuple(found)


def packed_percentage(inline: str | None, arns: list[str], tags: dict[str, str]) -> int | None:
    """Return how much of the room for session policies and tags is used, in percent; None where there are none."""
    characters = len(inline or "") + sum(map(len, arns)) + sum(len(key) + len(value) for key, value in tags.items())
    return -(-characters * 100 // MOST_POLICY_CHARACTERS) if characters else None
