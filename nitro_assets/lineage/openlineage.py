"""Lineage for other catalogues: one OpenLineage run event an artifact, from our own edges.

Inputs with their exact partitions and versions, the output with its version, rows and columns. A video is no dataset
and is not named: how many of them an input gave is told in its facet.
"""

import hashlib
import uuid
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import polars as pl
from openlineage.client import OpenLineageClient
from openlineage.client.event_v2 import InputDataset, Job, OutputDataset, Run, RunEvent, RunState
from openlineage.client.generated.base import DatasetFacet, InputDatasetFacet, OutputDatasetFacet
from openlineage.client.generated.dataset_version_dataset import DatasetVersionDatasetFacet
from openlineage.client.generated.input_statistics_input_dataset import InputStatisticsInputDatasetFacet
from openlineage.client.generated.output_statistics_output_dataset import OutputStatisticsOutputDatasetFacet
from openlineage.client.generated.schema_dataset import SchemaDatasetFacet, SchemaDatasetFacetFields
from openlineage.client.transport.file import FileConfig, FileTransport
from openlineage.client.transport.http import HttpConfig, HttpTransport

from nitro_assets.lake.schemas import TABLES
from nitro_assets.lake.store import Lake
from nitro_assets.lineage.state import Record, State
from nitro_assets.settings import Settings

PRODUCER = "https://github.com/OpenLineage/OpenLineage/tree/main/client/python"
NAMESPACE = uuid.UUID("6a3e6f0a-7c0c-5d0e-9b3f-1d6f7a9c2b10")


def events(lake: Lake, settings: Settings) -> Iterator[RunEvent]:
    """A COMPLETE event for every artifact on record. The run's id follows from the artifact's version, so that the
    same lake gives the same events."""
    records = State(lake, settings).records
    edges = lake.read("lineage_edges").collect()
    for (asset, partition), record in sorted(records.items()):
        mine = edges.filter(asset=asset, partition=partition, version=record.version)
        yield _event(lake, record, mine)


def _event(lake: Lake, record: Record, edges: pl.DataFrame) -> RunEvent:
    space = _namespace(lake)
    grouped = edges.group_by("input_asset", "input_partition", "input_version").agg(
        pl.sum("rows"), pl.n_unique("video_key").alias("videos")
    )
    inputs = [
        InputDataset(
            space,
            f"{row['input_asset']}/{row['input_partition']}",
            facets=_version(row["input_version"]),
            inputFacets=_read(row["rows"]),
        )
        for row in grouped.sort("input_asset", "input_partition").iter_rows(named=True)
    ]
    output = OutputDataset(
        space,
        f"{record.asset}/{record.partition}",
        facets=_version(record.version) | _schema(record.asset),
        outputFacets=_written(record.rows),
    )
    return RunEvent(
        eventType=RunState.COMPLETE,
        eventTime=record.at.isoformat(),
        producer=PRODUCER,
        run=Run(str(uuid.uuid5(NAMESPACE, f"{record.asset}/{record.partition}@{record.version}"))),
        job=Job(space, record.asset),
        inputs=inputs,
        outputs=[output],
    )


def _namespace(lake: Lake) -> str:
    """The lake as OpenLineage names it: `s3://bucket` or a file system, with a digest in place of a private path."""
    parts = urlsplit(lake.url)
    return (
        f"{parts.scheme}://{parts.netloc}"
        if parts.scheme
        else f"file://{hashlib.sha256(lake.url.encode()).hexdigest()[:12]}"
    )


def _version(version: str | None) -> dict[str, DatasetFacet]:
    return {"version": DatasetVersionDatasetFacet(datasetVersion=version, producer=PRODUCER)} if version else {}


def _schema(asset: str) -> dict[str, DatasetFacet]:
    if asset not in TABLES:
        return {}
    fields = [SchemaDatasetFacetFields(name=name, type=str(kind)) for name, kind in TABLES[asset].columns.items()]
    return {"schema": SchemaDatasetFacet(fields=fields, producer=PRODUCER)}


def _read(rows: int) -> dict[str, InputDatasetFacet]:
    return {"inputStatistics": InputStatisticsInputDatasetFacet(rowCount=rows, producer=PRODUCER)}


def _written(rows: int) -> dict[str, OutputDatasetFacet]:
    return {"outputStatistics": OutputStatisticsOutputDatasetFacet(rowCount=rows, producer=PRODUCER)}


def export(lake: Lake, settings: Settings, to: str) -> int:
    """Send the events to an `http(s)://` address, or write them to a file, one JSON a line; their number."""
    if "://" in to:
        transport = HttpTransport(HttpConfig(url=to))
    else:
        Path(to).write_text("")
        transport = FileTransport(FileConfig(log_file_path=to, append=True))  # type: ignore[assignment]
    client, count = OpenLineageClient(transport=transport), 0
    for event in events(lake, settings):
        client.emit(event)
        count += 1
    return count
