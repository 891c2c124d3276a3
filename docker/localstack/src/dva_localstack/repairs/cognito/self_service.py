"""The pages on which users sign up and replace a forgotten password.

https://docs.aws.amazon.com/cognito/latest/developerguide/managed-login-endpoints.html
"""

from urllib.parse import urlencode

from dva_localstack.repairs.cognito import passwords, sign_up
from dva_localstack.repairs.cognito.pages import Dialog, Further, form, page, text, username_label
from dva_localstack.repairs.cognito.store import Answer, Data, Refused, find_user
from dva_localstack.repairs.cognito.web import Request, redirect

LABELS = {"email": "Email", "phone_number": "Phone number"}
CODE = ("code", "Code", "text")
PASSWORD = ("password", "Password", "password")


def open_to_all(pool: Data) -> bool:
    """Whether users of a pool sign up by themselves."""
    return not (pool.get("AdminCreateUserConfig") or {}).get("AllowAdminCreateUserOnly")


def asked(pool: Data) -> list[str]:
    """Return the attributes that the sign-up page asks for: what is required and what is verified."""
    names = [item["Name"] for item in pool["SchemaAttributes"] if item.get("Required") and item["Name"] != "sub"]
    wanted = dict.fromkeys([*names, *(pool.get("AutoVerifiedAttributes") or [])])
    return [name for name in wanted if name not in (pool.get("UsernameAttributes") or [])]


def sign_up_form(pool: Data, problem: str = "") -> Answer:
    """Return the page that asks who signs up."""
    if not open_to_all(pool):
        return page("Sign up", "<p>This application's users are created by an administrator.</p>", 400)
    more = [(f"attribute.{name}", LABELS.get(name, name), "text") for name in asked(pool)]
    return form("Sign up", problem, [("username", username_label(pool), "text"), *more, PASSWORD], "Sign up")


def confirm_form(username: str, problem: str = "") -> Answer:
    """Return the page that asks for the code of a sign-up."""
    return form("Confirm your account", problem, [CODE], "Confirm account", username=username)


def signed_up(request: Request, client: Data) -> Data:
    """Return the user who signed up and is confirmed.

    :raises Further: the code has to be filled in, or nobody can confirm the user here
    :raises Refused: the pool does not take the user
    """
    pool, filled = request.pool, request.form
    name, asks = filled.get("username", ""), {"ClientId": client["ClientId"], "UserPoolId": request.pool["Id"]}
    dialog = Dialog(pool, client, filled, dict(asks))
    if filled.get("session"):
        return dialog.user()
    if "code" in filled:
        try:
            sign_up.confirm_sign_up({**asks, "Username": name, "ConfirmationCode": filled["code"]})
        except Refused as refusal:
            raise Further(confirm_form(name, refusal.message)) from refusal
        return admitted(dialog, name)
    values = [
        {"Name": key.removeprefix("attribute."), "Value": value}
        for key, value in filled.items()
        if key.startswith("attribute.") and key.removeprefix("attribute.") in asked(pool)
    ]
    created = sign_up.sign_up(
        {**asks, "Username": name, "Password": filled.get("password", ""), "UserAttributes": values}
    )
    if "CodeDeliveryDetails" in created:
        raise Further(confirm_form(name))
    if not created["UserConfirmed"]:
        raise Further(page("Sign up", "<p>An administrator has to confirm your account.</p>"))
    return admitted(dialog, name)


def admitted(dialog: Dialog, name: str) -> Data:
    """Return the user who was just confirmed, after a second factor where the pool wants one.

    :raises Further: the second factor has to be set up
    """
    user = find_user(dialog.pool, name)
    assert user is not None
    dialog.second_factor(user)
    return user


def forgotten_form(pool: Data, problem: str = "") -> Answer:
    """Return the page that asks who forgot the password."""
    return form("Forgot your password?", problem, [("username", username_label(pool), "text")], "Reset my password")


def recovered(request: Request, client: Data) -> Data:
    """Replace a forgotten password; it ends at the sign-in page.

    :raises Further: always, with the next page
    :raises Refused: the user cannot get a code
    """
    filled, asks = request.form, {"ClientId": client["ClientId"], "UserPoolId": request.pool["Id"]}
    name = filled.get("username", "")
    problem = ""
    if "code" in filled:
        answer = {"ConfirmationCode": filled["code"], "Password": filled.get("password", "")}
        try:
            passwords.confirm_forgot_password({**asks, "Username": name, **answer})
            raise Further(redirect(f"{request.base}/login?{urlencode(request.query)}"))
        except Refused as refusal:
            problem = refusal.message
    else:
        passwords.forgot_password({**asks, "Username": name})
    new = ("password", "New password", "password")
    raise Further(form("Choose a new password", problem, [CODE, new], "Change password", username=name))


def links(request: Request) -> str:
    """Return the links of the sign-in page to the other two."""
    query = text(urlencode(request.query))
    forgotten = f'<p><a href="{request.base}/forgotPassword?{query}">Forgot your password?</a></p>'
    return forgotten + (
        f'<p>Need an account? <a href="{request.base}/signup?{query}">Sign up</a></p>'
        if open_to_all(request.pool)
        else ""
    )
