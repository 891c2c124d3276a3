"""Consumers with enhanced fan-out: how many there are, and that they keep a stream from being deleted."""

from typing import Any

CONSUMERS = 20
"""Consumers of a stream: https://docs.aws.amazon.com/kinesis/latest/APIReference/API_RegisterStreamConsumer.html"""


def apply(kinesis: Any) -> None:
    """Mend registration and the deletion of streams."""
    register, delete = kinesis._register_consumer, kinesis._delete_stream

    def of(stream_arn: Any) -> int:
        return sum(consumer["StreamARN"] == stream_arn for consumer in kinesis._consumers.values())

    def register_consumer(data: Any) -> Any:
        if of(data.get("StreamARN")) >= CONSUMERS:
            message = f"A stream has {CONSUMERS} consumers at most."
            return kinesis.error_response_json("LimitExceededException", message, 400)
        answer = register(data)
        if answer[0] != 200:
            return answer
        shown = kinesis.json.loads(answer[2])["Consumer"]
        return kinesis.json_response({"Consumer": {**shown, "ConsumerStatus": "CREATING"}})

    def delete_stream(data: Any) -> Any:
        _, stream = kinesis._resolve_stream(data)
        if stream and of(stream["StreamARN"]) and not data.get("EnforceConsumerDeletion"):
            message = f"Stream {stream['StreamName']} has registered consumers; deregister them first."
            return kinesis.error_response_json("ResourceInUseException", message, 400)
        return delete(data)

    kinesis._register_consumer = register_consumer
    kinesis._delete_stream = delete_stream
