"""Debian packages on a machine that lacks them, without a service that stays behind.

Debian's `postgresql` creates a cluster and starts it, and `redis-server` starts a server. Neither is
wanted, for the tests start their own. While the packages are installed, a `policy-rc.d` forbids every
start, and `create_main_cluster` is off; afterwards their services are disabled.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

POLICY = Path("/usr/sbin/policy-rc.d")
CLUSTER_SETTINGS = Path("/etc/postgresql-common/createcluster.conf")
CLUSTER_SETTINGS_AS_SHIPPED = Path("/usr/share/postgresql-common/createcluster.conf")
APT_GET = (
    "apt-get",
    "-q",
    "-o",
    "DPkg::Lock::Timeout=300",
    "-o",
    "Dpkg::Options::=--force-confdef",
    "-o",
    "Dpkg::Options::=--force-confold",
)
UPDATE_TIMEOUT_S = 180
INSTALL_TIMEOUT_S = 600


def can_install() -> bool:
    """True if this process may install Debian packages: it is root, and there is an apt-get."""
    return os.geteuid() == 0 and shutil.which("apt-get") is not None


def install(packages: Sequence[str]) -> bool:
    """Install the packages and start no service; False, with apt's own words on stderr, if that failed."""
    names = " and ".join(packages)
    print(f"installing {names} with apt-get (no service is started) ...", file=sys.stderr, flush=True)
    with _nothing_starts(), _no_main_cluster():
        # A failed update is not the end: the lists that are there may do.
        _apt("update", timeout_s=UPDATE_TIMEOUT_S)
        if not _apt("install", "-y", "--no-install-recommends", *packages, timeout_s=INSTALL_TIMEOUT_S):
            return False
    for package in packages:
        # Each is named like its service, which must not start with the machine either.
        subprocess.run(["update-rc.d", package, "disable"], capture_output=True, check=False)
    return True


def _apt(*arguments: str, timeout_s: float) -> bool:
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive", "UCF_FORCE_CONFFOLD": "1"}
    try:
        done = subprocess.run(
            [*APT_GET, *arguments],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=timeout_s,
            check=False,
        )
    except subprocess.TimeoutExpired:
        print(f"apt-get {arguments[0]} did not end within {timeout_s:.0f} s", file=sys.stderr, flush=True)
        return False
    if done.returncode != 0:
        print(done.stdout[-2000:], file=sys.stderr, flush=True)
    return done.returncode == 0


@contextmanager
def _nothing_starts() -> Iterator[None]:
    """Forbid service starts by package scripts, unless the machine already has a policy of its own."""
    if POLICY.exists():
        yield
        return
    POLICY.write_text("#!/bin/sh\nexit 101\n")
    POLICY.chmod(0o755)
    try:
        yield
    finally:
        POLICY.unlink(missing_ok=True)


@contextmanager
def _no_main_cluster() -> Iterator[None]:
    """Keep `postgresql` from creating its `main` cluster, and put the shipped settings back afterwards."""
    if CLUSTER_SETTINGS.exists():
        yield
        return
    CLUSTER_SETTINGS.parent.mkdir(parents=True, exist_ok=True)
    CLUSTER_SETTINGS.write_text("create_main_cluster = false\n")
    try:
        yield
    finally:
        if CLUSTER_SETTINGS_AS_SHIPPED.exists():
            shutil.copyfile(CLUSTER_SETTINGS_AS_SHIPPED, CLUSTER_SETTINGS)
        else:
            CLUSTER_SETTINGS.unlink(missing_ok=True)
