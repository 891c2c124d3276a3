"""Retries of a stream's batch end with the mapping."""

from threading import Event

FAILS = """
    def handler(event, context):
        print("attempt")
        raise ValueError("cannot do it")
"""


def test_a_deleted_mapping_does_not_try_again(functions, eventually):
    """A batch that fails is retried by its mapping until its records expire; without the mapping nobody reads on.

    https://docs.aws.amazon.com/lambda/latest/api/API_DeleteEventSourceMapping.html
    """
    kinesis = functions.account("kinesis")
    kinesis.create_stream(StreamName="clicks", ShardCount=1)
    kinesis.get_waiter("stream_exists").wait(StreamName="clicks", WaiterConfig={"Delay": 1, "MaxAttempts": 30})
    kinesis.put_record(StreamName="clicks", PartitionKey="one", Data=b"click")
    arn = kinesis.describe_stream(StreamName="clicks")["StreamDescription"]["StreamARN"]
    name = functions.deploy(FAILS)
    uuid = functions.client.create_event_source_mapping(
        FunctionName=name, EventSourceArn=arn, StartingPosition="TRIM_HORIZON"
    )["UUID"]
    eventually(lambda: len(functions.logged(name, "attempt")) >= 2, 20)
    functions.client.delete_event_source_mapping(UUID=uuid)
    eventually(lambda: not functions.client.list_event_source_mappings(FunctionName=name)["EventSourceMappings"], 20)
    so_far = len(functions.logged(name, "attempt"))
    Event().wait(3)  # two or three retries would come in this time
    assert len(functions.logged(name, "attempt")) <= so_far + 1  # one may have been on its way
