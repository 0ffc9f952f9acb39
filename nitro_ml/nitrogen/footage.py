"""The video itself beside its labels: `footage/VIDEO_ID.mp4` next to `actions/`, for labelled recordings of one's own.

NitroGen publishes labels only, so that its videos have to be fetched; whoever has the files lays them here instead.
"""

from pathlib import Path

from nitro_ml.core.files.video_files import is_video

FOLDER = "footage"


def footage(root: str) -> dict[str, Path]:
    """The files of `root/footage` by the video's id, which is the name without its ending.

    `root` is NitroGen's, as in `shards`; nothing where it is remote or has no such folder. Links are not followed; of
    two files of one id the first by name counts. Raises `OSError` where the folder can't be listed.
    """
    folder = Path(root, FOLDER)
    if "://" in root or not folder.is_dir():
        return {}
    files = [path for path in folder.iterdir() if is_video(path) and path.is_file() and not path.is_symlink()]
    return {path.stem: path for path in sorted(files, reverse=True)}
