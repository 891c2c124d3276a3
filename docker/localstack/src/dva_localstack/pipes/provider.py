"""The Pipes API."""

from datetime import UTC, datetime
from typing import Any

from localstack.aws.api import RequestContext
from localstack.aws.api.pipes import (
    ConflictException,
    CreatePipeResponse,
    DeletePipeResponse,
    DescribePipeResponse,
    ListPipesResponse,
    ListTagsForResourceResponse,
    NotFoundException,
    PipesApi,
    StartPipeResponse,
    StopPipeResponse,
    TagResourceResponse,
    UntagResourceResponse,
    UpdatePipeResponse,
)
from localstack.services.plugins import Service, ServiceLifecycleHook
from localstack.utils.collections import PaginatedList

from dva_localstack.kinesis.pollers import follow_shards

from .checks import check
from .store import Pipe, pipes_stores
from .worker import Worker

PAGE = 100
"""Pipes that one ListPipes shows at most."""

NOT_KEPT = ("Name", "DesiredState", "Tags")
"""Parameters that are no part of a pipe's configuration."""


class PipesProvider(PipesApi, ServiceLifecycleHook):
    """Keeps pipes and runs a worker for each that shall run."""

    def __init__(self) -> None:
        self.workers: dict[str, Worker] = {}

    def on_before_stop(self) -> None:
        """Stop all pipes."""
        for worker in self.workers.values():
            worker.stop()

    def create_pipe(self, context: RequestContext, **request: Any) -> CreatePipeResponse:
        """Create a pipe, and start it unless it shall be stopped."""
        given = dict(context.service_request)
        name = given["Name"]
        check(given)
        pipes = self._pipes(context)
        if name in pipes:
            raise ConflictException(f"Pipe {name} already exists.", resourceId=name, resourceType="PIPE")
        pipe = Pipe(
            name=name,
            arn=f"arn:{context.partition}:pipes:{context.region}:{context.account_id}:pipe/{name}",
            request={key: value for key, value in given.items() if key not in NOT_KEPT},
            desired=given.get("DesiredState") or "RUNNING",
            state="CREATING",
            tags=dict(given.get("Tags") or {}),
        )
        pipes[name] = pipe
        answer = CreatePipeResponse(**shown(pipe))
        self._run(pipe)
        return answer

    def update_pipe(self, context: RequestContext, **request: Any) -> UpdatePipeResponse:
        """Change a pipe; its source stays."""
        given = dict(context.service_request)
        pipe = self._require(context, given["Name"])
        changed = {key: value for key, value in given.items() if key not in NOT_KEPT}
        check({**pipe.request, **changed})
        pipe.request = {**pipe.request, **changed}
        pipe.desired = given.get("DesiredState") or pipe.desired
        pipe.modified = datetime.now(UTC)
        pipe.state = "UPDATING"
        answer = UpdatePipeResponse(**shown(pipe))
        self._run(pipe)
        return answer

    def start_pipe(self, context: RequestContext, name: str, **request: Any) -> StartPipeResponse:
        """Start a stopped pipe."""
        pipe = self._require(context, name)
        pipe.desired, pipe.state = "RUNNING", "STARTING"
        answer = StartPipeResponse(**shown(pipe))
        self._run(pipe)
        return answer

    def stop_pipe(self, context: RequestContext, name: str, **request: Any) -> StopPipeResponse:
        """Stop a pipe; its source keeps what comes."""
        pipe = self._require(context, name)
        pipe.desired, pipe.state = "STOPPED", "STOPPING"
        answer = StopPipeResponse(**shown(pipe))
        self._run(pipe)
        return answer

    def delete_pipe(self, context: RequestContext, name: str, **request: Any) -> DeletePipeResponse:
        """Stop a pipe and forget it."""
        pipe = self._require(context, name)
        pipe.state = "DELETING"
        self._halt(pipe)
        del self._pipes(context)[name]
        answer = shown(pipe)
        answer["DesiredState"] = "DELETED"
        return DeletePipeResponse(**answer)

    def describe_pipe(self, context: RequestContext, name: str, **request: Any) -> DescribePipeResponse:
        """Return all about a pipe."""
        described: Any = self._require(context, name).described()
        return DescribePipeResponse(**described)

    def list_pipes(self, context: RequestContext, **request: Any) -> ListPipesResponse:
        """Return the pipes that the filters of the request allow."""
        given = context.service_request
        found: list[Any] = []
        for pipe in sorted(self._pipes(context).values(), key=lambda pipe: pipe.name):
            wanted = (
                pipe.name.startswith(given.get("NamePrefix") or "")
                and pipe.request["Source"].startswith(given.get("SourcePrefix") or "")
                and pipe.request["Target"].startswith(given.get("TargetPrefix") or "")
                and given.get("CurrentState") in (None, pipe.state)
                and given.get("DesiredState") in (None, pipe.desired)
            )
            if wanted:
                parts = {key: pipe.request[key] for key in ("Source", "Target", "Enrichment") if key in pipe.request}
                found.append({**pipe.summary(), **parts})
        page, token = PaginatedList(found).get_page(
            lambda pipe: pipe["Name"], next_token=given.get("NextToken"), page_size=given.get("Limit") or PAGE
        )
        return ListPipesResponse(Pipes=page, **({"NextToken": token} if token else {}))

    def tag_resource(
        self, context: RequestContext, resource_arn: str, tags: dict[str, str], **request: Any
    ) -> TagResourceResponse:
        """Add tags to a pipe."""
        self._require(context, resource_arn.split("/")[-1]).tags.update(tags)
        return TagResourceResponse()

    def untag_resource(
        self, context: RequestContext, resource_arn: str, tag_keys: list[str], **request: Any
    ) -> UntagResourceResponse:
        """Remove tags from a pipe."""
        pipe = self._require(context, resource_arn.split("/")[-1])
        pipe.tags = {key: value for key, value in pipe.tags.items() if key not in tag_keys}
        return UntagResourceResponse()

    def list_tags_for_resource(
        self, context: RequestContext, resource_arn: str, **request: Any
    ) -> ListTagsForResourceResponse:
        """Return a pipe's tags."""
        return ListTagsForResourceResponse(tags=self._require(context, resource_arn.split("/")[-1]).tags)

    def _pipes(self, context: RequestContext) -> dict[str, Pipe]:
        return pipes_stores[context.account_id][context.region].pipes

    def _require(self, context: RequestContext, name: str) -> Pipe:
        pipe = self._pipes(context).get(name)
        if pipe is None:
            raise NotFoundException(f"Pipe {name} does not exist.")
        return pipe

    def _run(self, pipe: Pipe) -> None:
        """Bring a pipe to its desired state, with its present configuration."""
        self._halt(pipe)
        if pipe.desired == "STOPPED":
            pipe.state = "STOPPED"
            return
        worker = self.workers[pipe.arn] = Worker(pipe)
        worker.start()

    def _halt(self, pipe: Pipe) -> None:
        if worker := self.workers.pop(pipe.arn, None):
            worker.stop()


def shown(pipe: Pipe) -> dict[str, Any]:
    """Return the members of an answer to a change."""
    return {key: value for key, value in pipe.summary().items() if key != "StateReason"}


def create_service() -> Service:
    """Return Pipes."""
    follow_shards()
    return Service.for_provider(PipesProvider())
