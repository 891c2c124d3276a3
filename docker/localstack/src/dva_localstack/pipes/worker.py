"""A thread for each running pipe: polls the source, and sends what matches through the pipe."""

import logging
import threading
from typing import Any

from localstack.services.lambda_.event_source_mapping.event_processor import (
    BatchFailureError,
    EventProcessor,
    PartialBatchFailureError,
)
from localstack.services.lambda_.event_source_mapping.pollers.dynamodb_poller import DynamoDBPoller
from localstack.services.lambda_.event_source_mapping.pollers.kinesis_poller import KinesisPoller
from localstack.services.lambda_.event_source_mapping.pollers.poller import EmptyPollResultsException, Poller
from localstack.services.lambda_.event_source_mapping.pollers.sqs_poller import SqsPoller
from localstack.services.lambda_.event_source_mapping.senders.sender import PartialFailureSenderError, SenderError

from .checks import SOURCES, service_of
from .store import Pipe
from .targets import client_for, deliver, enrich
from .templates import fill

LOG = logging.getLogger(__name__)

BUSY_SECONDS, EMPTY_SECONDS, ERROR_SECONDS = 0.05, 0.5, 2.0
"""Pauses between polls: after events, after none, after an error."""


OF_A_STREAM = {"BatchSize": 100, "MaximumRetryAttempts": -1, "MaximumRecordAgeInSeconds": -1}
"""What a stream's parameters are if a pipe does not say; -1 means without end."""


class PipeProcessor(EventProcessor):
    """Sends batches through a pipe: enrichment, template, target."""

    def __init__(self, pipe: Pipe) -> None:
        self.pipe = pipe

    def process_events_batch(self, input_events: list[dict[str, Any]]) -> None:
        """Process one batch.

        :raises PartialBatchFailureError: the target named items that failed
        :raises BatchFailureError: enrichment or target failed; the source's retries follow
        """
        try:
            self._process(list(input_events))
        except PartialFailureSenderError as error:
            raise PartialBatchFailureError(partial_failure_payload=error.partial_failure_payload) from error
        except SenderError as error:
            LOG.info("Pipe %s: %s", self.pipe.name, error.message)
            raise BatchFailureError(error=error.error) from error
        except Exception as error:
            LOG.info("Pipe %s: %s", self.pipe.name, error)
            raise BatchFailureError(error={"message": str(error)}) from error

    def _process(self, events: list[Any]) -> None:
        request = self.pipe.request
        if request.get("Enrichment"):
            events = enrich(self.pipe, self._shaped(events, request.get("EnrichmentParameters")))
        if events:
            deliver(self.pipe, self._shaped(events, request.get("TargetParameters")))

    def _shaped(self, events: list[Any], parameters: dict[str, Any] | None) -> list[Any]:
        template = (parameters or {}).get("InputTemplate")
        if not template:
            return events
        names = {
            "aws.pipes.pipe-arn": self.pipe.arn,
            "aws.pipes.pipe-name": self.pipe.name,
            "aws.pipes.source-arn": self.pipe.request["Source"],
            "aws.pipes.target-arn": self.pipe.request["Target"],
            "aws.pipes.enrichment-arn": self.pipe.request.get("Enrichment") or "",
        }
        return [fill(template, event, names) for event in events]

    def generate_event_failure_context(self, abort_condition: str, **more: Any) -> dict[str, Any]:
        """Return what a stream's dead letter says about the failure."""
        return {
            "context": {
                "partnerResourceArn": self.pipe.arn,
                "condition": abort_condition,
                "approximateInvokeCount": more.get("attempts_count"),
            }
        }


def poller_for(pipe: Pipe) -> Poller:
    """Return LocalStack's poller for a pipe's source."""
    source = pipe.request["Source"]
    service = service_of(source)
    given = pipe.request.get("SourceParameters") or {}
    defaults = {} if service == "sqs" else OF_A_STREAM
    parameters = {**given, SOURCES[service]: {**defaults, **(given.get(SOURCES[service]) or {})}}
    common: dict[str, Any] = {
        "source_arn": source,
        "source_parameters": parameters,
        "source_client": client_for(pipe, source),
        "processor": PipeProcessor(pipe),
    }
    if service == "sqs":
        return SqsPoller(**common)
    if service == "kinesis":
        return KinesisPoller(
            **common,
            invoke_identity_arn=pipe.request["RoleArn"],
            partner_resource_arn=pipe.arn,
            kinesis_namespace=False,
        )
    return DynamoDBPoller(**common, partner_resource_arn=pipe.arn)


class Worker:
    """The thread of one running pipe."""

    def __init__(self, pipe: Pipe) -> None:
        self.pipe = pipe
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True, name=f"pipe-{pipe.name}")

    def start(self) -> None:
        """Begin to poll."""
        self._thread.start()

    def stop(self) -> None:
        """Poll no more; a batch that is on its way is finished."""
        self._stop.set()

    def _run(self) -> None:
        poller: Poller | None = None
        while not self._stop.is_set():
            pause = BUSY_SECONDS
            try:
                poller = poller or poller_for(self.pipe)
                self.pipe.state, self.pipe.reason = "RUNNING", None
                poller.poll_events()
            except EmptyPollResultsException:
                pause = EMPTY_SECONDS
            except Exception as error:
                LOG.info("Pipe %s cannot poll: %s", self.pipe.name, error)
                if poller is None:
                    self.pipe.state, self.pipe.reason = "START_FAILED", str(error)
                pause = ERROR_SECONDS
            self._stop.wait(pause)
        if poller:
            poller.close()
