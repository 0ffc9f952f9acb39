"""Every column says what it means, in the tables' own definition and where Dagster shows it."""

import pytest

from nitro_assets.lake.schemas import TABLES, Table
from nitro_assets.runtime import previews
from nitro_assets.runtime.worker_asset import _value

SHORTEST = 15  # characters; "The video." says nothing


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_every_column_has_a_description(table: Table) -> None:
    assert list(table.descriptions) == list(table.columns)
    for column, text in table.descriptions.items():
        assert len(text) > SHORTEST, f"{table.name}.{column}: say what it means, in which unit and range."
        assert text[0].isupper() or text[0] in "`0123456789", f"{table.name}.{column}: {text}"
        assert text.endswith((".", "...")), f"{table.name}.{column}: {text}"


def test_dagster_is_told_the_description_of_every_column() -> None:
    for name, table in TABLES.items():
        shown = _value("dagster/column_schema", previews.schema(name)).schema.columns
        assert {column.name: column.description for column in shown} == table.descriptions
