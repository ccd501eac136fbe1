"""Memory and disk of this machine and process, from the kernel's own accounts."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

_CGROUP_LIMIT = Path("/sys/fs/cgroup/memory.max")
_CGROUP_USED = Path("/sys/fs/cgroup/memory.current")
_CGROUP_STAT = Path("/sys/fs/cgroup/memory.stat")


def memory_facts() -> dict[str, Any]:
    """Bytes of this process, and of the machine or the container that it lives in, whichever is smaller."""
    page_bytes = os.sysconf("SC_PAGE_SIZE")
    total = os.sysconf("SC_PHYS_PAGES") * page_bytes
    available = _available_bytes(default=total)
    limit, used = _container_bytes()
    if limit is not None and used is not None and limit < total:
        total, available = limit, max(0, limit - used)
    return {
        "rss_bytes": _resident_pages() * page_bytes,
        "total_bytes": total,
        "available_bytes": available,
        "used_percent": round((total - available) / total * 100, 1),
    }


def disk_percent(folder: Path) -> float:
    usage = shutil.disk_usage(folder)
    return round(usage.used / usage.total * 100, 1)


def _resident_pages() -> int:
    statm = Path("/proc/self/statm")
    return int(statm.read_text().split()[1]) if statm.exists() else 0


def _available_bytes(*, default: int) -> int:
    """Memory that can be had without swapping, or `default` where the kernel does not tell."""
    meminfo = Path("/proc/meminfo")
    if meminfo.exists():
        for line in meminfo.read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    return default


def _container_bytes() -> tuple[int | None, int | None]:
    """The container's limit and what counts against it; the page cache does not, for it is given back."""
    try:
        limit = _CGROUP_LIMIT.read_text().strip()
        used = int(_CGROUP_USED.read_text())
        cached = next(
            int(line.split()[1])
            for line in _CGROUP_STAT.read_text().splitlines()
            if line.startswith("inactive_file ")
        )
    except (OSError, ValueError, StopIteration):
        return None, None
    return (int(limit), used - cached) if limit.isdigit() else (None, None)


_last_processor_times: tuple[int, int] | None = None


def cpu_busy_percent() -> float:
    """How busy all processors were since this process last asked; at its first time, since the machine was started."""
    global _last_processor_times
    stat = Path("/proc/stat")
    if not stat.exists():
        return round(min(100.0, os.getloadavg()[0] / (os.cpu_count() or 1) * 100), 1)
    times = [int(word) for word in stat.read_text().splitlines()[0].split()[1:9]]
    total, idle = sum(times), times[3] + times[4]
    before = _last_processor_times or (0, 0)
    _last_processor_times = (total, idle)
    passed = total - before[0]
    return round((1 - (idle - before[1]) / passed) * 100, 1) if passed > 0 else 0.0
