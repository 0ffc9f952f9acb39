"""`nitro policy`: NitroGen's released weights in and out."""

from pathlib import Path
from typing import Annotated

import typer

from nitro_ml.terminal.answer import AsJson, answer
from nitro_ml.terminal.progress import progress

app = typer.Typer(no_args_is_help=True, help="Import NitroGen's released weights, and export them again.")


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="The released checkpoint, ng.pt.")],
    out: Annotated[Path, typer.Option(help="The checkpoint's folder is made in here, named by its content hash.")],
    as_json: AsJson = False,
) -> None:
    """Make a checkpoint folder that plays and can be fine-tuned like any other. No code in the file is run.

    Example: nitro policy import ng.pt --out checkpoints
    """
    from nitro_ml.models.policy.released.folder import import_file

    with progress(f"reading {file.name}") as tell:
        made = import_file(file, out, progress=tell)
    answer([{"written": str(made.path), "sha256": made.card["source"]["sha256"]}], as_json)


@app.command()
def export(
    checkpoint: Annotated[Path, typer.Argument(help="The folder of an imported or fine-tuned checkpoint.")],
    out: Annotated[Path, typer.Option(help="The file to write; an existing file is never replaced.")],
    as_json: AsJson = False,
) -> None:
    """Write a file with the released names, which upstream's own loader reads.

    Example: nitro policy export checkpoints/3f0c... --out mine.pt
    """
    from nitro_ml.models.policy.released.folder import export_file

    with progress(f"writing {out.name}"):
        export_file(checkpoint, out)
    answer([{"written": str(out), "bytes": out.stat().st_size}], as_json)
