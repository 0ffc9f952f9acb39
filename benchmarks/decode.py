"""Decode + resize to 256 x 256 against `ffmpeg -f null` and against what others use, on the same file and cores.

The peers come with `pip install --group bench`; torchcodec also wants the distribution's ffmpeg libraries (Debian's
package `ffmpeg`). One that isn't there, or doesn't run, is named and left out. Every contestant runs in a process of
its own, bound to its cores, in turn, round after round; a ratio compares times of one round, and the median of the
rounds counts. Start-up and imports are not in the times. On two cores we decode the file in two processes; ffmpeg and
the peers, in one process, may use two threads.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from itertools import islice
from pathlib import Path
from statistics import median

from benchmarks.figures import Figure
from benchmarks.strangers.clips import clips, encoded, scenes

ROOT = Path(__file__).parent.parent
SIZE = 256
NULL = "ffmpeg -f null"
GOALS = {1: 0.95, 2: 0.90}
ISOLATION = 1.03
WARM = "warm.mp4"


def nitro(path: Path, _threads: int) -> int:
    """`nitro_ml.video.decode.read`."""
    from nitro_ml.video.decode import read

    return sum(len(part) for part in read(path, SIZE))


def isolated(path: Path, _threads: int) -> int:
    """The same in a process of its own."""
    from nitro_ml.sandbox.video import Decoder

    with Decoder() as decoder:
        decoder.probe(path)  # start-up is not counted
        _start_clock()
        return sum(len(part) for part in decoder.read(path, SIZE))


def pyav(path: Path, threads: int) -> int:
    """PyAV as its manual shows it."""
    import av

    with av.open(str(path)) as container:
        container.streams.video[0].codec_context.thread_count = threads
        frames = container.decode(video=0)
        return sum(1 for frame in frames if len(frame.reformat(SIZE, SIZE, "rgb24").to_ndarray()) == SIZE)


def libav(path: Path, threads: int) -> int:
    """Decoding alone, in process: what no resize can be faster than."""
    import av

    with av.open(str(path)) as container:
        container.streams.video[0].codec_context.thread_count = threads
        return sum(1 for _ in container.decode(video=0))


def cv2_area(path: Path, threads: int) -> int:
    """OpenCV's reader and INTER_AREA."""
    import cv2

    cv2.setNumThreads(threads)
    capture = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG, [cv2.CAP_PROP_N_THREADS, threads])
    count = 0
    while (found := capture.read())[0]:
        cv2.cvtColor(cv2.resize(found[1], (SIZE, SIZE), interpolation=cv2.INTER_AREA), cv2.COLOR_BGR2RGB)
        count += 1
    return count


def torchcodec(path: Path, threads: int) -> int:
    """torchcodec with its Resize transform, in sequence."""
    from torchcodec.decoders import VideoDecoder
    from torchcodec.transforms import Resize

    decoder = VideoDecoder(
        str(path), num_ffmpeg_threads=threads, seek_mode="approximate", transforms=[Resize((SIZE, SIZE))]
    )
    return sum(len(decoder.get_frame_at(number).data) == 3 for number in range(len(decoder)))


def decord(path: Path, threads: int) -> int:
    """decord, in sequence."""
    from decord import VideoReader, cpu

    reader = VideoReader(str(path), ctx=cpu(0), width=SIZE, height=SIZE, num_threads=threads)
    return sum(1 for _ in (reader.next() for _ in range(len(reader))))


PEERS: dict[str, Callable[[Path, int], int]] = {
    "cv2 + INTER_AREA": cv2_area,
    "PyAV defaults": pyav,
    "torchcodec": torchcodec,
    "decord": decord,
}
CONTESTANTS = {"nitro": nitro, "nitro isolated": isolated, "libav, no resize": libav, **PEERS}


def run(quick: bool = False) -> list[Figure]:
    """Ratios of speed to `ffmpeg -f null`, per clip and number of cores; ours beside the fastest peer's."""
    rounds, frames = (1, 12) if quick else (3, 600)
    cores = sorted(os.sched_getaffinity(0))[: 1 if quick else 2]
    figures = []
    with tempfile.TemporaryDirectory(prefix="nitro-bench-") as folder:
        warm = encoded(Path(folder) / WARM, islice(scenes(), 10), 250)
        peers = [] if quick else [name for name in PEERS if runs(name, warm)]
        for clip, path in islice(clips(Path(folder), frames).items(), 1 if quick else None):
            for number in range(1, len(cores) + 1):
                names = ["nitro", "libav, no resize", *peers, *(["nitro isolated"] if number == 1 else [])]
                rates = [_round(path, names, cores[:number]) for _ in range(rounds)]
                figures += _figures(f"{clip}, {number} core{'s'[: number > 1]}", rates, number, peers)
    return figures


def runs(peer: str, clip: Path) -> bool:
    """Whether a peer can decode the clip here; one that can't is named on standard error, with the reason."""
    done = subprocess.run(_command(peer, clip, 1), capture_output=True, text=True, cwd=ROOT)
    if done.returncode:
        why = (done.stderr.strip().splitlines() or [f"it ended with status {done.returncode}"])[-1]
        print(f"{peer} is left out, since it doesn't run here: {why}", file=sys.stderr)
    return not done.returncode


def _command(name: str, path: Path, threads: int) -> list[str]:
    return [sys.executable, "-m", "benchmarks.decode", name, str(path), str(threads)]


def _figures(where: str, rates: list[dict[str, float]], number: int, peers: list[str]) -> list[Figure]:
    def ratio(name: str, other: str = NULL) -> float:
        return median(rate[name] / rate[other] for rate in rates)

    found = [Figure(f"{where}: nitro / null decode", ratio("nitro"), "ratio", GOALS[number])]
    found += [Figure(f"{where}: nitro / {peer}", ratio("nitro", peer), "ratio", 1.0) for peer in peers]
    found += [Figure(f"{where}: {peer} / null decode", ratio(peer), "ratio") for peer in peers]
    found.append(Figure(f"{where}: libav without resize / null decode", ratio("libav, no resize"), "ratio"))
    if number == 1:
        cost = ratio("nitro", "nitro isolated")
        found.append(Figure(f"{where}: time isolated / not", cost, "ratio", ISOLATION, "lower"))
    return found


def _round(path: Path, names: Iterable[str], cores: list[int]) -> dict[str, float]:
    """Frames a second of each, one after the other."""
    found = {NULL: _null(path, cores)}
    for name in names:
        alone = name.startswith("nitro")
        places = [[core] for core in cores] if alone else [cores]
        running = [_started(name, path, place, 1 if alone else len(cores)) for place in places]
        answers = [json.loads(process.communicate()[0]) for process in running]
        found[name] = sum(a["frames"] for a in answers) / max(a["seconds"] for a in answers)
    return found


def _started(name: str, path: Path, cores: list[int], threads: int) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        _command(name, path, threads),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        preexec_fn=lambda: os.sched_setaffinity(0, cores),
    )


def _null(path: Path, cores: list[int]) -> float:
    from imageio_ffmpeg import get_ffmpeg_exe

    options = f"-hide_banner -nostdin -benchmark -threads {len(cores)} -i".split()
    done = subprocess.run(
        [get_ffmpeg_exe(), *options, str(path), "-map", "0:v", "-f", "null", "-"],
        capture_output=True,
        text=True,
        check=True,
        preexec_fn=lambda: os.sched_setaffinity(0, cores),
    )
    frames = re.findall(r"frame=\s*(\d+)", done.stderr)[-1]
    seconds = re.findall(r"rtime=([\d.]+)s", done.stderr)[-1]
    return int(frames) / float(seconds)


_clock = 0.0


def _start_clock() -> None:
    global _clock
    _clock = time.perf_counter()


if __name__ == "__main__":
    contestant = CONTESTANTS[sys.argv[1]]
    contestant_path, thread_count = Path(sys.argv[2]), int(sys.argv[3])
    contestant(contestant_path.with_name(WARM), thread_count)  # imports and first touch
    _start_clock()
    done_frames = contestant(contestant_path, thread_count)
    print(json.dumps({"frames": done_frames, "seconds": time.perf_counter() - _clock}))
