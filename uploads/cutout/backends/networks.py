"""The same weights on two engines: MNN, and rembg's own session on onnxruntime.

MNN's convolutions (Winograd) need half of onnxruntime's time for u2netp, and a process holds 0.5 GB in the place of
0.87; the masks differ by less than a level of 255 (docs/adr/0020-two-engines-for-one-network.md).
"""

import ctypes
import os
import tempfile
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]

# What u2netp's file calls its input and the first, best of its outputs.
_ENTRY_SHAPE = (1, 3, 320, 320)
_SALIENCY = "1959"
_SALIENCY_SHAPE = (1, 1, 320, 320)

# Two networks with different homes may load at once, and rembg reads the home from the process environment.
_environment_lock = threading.Lock()
_output_lock = threading.Lock()


class EngineMissing(Exception):
    """The engine cannot be imported, or cannot read the weights."""


class EngineFailed(Exception):
    """The engine gave up on a picture."""


class Network(Protocol):
    """A loaded network; threads may ask it at once."""

    def saliency(self, levels: FloatArray) -> FloatArray:
        """Return how salient each pixel is, (320, 320), or raise EngineFailed. levels: (1, 3, 320, 320), normalised."""
        ...


class MnnNetwork:
    """u2netp on MNN. A session answers one thread at a time, so each thread that asks borrows one of its own."""

    def __init__(self, onnx: Path, threads: int) -> None:
        try:
            with _output_to_stderr():
                import MNN
            self._model = _converted(onnx)
        except ImportError as error:
            raise EngineMissing(f"MNN cannot be imported: {error}") from error
        self._mnn = MNN
        self._threads = threads
        self._interpreters: deque[tuple[Any, Any]] = deque()
        self._interpreters.append(self._opened())

    def saliency(self, levels: FloatArray) -> FloatArray:
        try:
            interpreter, session = self._interpreters.pop()
        except IndexError:
            interpreter, session = self._opened()
        try:
            entry = interpreter.getSessionInput(session)
            entry.copyFrom(self._tensor(_ENTRY_SHAPE, np.ascontiguousarray(levels, dtype=np.float32)))
            code = interpreter.runSession(session)  # releases the GIL
            if code:
                raise EngineFailed(f"MNN ended with code {code}")
            found = self._tensor(_SALIENCY_SHAPE, np.zeros(_SALIENCY_SHAPE, dtype=np.float32))
            interpreter.getSessionOutput(session, _SALIENCY).copyToHostTensor(found)
            return np.array(found.getNumpyData(), dtype=np.float32)[0, 0]
        finally:
            self._interpreters.append((interpreter, session))

    def _tensor(self, shape: tuple[int, ...], values: FloatArray) -> Any:
        return self._mnn.Tensor(
            shape, self._mnn.Halide_Type_Float, values, self._mnn.Tensor_DimensionType_Caffe
        )

    def _opened(self) -> tuple[Any, Any]:
        with tempfile.NamedTemporaryFile(suffix=".mnn") as file, _output_to_stderr():
            file.write(self._model)
            file.flush()
            interpreter = self._mnn.Interpreter(file.name)
            return interpreter, interpreter.createSession({"backend": "CPU", "numThread": self._threads})


class OnnxNetwork:
    """Any permitted network in the session that rembg makes for it."""

    def __init__(self, model: str, home: Path, threads: int) -> None:
        # rembg imports kernels that numba would compile for 30 s; they serve only alpha matting, which we do not use.
        os.environ.setdefault("NUMBA_DISABLE_JIT", "1")
        try:
            import onnxruntime
            import rembg
        except (ImportError, SystemExit) as error:  # rembg exits the process when onnxruntime is missing
            raise EngineMissing(f"rembg cannot be imported: {error}") from error
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = threads
        # Threads that wait for work by spinning would take the cores from the other processes.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        with _rembg_home(home):
            self.session = rembg.new_session(model, sess_opts=options, providers=["CPUExecutionProvider"])
        self._entry = self.session.inner_session.get_inputs()[0].name
        self._saliency = self.session.inner_session.get_outputs()[0].name

    def saliency(self, levels: FloatArray) -> FloatArray:
        (found,) = self.session.inner_session.run([self._saliency], {self._entry: levels})
        return np.asarray(found[0, 0], dtype=np.float32)


@lru_cache(maxsize=1)
def _converted(onnx: Path) -> bytes:
    """Return the network in MNN's own form, 0.5 s; made once by each process, so that it is never an older file's.

    The converter is called below its command, which would report each use to its vendor's servers.
    """
    with tempfile.TemporaryDirectory(prefix="mnn-") as folder, _output_to_stderr():
        import _tools  # comes with MNN

        target = Path(folder) / "network.mnn"
        _tools.mnnconvert(
            ["", "-f", "ONNX", "--modelFile", str(onnx), "--MNNModel", str(target), "--bizCode", "shop"]
        )
        if not target.is_file():
            raise EngineMissing(f"MNN cannot read {onnx.name}.")
        return target.read_bytes()


@contextmanager
def _output_to_stderr() -> Iterator[None]:
    """MNN prints what it does to the standard output, which may be a log that is read by machines."""
    with _output_lock:
        before = os.dup(1)
        os.dup2(2, 1)
        try:
            yield
        finally:
            ctypes.CDLL(None).fflush(None)  # C keeps a buffer of its own
            os.dup2(before, 1)
            os.close(before)


@contextmanager
def _rembg_home(home: Path) -> Iterator[None]:
    """`U2NET_HOME` for rembg, and the environment as it was afterwards."""
    with _environment_lock:
        before = os.environ.get("U2NET_HOME")
        os.environ["U2NET_HOME"] = str(home)
        try:
            yield
        finally:
            if before is None:
                del os.environ["U2NET_HOME"]
            else:
                os.environ["U2NET_HOME"] = before
