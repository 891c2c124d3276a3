"""What the enforcement of IAM costs: ``python tests/bench/iam.py``.

Calls two servers in turn, one that enforces and one with ``--no-iam``, as the root of an account and as an IAM user
with five policies, and prints the medians and their difference.
"""

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from servers import started

ROUNDS = 200

ACTIONS = ["s3:GetObject", "s3:PutObject", "dynamodb:GetItem", "sqs:SendMessage", "sqs:ListQueues"]

Call = Callable[[], Any]


def calls(url: str) -> dict[str, Call]:
    """Prepare an account on a server; return the calls to measure by name."""
    config = Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"})
    root = boto3.Session("555566667777", "test", region_name="us-east-1")
    iam = root.client("iam", endpoint_url=url, config=config)
    iam.create_user(UserName="reader")
    for number, action in enumerate(ACTIONS):
        statement = {"Effect": "Allow", "Action": action, "Resource": "*"}
        policy = json.dumps({"Version": "2012-10-17", "Statement": statement})
        iam.put_user_policy(UserName="reader", PolicyName=str(number), PolicyDocument=policy)
    key = iam.create_access_key(UserName="reader")["AccessKey"]
    user = boto3.Session(key["AccessKeyId"], key["SecretAccessKey"], region_name="us-east-1")
    s3 = root.client("s3", endpoint_url=url, config=config)
    s3.create_bucket(Bucket="bench")
    s3.put_object(Bucket="bench", Key="key", Body=b"x")
    table = root.client("dynamodb", endpoint_url=url, config=config)
    table.create_table(
        TableName="bench",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    queue = root.client("sqs", endpoint_url=url, config=config).create_queue(QueueName="bench")["QueueUrl"]
    found: dict[str, Call] = {}
    for who, session in (("root", root), ("user", user)):
        own = {name: session.client(name, endpoint_url=url, config=config) for name in ("s3", "dynamodb", "sqs")}
        found[f"s3 GetObject, {who}"] = lambda c=own["s3"]: c.get_object(Bucket="bench", Key="key")["Body"].read()
        found[f"dynamodb GetItem, {who}"] = lambda c=own["dynamodb"]: c.get_item(
            TableName="bench", Key={"pk": {"S": "x"}}
        )
        found[f"sqs SendMessage, {who}"] = lambda c=own["sqs"]: c.send_message(QueueUrl=queue, MessageBody="x")
    return found


def milliseconds(call: Call) -> float:
    """Return how long a call takes."""
    begun = time.perf_counter()
    call()
    return (time.perf_counter() - begun) * 1000


def main() -> None:
    """Measure and print a table."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder = Path(name)
        with started("course", folder / "on") as strict, started("course", folder / "off", "--no-iam") as open_to_all:
            pairs = {
                label: (call, open_call)
                for (label, call), open_call in zip(
                    calls(strict.url).items(), calls(open_to_all.url).values(), strict=True
                )
            }
            print(f"{'':26}{'enforced':>11}{'not':>11}{'cost':>11}")
            for label, (on, off) in pairs.items():
                for call in (on, off):
                    call()
                times = [(milliseconds(on), milliseconds(off)) for _ in range(ROUNDS)]
                with_iam, without = (statistics.median(column) for column in zip(*times, strict=True))
                print(f"{label:26}{with_iam:8.2f} ms{without:8.2f} ms{with_iam - without:+8.2f} ms")


if __name__ == "__main__":
    sys.exit(main())
