"""Where the processes of one machine share their counters: a folder that the library reads at its import."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

from django.conf import settings

_FILE_OF_PROCESS = re.compile(r"_(\d+)\.db$")


def share_metrics() -> None:
    """Makes every process with the same VAR_DIR count into one folder, as long as one of them lives.

    What processes that are gone have counted still counts, for counters must not fall; only their gauges are
    dropped. The first process after a full stop begins anew.
    """
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        folder = Path(os.environ["PROMETHEUS_MULTIPROC_DIR"])
    else:
        folder = settings.VAR_DIR / "metrics"
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)
    files = {path: _process_of(path) for path in folder.glob("*.db")} if folder.exists() else {}
    alive = {process for process in set(files.values()) if _is_alive(process)}
    if files and not alive:
        shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    for path, process in files.items():
        if process not in alive and path.name.startswith("gauge_live"):
            path.unlink(missing_ok=True)


def _process_of(path: Path) -> int:
    found = _FILE_OF_PROCESS.search(path.name)
    return int(found[1]) if found else 0


def _is_alive(process: int) -> bool:
    if process == os.getpid():
        return False  # a number that has come round again
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return process > 0
