"""`nitro policy`: NitroGen's released weights in and out."""

from pathlib import Path
from typing import Annotated

import typer

from nitro_ml.terminal.answer import AsJson, answer
from nitro_ml.terminal.progress import progress

app = typer.Typer(no_args_is_help=True, help="NitroGen's released weights: read them, and write them back.")


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="The released checkpoint, ng.pt.")],
    out: Annotated[Path, typer.Option(help="Folder that gets the checkpoint's folder, named by its content.")],
    as_json: AsJson = False,
) -> None:
    """A checkpoint folder that plays and is fine-tuned like any other. Nothing in the file is run.

    Example: nitro policy import ng.pt --out checkpoints
    """
    from nitro_ml.models.policy.released.folder import import_file

    with progress(f"reading {file.name}") as tell:
        made = import_file(file, out, progress=tell)
    answer([{"written": str(made.path), "sha256": made.card["source"]["sha256"]}], as_json)


@app.command()
def export(
    checkpoint: Annotated[Path, typer.Argument(help="Folder of an imported or fine-tuned checkpoint.")],
    out: Annotated[Path, typer.Option(help="The new file; one that is there stays.")],
    as_json: AsJson = False,
) -> None:
    """A file under the released names, which upstream's own loader reads.

    Example: nitro policy export checkpoints/3f0c... --out mine.pt
    """
    from nitro_ml.models.policy.released.folder import export_file

    with progress(f"writing {out.name}"):
        export_file(checkpoint, out)
    answer([{"written": str(out), "bytes": out.stat().st_size}], as_json)
