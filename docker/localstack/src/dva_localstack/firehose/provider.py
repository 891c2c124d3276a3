"""LocalStack's Firehose provider with our repairs."""

import base64
import time
import uuid
from typing import Any

from botocore.exceptions import ClientError
from localstack.aws.api import RequestContext
from localstack.aws.api.firehose import (
    ConcurrentModificationException,
    CreateDeliveryStreamOutput,
    DeleteDeliveryStreamOutput,
    InvalidArgumentException,
    ListDeliveryStreamsOutput,
    PutRecordBatchOutput,
    PutRecordBatchResponseEntry,
    PutRecordOutput,
    ResourceNotFoundException,
    UpdateDestinationOutput,
)
from localstack.services.firehose.provider import FirehoseProvider
from localstack.services.plugins import Service
from localstack.utils.aws.arns import firehose_stream_arn, parse_arn

from .buffers import CLOCK, MIB, Buffer
from .checks import BATCH_BYTES, check_destination, completed
from .delivery import deliver
from .source import Source
from .transform import Item

DESTINATION = "destinationId-000000000001"
"""Id of a delivery stream's only destination."""

PAGE = 10
"""Names in a list: https://docs.aws.amazon.com/firehose/latest/APIReference/API_ListDeliveryStreams.html"""

FROM_KINESIS = "KinesisStreamAsSource"


class CheckedStreams(FirehoseProvider):
    """Faults: destinations are not checked and lack defaults; a change forgets what it does not name."""

    def __init__(self) -> None:
        super().__init__()
        self.buffers: dict[str, Buffer] = {}
        self.sources: dict[str, Source] = {}

    def on_before_stop(self) -> None:
        """Read and deliver nothing any more."""
        for source in self.sources.values():
            source.stop()
        CLOCK.stop()

    def create_delivery_stream(
        self, context: RequestContext, delivery_stream_name: str, **request: Any
    ) -> CreateDeliveryStreamOutput:
        """Create a delivery stream."""
        for name in ("extended_s3_destination_configuration", "s3_destination_configuration"):
            if given := request.get(name):
                request[name] = completed(given, name.startswith("extended"))
                if backup := given.get("S3BackupConfiguration"):
                    request[name]["S3BackupDescription"] = completed(backup, False)
                check_destination(request[name])
        reads = request.get("delivery_stream_type") == FROM_KINESIS
        kinesis = request.pop("kinesis_stream_source_configuration", None) if reads else None
        if reads and not kinesis:
            raise InvalidArgumentException("KinesisStreamSourceConfiguration must be specified.")
        if reads:
            # LocalStack reads Kinesis with a Java program; ours is a thread.
            request["delivery_stream_type"] = "DirectPut"
        answer = super().create_delivery_stream(context, delivery_stream_name, **request)
        stream = self.get_store(context.account_id, context.region).delivery_streams[delivery_stream_name]
        for destination in stream["Destinations"]:
            destination["DestinationId"] = DESTINATION
        if kinesis:
            self._read(stream, dict(kinesis))
        return answer

    def _read(self, stream: Any, configuration: dict[str, Any]) -> None:
        arn, name = stream["DeliveryStreamARN"], stream["DeliveryStreamName"]
        parts = parse_arn(arn)
        stream["DeliveryStreamType"] = FROM_KINESIS
        stream["Source"] = {"KinesisStreamSourceDescription": configuration}

        def add(data: list[str]) -> None:
            records: list[Any] = [{"Data": text} for text in data]
            self._put_records(parts["account"], parts["region"], name, records)

        try:
            self.sources[arn] = Source(arn, configuration, add)
        except ClientError as error:
            stream["DeliveryStreamStatus"] = "CREATING_FAILED"
            stream["FailureDescription"] = {"Type": "UNKNOWN_ERROR", "Details": str(error)}

    def update_destination(
        self,
        context: RequestContext,
        delivery_stream_name: str,
        current_delivery_stream_version_id: str,
        destination_id: str,
        **request: Any,
    ) -> UpdateDestinationOutput:
        """Change a destination; what the request leaves out stays."""
        stream = self._require(context, delivery_stream_name)
        if stream["VersionId"] != current_delivery_stream_version_id:
            raise ConcurrentModificationException(
                f"Cannot update firehose: {delivery_stream_name} since the current version id: {stream['VersionId']} "
                f"and specified version id: {current_delivery_stream_version_id} do not match"
            )
        if destination_id != DESTINATION:
            raise InvalidArgumentException(f"Destination Id {destination_id} not found")
        [destination] = stream["Destinations"]
        for name in ("Extended", ""):
            update = request.get(f"{name.lower()}_s3_destination_update".lstrip("_"))
            held = destination.get(f"{name}S3DestinationDescription")
            if update and held:
                request[f"{name.lower()}_s3_destination_update".lstrip("_")] = {**held, **update}
                check_destination({**held, **update})
        version = current_delivery_stream_version_id
        answer = super().update_destination(context, delivery_stream_name, version, destination_id, **request)
        stream["VersionId"] = str(int(version) + 1)
        return answer

    def delete_delivery_stream(
        self, context: RequestContext, delivery_stream_name: str, **request: Any
    ) -> DeleteDeliveryStreamOutput:
        """Delete a delivery stream; what waits in it is lost."""
        answer = super().delete_delivery_stream(context, delivery_stream_name, **request)
        arn = firehose_stream_arn(delivery_stream_name, context.account_id, context.region)
        if source := self.sources.pop(arn, None):
            source.stop()
        if buffer := self.buffers.pop(arn, None):
            buffer.clear()
        return answer

    def list_delivery_streams(
        self,
        context: RequestContext,
        limit: int | None = None,
        delivery_stream_type: str | None = None,
        exclusive_start_delivery_stream_name: str | None = None,
        **request: Any,
    ) -> ListDeliveryStreamsOutput:
        """Return names of delivery streams, ten unless told otherwise."""
        streams = self.get_store(context.account_id, context.region).delivery_streams
        names = [
            name
            for name, stream in sorted(streams.items())
            if name > (exclusive_start_delivery_stream_name or "")
            and delivery_stream_type in (None, stream["DeliveryStreamType"])
        ]
        page = names[: limit or PAGE]
        return ListDeliveryStreamsOutput(DeliveryStreamNames=page, HasMoreDeliveryStreams=len(page) < len(names))

    def _require(self, context: RequestContext, name: str) -> Any:
        stream = self.get_store(context.account_id, context.region).delivery_streams.get(name)
        if not stream:
            raise ResourceNotFoundException(f"Firehose {name} under account {context.account_id} not found.")
        return stream


class BufferedRecords(CheckedStreams):
    """Faults: each put is an object at once, whatever a transform, the prefix or the compression say."""

    def put_record(
        self, context: RequestContext, delivery_stream_name: str, record: Any, **request: Any
    ) -> PutRecordOutput:
        """Put a record."""
        self._check_puts(context, delivery_stream_name, [record])
        return super().put_record(context, delivery_stream_name, record, **request)

    def put_record_batch(
        self, context: RequestContext, delivery_stream_name: str, records: list[Any], **request: Any
    ) -> PutRecordBatchOutput:
        """Put up to 500 records."""
        self._check_puts(context, delivery_stream_name, records)
        return super().put_record_batch(context, delivery_stream_name, records, **request)

    def _check_puts(self, context: RequestContext, name: str, records: list[Any]) -> None:
        stream = self._require(context, name)
        if stream["DeliveryStreamType"] == FROM_KINESIS:
            raise InvalidArgumentException(f"This operation is not permitted on {FROM_KINESIS} delivery stream type.")
        if sum(len(record["Data"]) for record in records) > BATCH_BYTES:
            raise InvalidArgumentException(f"The records have more than {BATCH_BYTES} bytes together.")

    def _put_records(
        self, account_id: str, region_name: str, delivery_stream_name: str, unprocessed_records: list[Any]
    ) -> list[PutRecordBatchResponseEntry]:
        stream = self.get_store(account_id, region_name).delivery_streams.get(delivery_stream_name)
        [destination] = (stream or {"Destinations": []})["Destinations"] or [{}]
        target = destination.get("ExtendedS3DestinationDescription") or destination.get("S3DestinationDescription")
        if not stream or not target or "S3DestinationDescription" not in destination:
            return super()._put_records(account_id, region_name, delivery_stream_name, unprocessed_records)
        now = int(time.time() * 1000)
        items: list[Any] = [Item(as_text(record["Data"]), now) for record in unprocessed_records]
        size = sum(len(base64.b64decode(item.data)) for item in items)
        hints = target["BufferingHints"]
        buffer = self._buffer(stream)
        buffer.add(items, size, hints["SizeInMBs"] * MIB, hints["IntervalInSeconds"])
        return [PutRecordBatchResponseEntry(RecordId=str(uuid.uuid4())) for _ in items]

    def _buffer(self, stream: Any) -> Buffer:
        arn = stream["DeliveryStreamARN"]

        def hand_over(items: list[Any]) -> None:
            [destination] = stream["Destinations"]
            target = destination.get("ExtendedS3DestinationDescription") or destination["S3DestinationDescription"]
            deliver(arn, target, items)

        return self.buffers.setdefault(arn, Buffer(hand_over))


class CourseFirehoseProvider(BufferedRecords):
    """LocalStack's provider, mended; each base says which fault it mends."""


def as_text(data: str | bytes) -> str:
    """Return data in base64 as a text."""
    return data.decode() if isinstance(data, bytes) else data


def create_service() -> Service:
    """Return Firehose."""
    return Service.for_provider(CourseFirehoseProvider())
