"""The reference of the tables, from their schemas."""

from nitro_assets.lake.schemas import TABLES, Table
from nitro_ml.evaluation.markdown import markdown_table

HEAD = """# Tables and columns

This page describes the Delta tables under `NITRO_LAKE`. Each table is partitioned by one column, and the rows of a
partition are replaced as a whole. [Data and terms](../concepts/data.md) says how rows lie in files, and which files lie
beside the tables.
"""


def page() -> str:
    """Markdown: a section for every table, a row for every column."""
    return "\n".join([HEAD, *map(_section, TABLES.values())])


def _section(table: Table) -> str:
    files = "partitions share files" if table.packed else "each partition has files of its own"
    rows = [
        {"Column": f"`{column}`", "Type": f"`{kind}`", "Meaning": table.descriptions[column]}
        for column, kind in table.columns.items()
    ]
    facts = f"Made by `{table.asset}`, partitioned by `{table.partition}`; {files}."
    return f"## {table.name}\n\n{table.doc}\n\n{facts}\n\n{markdown_table(rows)}\n"
