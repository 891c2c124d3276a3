"""The sign-in pages of a user pool's domain: plain forms without scripts."""

import html

from dva_localstack.repairs.cognito import challenges
from dva_localstack.repairs.cognito import sign_in as api
from dva_localstack.repairs.cognito.store import Answer, Data, Refused

STYLE = """body{font:16px/1.5 system-ui,sans-serif;background:#f2f3f5;margin:0}
main{max-width:22rem;margin:4rem auto;padding:2rem;background:#fff;border-radius:.5rem}
label,input,button{display:block;width:100%;box-sizing:border-box}input,button{font:inherit;padding:.5rem}
input{margin:.25rem 0 1rem}button{background:#0b5cad;color:#fff;border:0;border-radius:.25rem}
[role=alert]{color:#9b1c1c}"""


def text(value: str) -> str:
    """Return a text for a place in a page."""
    return html.escape(value)


def page(title: str, body: str, status: int = 200) -> Answer:
    """Return a whole page."""
    document = (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{text(title)}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{STYLE}</style>'
        f"<main><h1>{text(title)}</h1>{body}</main></html>"
    )
    headers = {"Content-Type": "text/html; charset=utf-8", "Cache-Control": "no-store"}
    return status, headers, document.encode()


def form(
    title: str, problem: str, fields: list[tuple[str, str, str]], button: str, more: str = "", **hidden: str
) -> Answer:
    """Return a page with one form that is sent back to its own address.

    :param fields: name, label and type of each input
    :param more: HTML below the form
    """
    alert = f'<p role="alert">{text(problem)}</p>' if problem else ""
    kept = "".join(f'<input type="hidden" name="{name}" value="{text(value)}">' for name, value in hidden.items())
    inputs = "".join(
        f'<label>{text(label)}<input name="{name}" type="{kind}" required></label>' for name, label, kind in fields
    )
    return page(title, f'{alert}<form method="post">{kept}{inputs}<button>{text(button)}</button></form>{more}')


def username_label(pool: Data) -> str:
    """Return what the username of a pool is called on its pages."""
    names = {"email": "Email", "phone_number": "Phone number"}
    return " or ".join(names[name] for name in pool.get("UsernameAttributes") or []) or "Username"


def sign_in(pool: Data, problem: str = "", more: str = "") -> Answer:
    """Return the page that asks for username and password."""
    fields = [("username", username_label(pool), "text"), ("password", "Password", "password")]
    return form("Sign in", problem, fields, "Sign in", more)


class Further(Exception):
    """The user has to fill in another page before being signed in."""

    def __init__(self, answer: Answer) -> None:
        """Ask with the page ``answer``."""
        super().__init__()
        self.answer = answer


class Dialog:
    """One filled-in page: first the password, then what the user pool asks for."""

    def __init__(self, pool: Data, client: Data, filled: Data, data: Data) -> None:
        """Look at the form ``filled`` for the app client; ``data`` names it as a request of the API does."""
        self.pool, self.client, self.filled, self.data = pool, client, filled, data

    def user(self) -> Data:
        """Return the user who is now signed in.

        :raises Further: another page has to be filled in
        :raises Refused: username, password or code is wrong
        """
        if not self.filled.get("session"):
            return self.after_password()
        self.data["Session"] = self.filled["session"]
        name = self.filled.get("challenge", "")
        session = challenges.session_of(self.data, name)
        user = challenges.user_of(self.pool, session, {"USERNAME": session["username"]})
        try:
            if name == "NEW_PASSWORD_REQUIRED":
                api.new_password(self.pool, user, {"NEW_PASSWORD": self.filled.get("answer", "")})
            elif name == "MFA_SETUP":
                challenges.verify_software_token({**self.data, "UserCode": self.filled.get("answer", "")})
            else:
                challenges.check_code(user, name, {f"{name}_CODE": self.filled.get("answer", "")})
        except Refused as refusal:
            secret = session.get("_totp_pending_secret", "")
            raise self.ask(name, self.filled["session"], refusal.message, secret) from refusal
        challenges.finish(self.data)
        if name == "NEW_PASSWORD_REQUIRED":
            self.second_factor(user)
        return user

    def after_password(self) -> Data:
        """Check username and password, and ask for more where the user pool does."""
        client_id = self.client["ClientId"]
        user = api.signing_in(self.pool, self.filled.get("username", ""))
        if not user:
            raise Refused("NotAuthorizedException", api.WRONG)
        api.check_password(self.pool, client_id, user, self.filled.get("password", ""), self.data)
        if user["UserStatus"] == "FORCE_CHANGE_PASSWORD":
            started = challenges.start(self.pool, client_id, user, "NEW_PASSWORD_REQUIRED", {})
            raise self.ask("NEW_PASSWORD_REQUIRED", started["Session"])
        self.second_factor(user)
        return user

    def second_factor(self, user: Data) -> None:
        """Ask for a code where the user has a second factor."""
        challenge = challenges.second_factor(self.pool, self.client["ClientId"], user)
        if not challenge:
            return
        if challenge["ChallengeName"] == "SELECT_MFA_TYPE":
            factor = challenges.enrolled(self.pool, user)[0]
            challenge = challenges.ask_for_code(self.pool, self.client["ClientId"], user, factor)
        secret = ""
        if challenge["ChallengeName"] == "MFA_SETUP":
            secret = challenges.associate({"Session": challenge["Session"]})["SecretCode"]
        raise self.ask(challenge["ChallengeName"], challenge["Session"], secret=secret)

    @staticmethod
    def ask(name: str, session: str, problem: str = "", secret: str = "") -> Further:
        """Return the page of a challenge; the one that sets an authenticator app up shows its secret."""
        more = ""
        if name == "NEW_PASSWORD_REQUIRED":
            title, field = "Choose a new password", ("answer", "New password", "password")
        elif name == "MFA_SETUP":
            title, field = "Set up your authenticator app", ("answer", "Code of the app", "text")
            more = f"<p>Enter this key in your app: <code>{text(secret)}</code></p>"
        else:
            title, field = "Enter your code", ("answer", "Code", "text")
        return Further(form(title, problem, [field], "Continue", more, session=session, challenge=name))
