"""A topic with queues, and an HTTP endpoint, for tests of SNS."""

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from botocore.exceptions import ClientError


def refused(call: Callable[[], Any]) -> str:
    """Return the error code of a call that must fail."""
    with pytest.raises(ClientError) as error:
        call()
    return error.value.response["Error"]["Code"]


class Topics:
    """A topic and queues that subscribe to it, in one account."""

    def __init__(self, account: Any) -> None:
        self.account = account
        self.sns = account("sns")
        self.sqs = account("sqs")
        self.topic = self.sns.create_topic(Name="news")["TopicArn"]

    def queue(self, name: str, **attributes: str) -> tuple[str, str]:
        """Create a queue that every topic may send to; return its URL and ARN."""
        arn = f"arn:aws:sqs:us-east-1:{self.account.id}:{name}"
        allow = {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage"}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [{**allow, "Resource": arn}]})
        url = self.sqs.create_queue(QueueName=name, Attributes={"Policy": policy, **attributes})["QueueUrl"]
        return url, arn

    def subscribe(self, arn: str, topic: str | None = None, **attributes: Any) -> str:
        """Subscribe a queue; attributes that are not text are written as JSON."""
        texts = {key: value if isinstance(value, str) else json.dumps(value) for key, value in attributes.items()}
        return self.sns.subscribe(
            TopicArn=topic or self.topic, Protocol="sqs", Endpoint=arn, Attributes=texts, ReturnSubscriptionArn=True
        )["SubscriptionArn"]

    def publish(self, message: Any, **request: Any) -> str:
        text = message if isinstance(message, str) else json.dumps(message)
        return self.sns.publish(**{"TopicArn": self.topic, "Message": text, **request})["MessageId"]

    def received(self, url: str, count: int = 1) -> list[str]:
        """Wait for messages, delete them and return their bodies in the order of their arrival."""
        bodies: list[str] = []
        for _ in range(20):
            found = self.sqs.receive_message(
                QueueUrl=url, WaitTimeSeconds=1, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
            )
            for message in found.get("Messages", []):
                bodies.append(message["Body"])
                self.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            if len(bodies) >= count:
                break
        return bodies


class Listener:
    """An HTTP endpoint on the loopback that remembers what is posted to it."""

    def __init__(self) -> None:
        self.posted: list[tuple[dict[str, str], dict[str, Any]]] = []
        self.statuses: list[int] = []
        posted, statuses = self.posted, self.statuses

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                posted.append((dict(self.headers), json.loads(body)))
                self.send_response(statuses.pop(0) if statuses else 200)
                self.end_headers()

            def log_message(self, *arguments: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/inbox"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
