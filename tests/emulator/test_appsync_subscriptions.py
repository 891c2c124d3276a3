"""AppSync's subscriptions: clients hear of mutations over a WebSocket."""

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest
import websocket
from emulator.appsync_tools import Api, payload

SCHEMA = """
type Post { id: ID! title: String text: String }
type Query { post(id: ID!): Post }
type Mutation { add(id: ID!, title: String): Post }
type Subscription {
  added(id: ID): Post @aws_subscribe(mutations: ["add"])
  hidden: Post @aws_subscribe(mutations: ["add"]) @aws_iam
}
"""


class Listener:
    """A client's connection."""

    def __init__(self, api: Api, headers: dict[str, str]) -> None:
        header = base64.b64encode(json.dumps({"host": "localhost", **headers}).encode()).decode()
        url = f"{api.uris['REALTIME']}?header={header}&payload=e30="
        self.socket = websocket.create_connection(url, subprotocols=["graphql-ws"], timeout=20)
        self.headers = headers

    def say(self, kind: str, **message: Any) -> None:
        """Send a message."""
        self.socket.send(json.dumps({"type": kind, **message}))

    def hear(self) -> Any:
        """Wait for a message."""
        return json.loads(self.socket.recv())

    def start(self, name: str, query: str, **variables: Any) -> Any:
        """Start a subscription; return the answer."""
        data = json.dumps({"query": query, "variables": variables})
        extensions = {"authorization": {"host": "localhost", **self.headers}}
        self.say("start", id=name, payload={"data": data, "extensions": extensions})
        return self.hear()


@pytest.fixture
def api(aws: Any) -> Api:
    """An API whose mutation returns what it is given."""
    made = Api(aws)
    made.define(SCHEMA)
    made.none()
    post = {"id": "$ctx.args.id", "title": "$ctx.args.title", "text": "long"}
    made.template("Mutation", "add", "none", payload(post))
    return made


@pytest.fixture
def listener(api: Api) -> Iterator[Listener]:
    """A connection with a key of the API."""
    made = Listener(api, api.key())
    yield made
    made.socket.close()


def add(api: Api, number: str, title: str, selection: str = "id title") -> None:
    """Call the mutation."""
    api.ask(f'mutation {{ add(id: "{number}", title: "{title}") {{ {selection} }} }}', api.key())


def test_a_connection_begins_with_an_acknowledgment(listener: Listener) -> None:
    """https://docs.aws.amazon.com/appsync/latest/devguide/real-time-websocket-client.html"""
    assert listener.socket.subprotocol == "graphql-ws"
    listener.say("connection_init")
    assert listener.hear() == {"type": "connection_ack", "payload": {"connectionTimeoutMs": 300_000}}
    assert listener.hear() == {"type": "ka"}


def test_a_subscriber_hears_what_the_mutation_selected(api: Api, listener: Listener) -> None:
    """https://docs.aws.amazon.com/appsync/latest/devguide/aws-appsync-real-time-data.html"""
    assert listener.start("1", "subscription { added { id title text } }") == {"type": "start_ack", "id": "1"}
    add(api, "7", "News")
    heard = {"data": {"added": {"id": "7", "title": "News", "text": None}}}
    assert listener.hear() == {"type": "data", "id": "1", "payload": heard}


def test_arguments_filter(api: Api, listener: Listener) -> None:
    """https://docs.aws.amazon.com/appsync/latest/devguide/aws-appsync-real-time-data.html#using-subscription-arguments"""
    listener.start("1", "subscription Added($id: ID) { added(id: $id) { title } }", id="7")
    add(api, "8", "Another")
    add(api, "7", "Mine")
    assert listener.hear()["payload"] == {"data": {"added": {"title": "Mine"}}}
    listener.say("stop", id="1")
    assert listener.hear() == {"type": "complete", "id": "1"}
    add(api, "7", "Unheard")
    assert listener.start("2", "subscription { added { id } }") == {"type": "start_ack", "id": "2"}


@pytest.mark.parametrize("query", ["subscription { absent { id } }", "subscription { hidden { id } }", "nonsense"])
def test_a_subscription_that_is_not_allowed_or_not_there_is_an_error(listener: Listener, query: str) -> None:
    """https://docs.aws.amazon.com/appsync/latest/devguide/real-time-websocket-client.html"""
    answer = listener.start("1", query)
    assert (answer["type"], answer["id"]) == ("error", "1")
    assert answer["payload"]["errors"]


def test_a_stranger_is_told_so(api: Api) -> None:
    """https://docs.aws.amazon.com/appsync/latest/devguide/real-time-websocket-client.html"""
    answer = Listener(api, {"x-api-key": "da2-wrong"}).hear()
    assert answer["type"] == "connection_error"
    assert answer["payload"]["errors"][0]["errorType"] == "UnauthorizedException"
