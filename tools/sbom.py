"""The bill of materials of what is installed at run time (CycloneDX 1.6): `python -m tools.sbom [FILE]`.

It is made of the locks alone, so that the same commit makes the same file. Default: out/sbom.cdx.json.
"""

import json
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
LOCKS = ("requirements.txt", "requirements-weights.txt")


def pinned(text: str) -> set[str]:
    """The packages of a lock, as `name==version`."""
    return set(re.findall(r"^([a-z0-9][a-z0-9._-]*(?:\[[a-z0-9,-]+\])?==[^\s;\\]+)", text, re.MULTILINE))


def bill(text: str) -> str:
    """The bill of materials of these locks, valid by CycloneDX's own schema."""
    program = Path(sys.executable).with_name("cyclonedx-py")
    command = [
        str(program),
        "requirements",
        "--output-reproducible",
        "--spec-version",
        "1.6",
        "--validate",
        "-",
    ]
    return subprocess.run(command, input=text, capture_output=True, text=True, check=True).stdout


def main(arguments: Sequence[str]) -> int:
    """Writes the bill; 1 if it does not have exactly the locks' packages, each with a hash."""
    target = Path(arguments[0]) if arguments else PROJECT / "out" / "sbom.cdx.json"
    text = "\n".join((PROJECT / name).read_text() for name in LOCKS)
    try:
        made = bill(text)
    except subprocess.CalledProcessError as error:
        print(error.stderr)
        return 1
    components = json.loads(made)["components"]
    names = {f"{each['name']}=={each['version']}" for each in components}
    wanted = {re.sub(r"\[.*?\]", "", each) for each in pinned(text)}
    if names != wanted:
        print("the bill and the locks differ in: " + ", ".join(sorted(names ^ wanted)))
        return 1
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(made)
    print(f"{len(components)} packages")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
