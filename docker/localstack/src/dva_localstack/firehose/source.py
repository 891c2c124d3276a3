"""Delivery streams that read a Kinesis stream.

https://docs.aws.amazon.com/firehose/latest/dev/writing-with-kinesis-streams.html
"""

import logging
import threading
from collections.abc import Callable
from typing import Any

from localstack.services.lambda_.event_source_mapping.event_processor import EventProcessor
from localstack.services.lambda_.event_source_mapping.pipe_utils import get_internal_client
from localstack.services.lambda_.event_source_mapping.pollers.kinesis_poller import KinesisPoller
from localstack.services.lambda_.event_source_mapping.pollers.poller import EmptyPollResultsException

from dva_localstack.kinesis.pollers import follow_shards

LOG = logging.getLogger(__name__)

BUSY_SECONDS, ERROR_SECONDS = 0.25, 2.0
"""Pauses between polls: usually, and after an error."""

FROM_NOW_ON = {
    "StartingPosition": "LATEST",
    "BatchSize": 500,
    "MaximumRetryAttempts": -1,
    "MaximumRecordAgeInSeconds": -1,
}


class ToBuffer(EventProcessor):
    """Hands records to a buffer."""

    def __init__(self, add: Callable[[list[str]], None]) -> None:
        self.add = add

    def process_events_batch(self, input_events: list[dict[str, Any]]) -> None:
        """Hand over one batch."""
        self.add([event["data"] for event in input_events])

    def generate_event_failure_context(self, abort_condition: str, **more: Any) -> dict[str, Any]:
        """Return nothing: a buffer takes everything."""
        return {}


class Source:
    """The thread that reads a Kinesis stream for a delivery stream, from its creation on."""

    def __init__(self, stream_arn: str, configuration: dict[str, Any], add: Callable[[list[str]], None]) -> None:
        """Find the place from which to read.

        :param stream_arn: the delivery stream
        :param configuration: ARNs of the Kinesis stream and of the role that may read it
        :param add: gets the data of records, in base64
        :raises ClientError: the role may not read, or there is no such stream
        """
        follow_shards()
        arn, role = configuration["KinesisStreamARN"], configuration["RoleARN"]
        client = get_internal_client(
            arn=arn, role_arn=role, service_principal="firehose", source_arn=stream_arn, session_name="firehose"
        )
        self.poller = KinesisPoller(
            source_arn=arn,
            source_parameters={"KinesisStreamParameters": FROM_NOW_ON},
            source_client=client,
            processor=ToBuffer(add),
            invoke_identity_arn=role,
            partner_resource_arn=stream_arn,
            kinesis_namespace=False,
        )
        self.poller.shards = self.poller.initialize_shards()
        self._stop = threading.Event()
        threading.Thread(target=self._run, daemon=True, name=f"firehose-{stream_arn}").start()

    def stop(self) -> None:
        """Read no more."""
        self._stop.set()

    def _run(self) -> None:
        while not self._stop.is_set():
            pause = BUSY_SECONDS
            try:
                self.poller.poll_events()
            except EmptyPollResultsException:
                pass
            except Exception as error:
                LOG.info("%s cannot be read: %s", self.poller.source_arn, error)
                pause = ERROR_SECONDS
            self._stop.wait(pause)
        self.poller.close()
