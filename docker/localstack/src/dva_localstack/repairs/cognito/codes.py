"""Codes that users get by email or SMS: made, delivered and checked.

Faults: every code is 123456 or 654321 and never expires; codes are sent whether or not the pool verifies the
attribute; the custom message trigger runs for invitations only. Nothing leaves this machine: a message is kept
and read from ``GET /_dva/cognito/codes?pool=<pool id>&user=<name>``.
"""

import json
import secrets
import time
from typing import Any

from ministack import app
from ministack.services import cognito

from dva_localstack.repairs.cognito import limits, triggers
from dva_localstack.repairs.cognito.store import Answer, Data, Refused, attributes, find_user

HOUR = 3600
SECONDS = {"sign-up": 24 * HOUR, "password": HOUR, "mfa": 180, "first": 180}
"""How long codes are valid: https://docs.aws.amazon.com/cognito/latest/developerguide/quotas.html (others: 24 hours)"""

MESSAGES = 100
"""How many messages of a pool are kept."""

TEMPLATE = "Your verification code is {####}."

MISMATCH = "Invalid verification code provided, please try again."
EXPIRED = "Invalid code provided, please request a code again."


def verified_first(pool: Data, user: Data) -> str | None:
    """Return the attribute that a sign-up verifies: the phone number where the pool verifies both."""
    held = attributes(user)
    wanted = pool.get("AutoVerifiedAttributes") or []
    for name in ("phone_number", "email"):
        if name in wanted and held.get(name) and held.get(f"{name}_verified") != "true":
            return name
    return None


def send(
    pool: Data,
    user: Data,
    purpose: str,
    attribute: str,
    source: str,
    client_id: str | None,
    metadata: Data | None = None,
) -> Data:
    """Make a code, keep the message with it, and return ``CodeDeliveryDetails``.

    :param purpose: what the code is for: ``sign-up``, ``password``, ``mfa``, ``first`` (the first factor) or
        ``attribute:<name>``
    :param attribute: ``email`` or ``phone_number``
    :param source: source of the custom message trigger, for example ``CustomMessage_SignUp``
    """
    code = f"{secrets.randbelow(10**6):06d}"
    request = triggers.user_request(
        user, metadata, codeParameter="{####}", linkParameter="{##Click Here##}", usernameParameter=None
    )
    empty = {"smsMessage": None, "emailMessage": None, "emailSubject": None}
    custom = triggers.call(pool, "CustomMessage", source, client_id, user["Username"], request, empty) or {}
    if attribute == "email":
        subject, text = cognito._resolve_verification_template(pool)
        if purpose in ("mfa", "first"):
            sign_in = pool.get("EmailMfaConfiguration") or {}
            subject, text = sign_in.get("Subject") or subject, sign_in.get("Message") or text
        subject, text = custom.get("emailSubject") or subject, custom.get("emailMessage") or text
    else:
        template = pool.get("VerificationMessageTemplate") or {}
        text = template.get("SmsMessage") or pool.get("SmsVerificationMessage") or TEMPLATE
        if purpose in ("mfa", "first"):
            text = (pool.get("SmsMfaConfiguration") or {}).get("SmsAuthenticationMessage") or text
        subject, text = "", custom.get("smsMessage") or text
    if "{####}" not in text:
        raise Refused("InvalidLambdaResponseException", "The message must contain {####}.")
    expires = time.time() + SECONDS.get(purpose, 24 * HOUR)
    user.setdefault("_codes", {})[purpose] = {"code": code, "expires": expires, "attribute": attribute}
    destination = attributes(user)[attribute]
    deliver(pool, user, purpose, attribute, destination, code, subject, text.replace("{####}", code))
    return {
        "Destination": masked(attribute, destination),
        "DeliveryMedium": "EMAIL" if attribute == "email" else "SMS",
        "AttributeName": attribute,
    }


def masked(attribute: str, destination: str) -> str:
    """Return an address as Cognito shows it to whoever asks."""
    return masked_email(destination) if attribute == "email" else f"+*******{destination[-4:]}"


def masked_email(address: str) -> str:
    """Return an email address with the first letters of its two parts; a name that is none with its first letter."""
    local, at, domain = address.partition("@")
    return f"{local[:1]}***@{domain[:1]}***" if at else f"{address[:1]}***"


def deliver(pool: Data, user: Data, purpose: str, attribute: str, to: str, code: str, subject: str, text: str) -> None:
    """Keep one message for a user, newest first."""
    messages = pool.setdefault("_messages", [])
    messages.insert(
        0,
        {
            "user": user["Username"],
            "purpose": purpose,
            "medium": "EMAIL" if attribute == "email" else "SMS",
            "to": to,
            "subject": subject,
            "text": text,
            "code": code,
            "sent": time.time(),
        },
    )
    del messages[MESSAGES:]


def check(user: Data, purpose: str, code: str) -> str:
    """Accept a code once and return the attribute that it verifies.

    :raises Refused: ``CodeMismatchException``, ``ExpiredCodeException`` where none is valid (any more), or
        ``LimitExceededException``
    """
    if purpose != "mfa":
        limits.count(user, f"enter {purpose}")
    issued = user.get("_codes", {}).get(purpose)
    if not issued or issued["expires"] < time.time():
        raise Refused("ExpiredCodeException", EXPIRED)
    if issued["code"] != code:
        raise Refused("CodeMismatchException", MISMATCH)
    del user["_codes"][purpose]
    return issued["attribute"]


def mailbox(query: Data) -> Answer:
    """Answer the page of messages: those of the pool ``pool``, of the user ``user`` if one is named."""
    first = {name: (value[0] if isinstance(value, list) else value) for name, value in query.items()}
    pool = cognito._get_pool_unscoped(first.get("pool", ""))
    if not pool:
        return 404, {"Content-Type": "application/json"}, b'{"message":"No such user pool."}'
    messages = pool.get("_messages", [])
    if name := first.get("user"):
        user = find_user(pool, name)
        messages = [item for item in messages if name in (item["to"], item["user"]) or
                    (user and item["user"] == user["Username"])]  # fmt: skip
    return 200, {"Content-Type": "application/json"}, json.dumps({"messages": messages}).encode()


def custom_message(
    pool: Data,
    source: str,
    username: str,
    held: Data,
    metadata: Data | None = None,
    username_parameter: str = "{username}",
) -> Data:
    """Run the custom message trigger for an invitation, as MiniStack asks for it."""
    request: Data = {
        "userAttributes": held,
        "codeParameter": "{####}",
        "usernameParameter": username_parameter,
        **({"clientMetadata": metadata} if metadata else {}),
    }
    empty = {"smsMessage": None, "emailMessage": None, "emailSubject": None}
    client = "CLIENT_ID_NOT_APPLICABLE"
    return triggers.call(pool, "CustomMessage", source, client, username, request, empty) or {}


def invite(pool: Data, username: str, held: Data, subject: str, body: str) -> None:
    """Keep the message with a new user's temporary password."""
    user = pool["_users"][username]
    deliver(pool, user, "invitation", "email", held["email"], user["_password"], subject, body)


def apply() -> None:
    """Send codes from here, and show them."""
    cognito._apply_custom_message_trigger = custom_message
    cognito._deliver_invitation_email = invite
    cognito._masked_destination = masked_email
    get = app._handle_cognito_get_request

    async def handle_get(method: str, path: str, headers: Data, query: Data) -> Any:
        if method == "GET" and path == "/_dva/cognito/codes":
            return mailbox(query)
        return await get(method, path, headers, query)

    app._handle_cognito_get_request = handle_get
