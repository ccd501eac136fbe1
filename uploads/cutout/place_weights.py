"""Puts the verified weights into `REMBG_HOME` ahead of time: `python -m uploads.cutout.place_weights`."""

import os
import sys
from pathlib import Path

from uploads.cutout.weights import DEFAULT_MODEL, WeightsMissing, prepare_home


def main() -> int:
    """Prints where they are; 1, with the reason on stderr, if they are absent or altered."""
    try:
        print(prepare_home(Path(os.environ["REMBG_HOME"]), DEFAULT_MODEL))
    except KeyError:
        print("REMBG_HOME is not set.", file=sys.stderr)
        return 1
    except WeightsMissing as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
