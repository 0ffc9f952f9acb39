"""The plan as a picture: a page with one SVG, from the video on the left to the models on the right."""

from html import escape

from nitro_assets.assets import ASSETS
from nitro_assets.takedown.plan.plan import Plan

WIDTH, HEIGHT, GAP, MARGIN = 210, 46, 16, 24
COLOURS = {"video": "#4477aa", "rows": "#ccbb44", "model": "#ee6677", "made": "#aa3377"}
MEANING = {
    "video": "the videos",
    "rows": "holds their rows: rewritten without them",
    "model": "was trained on them: destroyed",
    "made": "was made with such a model: made again",
}
Node = tuple[str, str, str, str]
"""Column, kind, title, line below."""


def page(plan: Plan) -> str:
    """HTML that needs nothing else. It holds no identifier."""
    columns: dict[str, list[Node]] = {"": [("", "video", f"{len(plan.videos)} videos", plan.request)]}
    for artifact in plan.artifacts:
        columns.setdefault(artifact.asset, []).append(
            _node(artifact.asset, artifact.partition, artifact.through, artifact.rows)
        )
    order = ["", *(name for name in ASSETS if name in columns)]
    places = {node: (i, j) for i, name in enumerate(order) for j, node in enumerate(columns[name])}
    width = len(order) * (WIDTH + 2 * MARGIN)
    height = 40 + max(len(nodes) for nodes in columns.values()) * (HEIGHT + GAP)
    lines = [_line(places[a], places[b]) for a, b in _edges(order, columns)]
    boxes = [_box(node, place) for node, place in places.items()]
    heads = [
        f'<text x="{i * (WIDTH + 2 * MARGIN) + 4}" y="20" font-weight="bold">{escape(n)}</text>'
        for i, n in enumerate(order)
    ]
    inside = "".join(lines + boxes + heads)
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}">{inside}</svg>'
    key = "".join(
        f'<span style="background:{COLOURS[k]}">&nbsp;&nbsp;</span> {escape(m)} &nbsp; ' for k, m in MEANING.items()
    )
    stays = "".join(f"<li>{escape(what)}: {escape(why)}</li>" for what, why in plan.stays)
    facts = {
        **plan.rebuild,
        "rows to delete": plan.rows,
        "bytes to rewrite": plan.bytes,
        **plan.elsewhere,
        "seconds expected": plan.seconds,
    }
    table = "".join(f"<tr><td>{escape(name)}</td><td>{value:,}</td></tr>" for name, value in facts.items())
    return (
        f'<!doctype html><meta charset="utf-8"><title>{escape(plan.request)}</title>'
        f'<body style="font:13px sans-serif"><h1>Plan of {escape(plan.request)}</h1><p>hash {plan.hash}</p>'
        f"<p>{key}</p>{svg}<h2>What it takes</h2><table>{table}</table>"
        f"<h2>What stays</h2><ul>{stays}</ul></body>\n"
    )


def _node(asset: str, partition: str, through: str, rows: int) -> Node:
    kind = "rows" if through == "rows" else "made"
    if ASSETS[asset].is_checkpoint:
        kind = "model"
    return asset, kind, partition, f"{rows:,} rows"


def _edges(order: list[str], columns: dict[str, list[Node]]) -> list[tuple[Node, Node]]:
    """From each artifact to those of the assets that read it, within the closure."""
    found = []
    for name in order[1:]:
        sources = [r.asset for r in ASSETS[name].reads if r.asset in columns] or [""]
        for source in sources:
            for a in columns[source]:
                found += [
                    (a, b)
                    for b in columns[name]
                    if source == "" or ASSETS[source].partitions != ASSETS[name].partitions or a[2] == b[2]
                ]
    return found


def _line(start: tuple[int, int], end: tuple[int, int]) -> str:
    (x1, y1), (x2, y2) = _corner(start), _corner(end)
    x1, y1, y2, middle = x1 + WIDTH, y1 + HEIGHT // 2, y2 + HEIGHT // 2, (x1 + WIDTH + x2) // 2
    return f'<path d="M{x1} {y1} C{middle} {y1} {middle} {y2} {x2} {y2}" fill="none" stroke="#999"/>'


def _box(node: Node, place: tuple[int, int]) -> str:
    (x, y), (_, kind, title, below) = _corner(place), node
    return (
        f'<rect x="{x}" y="{y}" width="{WIDTH}" height="{HEIGHT}" rx="6" fill="{COLOURS[kind]}" fill-opacity="0.35"/>'
        f'<text x="{x + 8}" y="{y + 18}">{escape(title[:30])}</text>'
        f'<text x="{x + 8}" y="{y + 36}">{escape(below)}</text>'
    )


def _corner(place: tuple[int, int]) -> tuple[int, int]:
    return place[0] * (WIDTH + 2 * MARGIN), 32 + place[1] * (HEIGHT + GAP)
