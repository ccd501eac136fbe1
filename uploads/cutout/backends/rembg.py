"""The embedded background remover: rembg with a network that runs in this process, on the CPU."""

import os
import threading
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from common.errors import ProviderError
from uploads.cutout.weights import DEFAULT_MODEL, check_model, prepare_home

# All permitted networks of the U2-Net family take this size and these statistics of ImageNet.
_INPUT_PX = (320, 320)
_MEAN = np.array((0.485, 0.456, 0.406), dtype=np.float32)
_SPREAD = np.array((0.229, 0.224, 0.225), dtype=np.float32)

# Two backends with different homes may load at once, and rembg reads the home from the process environment.
_environment_lock = threading.Lock()


class RembgBackend:
    """Finds the salient object of a picture with rembg; one session per backend, loaded at first use, thread safe.

    home: the folder that holds `<model>.onnx`; u2netp is placed there from the installed weights package. threads: how
    many the network runs on, by default what OMP_NUM_THREADS says.
    """

    def __init__(self, model: str = DEFAULT_MODEL, *, home: Path, threads: int | None = None) -> None:
        self.model = check_model(model)
        self.name = f"rembg:{model}"
        self._home = home
        self._threads = threads or int(os.environ.get("OMP_NUM_THREADS", "1"))
        self._session: Any = None
        self._lock = threading.Lock()

    def load(self) -> None:
        """Load the network now, so that a worker pays for it at start and not in its first job.

        Raises ProviderError: WeightsMissing when the weights are absent or altered, else when rembg cannot run here.
        """
        with self._lock:
            if self._session is None:
                self._session = self._new_session()

    def session(self) -> Any:
        """Return rembg's own session, loaded: what the benchmarks compare with."""
        self.load()
        return self._session

    def mask(self, rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return how salient each pixel is: float32 (H, W) in 0..1, stretched to the full range as rembg does.

        rgb: uint8 (H, W, 3). A picture of one single colour has no object and gets zeros; rembg would divide 0 by 0.
        """
        height_px, width_px = rgb.shape[:2]
        small = cv2.resize(np.ascontiguousarray(rgb), _INPUT_PX, interpolation=cv2.INTER_AREA)
        brightest = float(small.max())
        if bool(np.all(small == small[0, 0])):
            return np.zeros((height_px, width_px), dtype=np.float32)
        network = self.session().inner_session
        # What rembg's own session does around the network, in single precision and for the one output that is used:
        # its double-precision pictures and PIL's filters cost a quarter of the network's time at 2000 px.
        levels = (small.astype(np.float32) / np.float32(brightest) - _MEAN) / _SPREAD
        entry = network.get_inputs()[0].name
        (found,) = network.run([network.get_outputs()[0].name], {entry: levels.transpose(2, 0, 1)[None]})
        saliency = found[0, 0]
        low, high = float(saliency.min()), float(saliency.max())
        if high - low < 1e-6:
            return np.zeros((height_px, width_px), dtype=np.float32)
        stretched = ((saliency - low) / (high - low)).astype(np.float32)
        mask = cv2.resize(stretched, (width_px, height_px), interpolation=cv2.INTER_CUBIC)
        return np.clip(mask, 0, 1, out=mask)

    def _new_session(self) -> Any:
        prepare_home(self._home, self.model)
        # rembg imports kernels that numba would compile for 30 s; they serve only alpha matting, which we do not use.
        os.environ.setdefault("NUMBA_DISABLE_JIT", "1")
        try:
            import onnxruntime
            import rembg
        except (ImportError, SystemExit) as error:  # rembg exits the process when onnxruntime is missing
            raise ProviderError(
                f"rembg cannot be imported: {error}", provider=self.name, retryable=False
            ) from error
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = self._threads
        options.inter_op_num_threads = self._threads
        # Threads that wait for work by spinning would take the cores from the other processes.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        with _environment_lock:
            before = os.environ.get("U2NET_HOME")
            os.environ["U2NET_HOME"] = str(self._home)
            try:
                return rembg.new_session(self.model, sess_opts=options, providers=["CPUExecutionProvider"])
            finally:
                if before is None:
                    del os.environ["U2NET_HOME"]
                else:
                    os.environ["U2NET_HOME"] = before
