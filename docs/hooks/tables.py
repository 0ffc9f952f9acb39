"""The reference of the tables, from their schemas."""

from nitro_assets.lake.schemas import TABLES, Table
from nitro_ml.evaluation.markdown import markdown_table

HEAD = """# Tables and columns

The Delta tables under `NITRO_LAKE`. Each is partitioned by the one column whose values are replaced as a whole. How
their rows lie in files, and what lies beside them, says [Data and terms](../concepts/data.md).
"""


def page() -> str:
    """Markdown: a section for every table, a row for every column."""
    return "\n".join([HEAD, *map(_section, TABLES.values())])


def _section(table: Table) -> str:
    files = "partitions share files" if table.packed else "each partition has files of its own"
    rows = [
        {"Column": f"`{column}`", "Type": f"`{kind}`", "What it means": table.descriptions[column]}
        for column, kind in table.columns.items()
    ]
    facts = f"Made by `{table.asset}`, partitioned by `{table.partition}`; {files}."
    return f"## {table.name}\n\n{table.doc}\n\n{facts}\n\n{markdown_table(rows)}\n"
