"""Lineage as OpenLineage events: the same for the same lake, with versions, and without a video."""

import json
from pathlib import Path

from nitro_assets.lake.store import Lake
from nitro_assets.lineage.edges import Edge, record_edges
from nitro_assets.lineage.openlineage import export
from nitro_assets.lineage.state import Record, State
from nitro_assets.settings import Settings
from tests.assets.rows import ANNA, BERT


def test_inputs_partitions_and_versions_but_no_video(lake: Lake, settings: Settings, tmp_path: Path) -> None:
    State(lake, settings).record(Record("pseudo_labels", "0001", "r" * 16, {"code": "1"}, "v2", 30))
    edges = [Edge("video_index", "0001", "v1", key, rows) for key, rows in ((ANNA, 10), (BERT, 20))]
    record_edges(lake, "pseudo_labels", "0001", "v2", edges)
    record_edges(lake, "label_segments", "0001", "old", edges)
    written = [tmp_path / "one.ndjson", tmp_path / "two.ndjson"]
    assert [export(lake, settings, str(path)) for path in written] == [1, 1]
    assert written[0].read_text() == written[1].read_text()
    event = json.loads(written[0].read_text())
    assert event["eventType"] == "COMPLETE"
    assert event["job"]["name"] == "pseudo_labels"
    (read,), (made,) = event["inputs"], event["outputs"]
    assert (read["name"], made["name"]) == ("video_index/0001", "pseudo_labels/0001")
    assert read["facets"]["version"]["datasetVersion"] == "v1"
    assert read["inputFacets"]["inputStatistics"]["rowCount"] == 30
    assert made["facets"]["version"]["datasetVersion"] == "v2"
    assert {f["name"] for f in made["facets"]["schema"]["fields"]} > {"frame", "time", "j_left_x"}
    assert not any(key in written[0].read_text() for key in (ANNA, BERT))
