"""Where workers run, decided by `NITRO_ENGINE` alone: processes of this machine, or jobs of a Ray cluster.

A worker is the same module either way, speaks Dagster Pipes, and reads its settings from `NITRO_*`.
"""

import json
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event
from typing import Any, Protocol

import dagster as dg
from dagster._core.pipes.context import PipesMessageHandler
from dagster._core.pipes.utils import PipesFileMessageReader
from dagster._utils import tail_file
from dagster_pipes import PipesParams

from nitro_assets.assets import ASSETS
from nitro_assets.settings import Settings
from nitro_ml.core.process import TUNING

LEVEL_TAG = "nitro/level"
"""The run tag with the `Level` of lineage/backlog.py; without it, `all`."""
POLL = 2.0  # seconds between two looks for a job's messages and its state


class Engine(Protocol):
    """Runs one worker to its end."""

    def run(self, context: dg.OpExecutionContext, asset: str, partitions: Sequence[str]) -> Sequence[Any]:
        """The worker's custom messages. Raises where the worker fails."""


class Local:
    """A process of this machine."""

    def run(self, context: dg.OpExecutionContext, asset: str, partitions: Sequence[str]) -> Sequence[Any]:
        command = [sys.executable, "-m", ASSETS[asset].worker]
        with TemporaryDirectory(prefix="nitro-messages-") as folder:
            client = dg.PipesSubprocessClient(message_reader=Messages(f"{folder}/messages"))
            extras = _extras(context, partitions)
            done = client.run(context=context, command=command, env={**TUNING, **os.environ}, extras=extras)
        return done.get_custom_messages()


class Ray:
    """A job of the cluster whose dashboard is at `settings.ray_address`; nitro is installed on its nodes.

    Messages travel through the lake, since Ray's own log stream cuts lines of more than 20,000 characters.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def run(self, context: dg.OpExecutionContext, asset: str, partitions: Sequence[str]) -> Sequence[Any]:
        from dagster_ray.core.pipes import PipesRayJobClient

        client = PipesRayJobClient(
            self.settings.ray_address, message_reader=_messages(self.settings, context.run_id), poll_interval=POLL
        )
        mine = {name: value for name, value in os.environ.items() if name.startswith("NITRO_")}
        done = client.run(
            context=context,
            submit_job_params={
                "entrypoint": f"python -m {ASSETS[asset].worker}",
                "runtime_env": {"env_vars": {**TUNING, **mine}},
            },
            extras=_extras(context, partitions),
        )
        return done.get_custom_messages()


class Messages(PipesFileMessageReader):
    """The messages in a file, each once it is there to its end.

    Dagster's own reader, when it looks while the worker writes, takes the half of a message for all of it and ends.
    """

    def _reader_thread(self, handler: PipesMessageHandler, is_resource_complete: Event) -> None:
        come = ""
        try:
            for part in tail_file(self._path, is_resource_complete.is_set):
                come += part
                if come.endswith("\n"):
                    handler.handle_message(json.loads(come))
                    come = ""
        except Exception:
            handler.report_pipes_framework_exception("the reader of a worker's messages", sys.exc_info())
            raise


def _extras(context: dg.OpExecutionContext, partitions: Sequence[str]) -> dict[str, Any]:
    return {"partitions": partitions, "level": context.run.tags.get(LEVEL_TAG, "all")}


def engine(settings: Settings) -> Engine:
    """The engine that the settings ask for."""
    return Ray(settings) if settings.engine == "ray" else Local()


def _messages(settings: Settings, run: str) -> dg.PipesMessageReader:
    """Through the lake's folder or bucket; nothing is left there afterwards."""
    if not settings.lake.startswith("s3://"):
        folder = Path(settings.lake) / "messages"
        folder.mkdir(parents=True, exist_ok=True)
        return Messages(str(folder / run), include_stdio_in_messages=True)

    import boto3
    from dagster_aws.pipes import PipesS3MessageReader

    bucket, _, prefix = settings.lake.removeprefix("s3://").partition("/")

    class Objects(PipesS3MessageReader):
        @contextmanager
        def get_params(self) -> Iterator[PipesParams]:
            with super().get_params() as params:
                where = f"{prefix}/messages/{run}".lstrip("/")
                yield {**params, "key_prefix": where}
                boto3.resource("s3").Bucket(bucket).objects.filter(Prefix=where + "/").delete()

    return Objects(bucket=bucket, client=boto3.client("s3"), interval=POLL, include_stdio_in_messages=True)
