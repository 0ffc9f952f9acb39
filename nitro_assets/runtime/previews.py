"""What people look at in an asset's metadata: tables and small plots, as Pipes metadata values."""

import base64
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl
from matplotlib import colormaps
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.text import Text

from nitro_assets.lake.schemas import TABLES
from nitro_assets.lake.text import KEY, without_keys
from nitro_ml.evaluation.markdown import markdown_table

Value = dict[str, Any]


def markdown(text: str) -> Value:
    return {"raw_value": text, "type": "md"}


def table(rows: pl.DataFrame | Sequence[Mapping[str, Any]]) -> Value:
    """A table as a Markdown value."""
    return markdown(markdown_table(rows.to_dicts() if isinstance(rows, pl.DataFrame) else rows))


def schema(name: str) -> Value:
    """The columns of one of the lake's tables, each with its type and description."""
    made = TABLES[name]
    columns = [{"name": c, "type": str(t), "description": made.descriptions[c]} for c, t in made.columns.items()]
    return {"columns": columns}


def bars(values: Mapping[str, float], title: str, unit: str = "") -> Value:
    """A horizontal bar chart."""
    figure = Figure(figsize=(6, 0.6 + 0.3 * max(len(values), 1)), layout="constrained")
    axes = figure.subplots()
    axes.barh(list(values), list(values.values()), color="#4477aa")
    axes.invert_yaxis()
    axes.set_title(title, fontsize=10)
    axes.set_xlabel(unit)
    return _figure(figure, title)


def strips(rows: Mapping[str, Sequence[tuple[float, float, str]]], title: str) -> Value:
    """A strip a row, in colours by kind; a row is (start, end, kind) in seconds, one after the other."""
    kinds = sorted({kind for row in rows.values() for _, _, kind in row})
    colours = dict(zip(kinds, colormaps["tab20"](range(len(kinds))), strict=True))
    figure = Figure(figsize=(9, 0.9 + 0.25 * max(len(rows), 1)), layout="constrained")
    axes = figure.subplots()
    for y, row in enumerate(rows.values()):
        bars = [(start, end - start) for start, end, _ in row]
        axes.broken_barh(bars, (y - 0.4, 0.8), facecolors=[colours[kind] for _, _, kind in row])
    axes.set_yticks(range(len(rows)), list(rows), fontsize=7)
    axes.invert_yaxis()
    axes.set_xlabel("s")
    axes.set_title(title, fontsize=10)
    axes.legend(handles=[Patch(color=colours[kind], label=kind) for kind in kinds], fontsize=7, ncols=6)
    return _figure(figure, title)


def _figure(figure: Figure, title: str) -> Value:
    """Raises ValueError for a picture with a video key in it: as pixels no scanner would find it."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=80)
    if any(KEY.search(word.get_text()) for word in figure.findobj(Text)):
        raise ValueError(f"{without_keys(title)}: found a video key in a picture; number the videos instead.")
    return picture(buffer.getvalue(), "png", title)


def picture(data: bytes, kind: str, title: str) -> Value:
    """A PNG or GIF within Markdown: Dagster has no picture type."""
    return markdown(f"![{title}](data:image/{kind};base64,{base64.b64encode(data).decode()})")


def gif(path: Path, title: str) -> Value:
    return picture(path.read_bytes(), "gif", title)
