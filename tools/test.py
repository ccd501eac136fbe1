"""The whole test run: every test in the embedded profile, every test in the production profile, the sums.

    python -m tools.test [--profile embedded|production] [arguments of pytest]

Both profiles run whatever the first one says. The exit code is 0 only if both passed in full: a skipped
test, a run without tests and a profile that could not start count as failures. The last line is `N passed,
N failed`.
"""

import argparse
import os
import sys
import tempfile
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path

from tests.services import ServicesUnavailable, exit_on_sigterm, run, services

SERVICE_NAMES = ("DATABASE_URL", "REDIS_URL")
PROFILES = ("embedded", "production")
PROCESSES = "3"  # on two cores: many tests wait, for servers and for time
TIMEOUT_S = "120"
PYTEST_SOME_FAILED = 1


@dataclass(frozen=True)
class Outcome:
    """What one profile came to; `complete` is False if pytest did not get to its end or found no test."""

    profile: str
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    seconds: float = 0.0
    complete: bool = False

    @property
    def counted_as_failed(self) -> int:
        """Failures and skips; one if there are none and the run is incomplete all the same."""
        return self.failed + self.skipped or int(not self.complete)


def pytest_run(profile: str, arguments: Sequence[str], urls: Mapping[str, str]) -> Outcome:
    """Run pytest in the profile and count what its own report says."""
    environment = {name: value for name, value in os.environ.items() if name not in SERVICE_NAMES}
    environment |= {"TEST_PROFILE": profile, "OMP_NUM_THREADS": "1", **urls}
    with tempfile.TemporaryDirectory(prefix="stolentee-report-") as folder:
        report = Path(folder) / "junit.xml"
        options = [
            "-n",
            PROCESSES,
            "--dist",
            "loadfile",
            "--no-loadscope-reorder",
            "--timeout",
            TIMEOUT_S,
            f"--junitxml={report}",
        ]
        exit_code = run([sys.executable, "-m", "pytest", *options, *arguments], environment)
        if not report.exists():  # pytest did not get beyond its arguments
            return Outcome(profile)
        # The report is our own pytest's, so its XML is harmless.
        suites = list(ElementTree.parse(report).getroot().iter("testsuite"))  # noqa: S314
    total, errors, failures, skipped = (
        sum(int(suite.get(name, "0")) for suite in suites)
        for name in ("tests", "errors", "failures", "skipped")
    )
    return Outcome(
        profile,
        passed=total - errors - failures - skipped,
        failed=errors + failures,
        skipped=skipped,
        complete=exit_code in (0, PYTEST_SOME_FAILED),
    )


def run_profile(profile: str, arguments: Sequence[str]) -> Outcome:
    """Run one profile with the servers that it needs."""
    print(f"\n=== {profile} profile ===", flush=True)
    started = time.monotonic()
    servers: AbstractContextManager[dict[str, str]] = (
        services() if profile == "production" else nullcontext({})
    )
    try:
        with servers as urls:
            outcome = pytest_run(profile, arguments, urls)
    except ServicesUnavailable as problem:
        print(problem, file=sys.stderr, flush=True)
        outcome = Outcome(profile)
    return replace(outcome, seconds=time.monotonic() - started)


def print_table(outcomes: Sequence[Outcome]) -> None:
    """Print a line per profile, what the figures hide, and the closing line."""
    print(f"\n{'profile':<12}{'passed':>8}{'failed':>8}{'skipped':>9}{'seconds':>9}")
    for outcome in outcomes:
        print(
            f"{outcome.profile:<12}{outcome.passed:>8}{outcome.failed:>8}{outcome.skipped:>9}{outcome.seconds:>9.1f}"
        )
    for outcome in outcomes:
        if not outcome.complete:
            print(f"The {outcome.profile} profile did not run to its end.")
    if any(outcome.skipped for outcome in outcomes):
        print("A skipped test counts as failed.")
    passed = sum(outcome.passed for outcome in outcomes)
    print(f"\n{passed} passed, {sum(outcome.counted_as_failed for outcome in outcomes)} failed", flush=True)


def main(arguments: Sequence[str]) -> int:
    """Run the profiles and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tools.test", allow_abbrev=False, description=__doc__)
    parser.add_argument("--profile", choices=PROFILES, help="only this profile")
    options, pytest_arguments = parser.parse_known_args(arguments)
    exit_on_sigterm()
    try:
        outcomes = [
            run_profile(profile, pytest_arguments)
            for profile in PROFILES
            if options.profile in (None, profile)
        ]
    except KeyboardInterrupt:
        return 130
    print_table(outcomes)
    return int(any(outcome.counted_as_failed for outcome in outcomes))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
