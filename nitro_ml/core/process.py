"""What an entry point sets for its process and the children of it. Importing `nitro_ml` sets nothing.

Both are read by the libraries as they are first used; neither changes a result.
"""

import os

TUNING = {
    # Huge pages for large tensors: a training on a CPU else spends an eighth of its time on page faults.
    "THP_MEM_ALLOC_ENABLE": "1",
    # A picture is small, and every process would start as many threads of OpenCV as there are cores.
    "OPENCV_FOR_THREADS_NUM": "1",
}


def tune() -> None:
    """Set what the environment doesn't say otherwise; before torch and OpenCV are imported."""
    for name, value in TUNING.items():
        os.environ.setdefault(name, value)
