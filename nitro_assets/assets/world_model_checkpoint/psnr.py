"""The figures that both world models are shown with."""

from typing import Any

from nitro_assets.runtime import previews

PSNR = "PSNR, dB"


def psnr_table(metrics: dict[str, Any]) -> previews.Value:
    """As a table for Dagster's page."""
    return previews.table(psnr_rows(metrics))


def psnr_rows(metrics: dict[str, Any]) -> list[dict[str, Any]]:
    """One row a game: PSNR over all pixels, and over changed ones, by what the model was given."""
    rows = []
    for game, found in metrics["psnr"].items():
        row: dict[str, Any] = {"game": game}
        for way, psnr in found.items():
            row |= {f"{way}, {pixels}": value for pixels, value in psnr.items()}
        rows.append(row)
    return rows
