"""mkdocs' hook: the pages that are written by the code itself, made anew at every build."""

from collections.abc import Callable
from typing import Any

from mkdocs.structure.files import File, Files

from docs.hooks import api, assets, commands, decisions, settings, tables

PAGES: dict[str, Callable[[], str]] = {
    "reference/settings.md": settings.page,
    "reference/tables.md": tables.page,
    "reference/assets.md": assets.page,
    "reference/commands.md": commands.page,
    "adr/README.md": decisions.page,
    **{f"reference/api/{name}.md": page for name, page in api.pages().items()},
}
"""By their place within `docs/`, where no file of that name lies."""


def on_files(files: Files, config: Any) -> Files:
    """Adds the made pages, which then are like any other to the navigation, links and search."""
    for place, page in PAGES.items():
        files.append(File.generated(config, place, content=page()))
    return files
