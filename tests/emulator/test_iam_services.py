"""What one service does for another is judged by the policy or role that AWS judges it by.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html#principal-services
"""

import json

import pytest
import requests
from emulator.people import allow, let_send, policy, refused, role


@pytest.fixture
def queue(aws):
    """A queue: its URL and ARN."""
    url = aws("sqs").create_queue(QueueName="target")["QueueUrl"]
    return url, f"arn:aws:sqs:us-east-1:{aws.id}:target"


def messages(aws, queue):
    """Return what the queue holds."""
    found = aws("sqs").receive_message(QueueUrl=queue[0], MaxNumberOfMessages=10, VisibilityTimeout=0)
    return [message["Body"] for message in found.get("Messages", ())]


def test_s3_tells_a_queue_only_if_the_queue_lets_it(aws, queue):
    """PutBucketNotificationConfiguration checks the destination.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/grant-destinations-permissions-to-s3.html
    """
    bucket = f"notes-{aws.id}"
    s3 = aws("s3")
    s3.create_bucket(Bucket=bucket)
    configuration = {"QueueConfigurations": [{"QueueArn": queue[1], "Events": ["s3:ObjectCreated:*"]}]}

    def put():
        s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration=configuration)

    message = refused(put, "InvalidArgument", 400)
    assert message == "Unable to validate the following destination configurations"
    let_send(aws, "target", "s3", "arn:aws:s3:::another-bucket")
    refused(put, "InvalidArgument", 400)
    let_send(aws, "target", "s3", f"arn:aws:s3:::{bucket}")
    put()


def denied(aws):
    """Return the principals of the account's last denials."""
    answer = requests.get(f"{aws.endpoint}/_dva/iam/last-denials", params={"account": aws.id}).json()
    return [denial["principal"] for denial in answer["denials"]]


def test_sns_sends_to_a_queue_only_if_the_queue_lets_it(aws, queue, eventually):
    """https://docs.aws.amazon.com/sns/latest/dg/subscribe-sqs-queue-to-sns-topic.html"""
    sns = aws("sns")
    topic = sns.create_topic(Name="news")["TopicArn"]
    attributes = {"RawMessageDelivery": "true"}
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue[1], Attributes=attributes)
    sns.publish(TopicArn=topic, Message="lost")
    assert set(eventually(lambda: denied(aws))) == {"sns.amazonaws.com"}
    let_send(aws, "target", "sns", topic)
    sns.publish(TopicArn=topic, Message="heard")
    assert eventually(lambda: messages(aws, queue)) == ["heard"]


def test_eventbridge_sends_to_a_queue_only_if_the_queue_lets_it(aws, queue, eventually):
    """https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html"""
    events = aws("events")
    rule = events.put_rule(Name="all", EventPattern=json.dumps({"source": ["test"]}))["RuleArn"]
    events.put_targets(Rule="all", Targets=[{"Id": "q", "Arn": queue[1], "InputPath": "$.detail.n"}])

    def send(n):
        events.put_events(Entries=[{"Source": "test", "DetailType": "t", "Detail": json.dumps({"n": n})}])

    send(1)
    assert set(eventually(lambda: denied(aws))) == {"events.amazonaws.com"}
    let_send(aws, "target", "events", rule)
    send(2)
    assert eventually(lambda: messages(aws, queue)) == ["2"]


def test_lambda_refuses_a_role_that_it_may_not_assume(functions):
    """https://docs.aws.amazon.com/lambda/latest/dg/troubleshooting-deployment.html"""
    account = functions.account
    foreign = role(account, allow("*"), principal={"Service": "ec2.amazonaws.com"})
    for arn in (f"arn:aws:iam::{account.id}:role/absent", foreign):
        message = refused(
            lambda arn=arn: functions.deploy("def handler(event, context): pass", Role=arn),
            "InvalidParameterValueException",
            400,
        )
        assert message == "The role defined for the function cannot be assumed by Lambda."


def test_a_function_may_do_what_its_execution_role_may(functions):
    """https://docs.aws.amazon.com/lambda/latest/dg/lambda-intro-execution-role.html"""
    code = """
        import boto3

        def handler(event, context):
            try:
                return boto3.client("sqs").list_queues().get("QueueUrls", [])
            except Exception as error:
                return str(error)
    """
    narrow = functions.role_for("narrow")
    name = functions.deploy(code, Role=narrow)
    arn = f"arn:aws:sts::{functions.account.id}:assumed-role/narrow/{name}"
    assert f"User: {arn} is not authorized to perform: sqs:listqueues" in functions.invoke(name).payload
    document = policy(allow("sqs:ListQueues"))
    functions.account("iam").put_role_policy(RoleName="narrow", PolicyName="list", PolicyDocument=document)
    assert functions.invoke(name).payload == []


def test_a_function_without_permission_for_logs_leaves_none(functions, eventually):
    """https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs.html#monitoring-cloudwatchlogs-prereqs"""
    code = "def handler(event, context): print('said')"
    silent, heard = functions.deploy(code, Role=functions.role_for("silent")), functions.deploy(code)
    functions.invoke(silent)
    functions.invoke(heard)
    assert eventually(lambda: functions.logged(heard, "said"))
    assert functions.logged(silent, "said") == []


def test_an_event_source_is_read_with_the_execution_role(functions, queue, aws):
    """CreateEventSourceMapping is refused where the role may not read the queue.

    https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html#events-sqs-permissions
    """
    name = functions.deploy("def handler(event, context): pass", Role=functions.role_for("blind"))
    message = refused(
        lambda: functions.client.create_event_source_mapping(FunctionName=name, EventSourceArn=queue[1]),
        "InvalidParameterValueException",
        400,
    )
    assert message == "The function execution role does not have permissions to call ReceiveMessage on SQS"


def test_a_state_machine_may_do_what_its_role_may(aws, queue, eventually):
    """https://docs.aws.amazon.com/step-functions/latest/dg/procedure-create-iam-role.html"""
    client = aws("stepfunctions")
    task = {
        "Type": "Task",
        "Resource": "arn:aws:states:::sqs:sendMessage",
        "Parameters": {"QueueUrl": queue[0], "MessageBody": "from the machine"},
        "End": True,
    }
    definition = json.dumps({"StartAt": "Send", "States": {"Send": task}})
    states = {"Service": "states.amazonaws.com"}

    def status(name, arn):
        machine = client.create_state_machine(name=name, definition=definition, roleArn=arn)["stateMachineArn"]
        execution = client.start_execution(stateMachineArn=machine)["executionArn"]
        return eventually(
            lambda: (
                (found := client.describe_execution(executionArn=execution))["status"] != "RUNNING" and found["status"]
            )
        )

    assert status("without", role(aws, principal=states)) == "FAILED"
    assert messages(aws, queue) == []
    assert status("with", role(aws, allow("sqs:SendMessage", queue[1]), principal=states)) == "SUCCEEDED"
    assert messages(aws, queue) == ["from the machine"]
