"""The field: pages, listings, issues and video files with every kind of trouble, each against its known right answer.

None may stop another, be refused wrongly, or be accepted wrongly; see docs/labbook/field.md.
"""

from benchmarks.figures import Figure
from benchmarks.strangers.files import files
from benchmarks.strangers.pages import pages


def run(quick: bool = False) -> list[Figure]:
    """Counts against goals of none: first of pages, listings and issues, then of files."""
    return [*pages(quick), *files(quick)]
