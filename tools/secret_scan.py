"""Looks for keys and passwords in the files that git tracks or would track: `python -m tools.secret_scan`.

Prints `file:line: what it looks like`, never the secret itself, and exits 1 if there is one.
"""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
PATTERNS = {
    "a private key": r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----",
    "a Stripe key": r"\b[sr]k_(?:live|test)_[A-Za-z0-9]{20,}",
    "a Stripe webhook secret": r"\bwhsec_[A-Za-z0-9+/]{24,}",
    "an AWS access key": r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b",
    "a Google API key": r"\bAIza[0-9A-Za-z_-]{35}",
    "a GitHub token": r"\b(?:gh[pousr]_[A-Za-z0-9]{36}|github_pat_[A-Za-z0-9_]{40,})",
    "a Slack token": r"\bxox[abprs]-[A-Za-z0-9-]{20,}",
    "a SendGrid key": r"\bSG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}",
    "a Resend key": r"\bre_[A-Za-z0-9]{8,}_[A-Za-z0-9]{16,}",
    "a Supabase key": r"\bsb_secret_[A-Za-z0-9_-]{20,}",
    "a signed token": r"\beyJ[A-Za-z0-9_-]{15,}\.eyJ[A-Za-z0-9_-]{15,}\.[A-Za-z0-9_-]{20,}",
    "a password in a URL": (
        r"\b(?:postgres(?:ql)?|rediss?|smtp|https?)://[^\s:/@]*:[^\s:/@{}$<>]+@"
        r"(?!(?:127\.0\.0\.1|localhost|db|postgres|redis|host|[\w.-]*example(?:\.\w+)?)\b)[\w-]+\.[\w.-]+"
    ),
}
FORBIDDEN_FILES = re.compile(
    r"(?:^|/)(?:\.env(?:\.(?!example$)[^/]+)?|id_(?:rsa|ed25519)|[^/]+\.(?:pem|p12|pfx))$"
)


def project_files(root: Path) -> list[Path]:
    """The files that git tracks or would add, relative to the root; every file of a tree without git."""
    if not (root / ".git").exists():
        return sorted(path.relative_to(root) for path in root.rglob("*") if path.is_file())
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True).stdout
    return sorted(Path(name) for name in listed.split("\0") if name and (root / name).is_file())


def findings(root: Path, path: Path) -> Iterator[tuple[int, str]]:
    """Line number and description of all that looks like a secret; line 0 is the file itself."""
    if FORBIDDEN_FILES.search(path.as_posix()):
        yield 0, "a file of a kind that holds secrets"
    content = (root / path).read_bytes()
    if b"\0" in content[:8192]:
        return
    for number, line in enumerate(content.decode("utf-8", "replace").splitlines(), start=1):
        for description, pattern in PATTERNS.items():
            if re.search(pattern, line):
                yield number, description


def main() -> int:
    """Scan the project; 1 if anything was found."""
    files = project_files(PROJECT)
    found = [f"{path}:{number}: {what}" for path in files for number, what in findings(PROJECT, path)]
    print("\n".join(found) if found else f"{len(files)} files, no secret")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
