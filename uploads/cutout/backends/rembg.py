"""The embedded background remover: rembg with a network that runs in this process, on the CPU."""

import os
import threading
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from common.errors import ProviderError
from uploads.cutout.weights import DEFAULT_MODEL, check_model, prepare_home

# Two backends with different homes may load at once, and rembg reads the home from the process environment.
_environment_lock = threading.Lock()


class RembgBackend:
    """Finds the salient object of a picture with rembg; one session per backend, loaded at first use, thread safe.

    home: the folder that holds `<model>.onnx`; u2netp is placed there from the installed weights package.
    """

    def __init__(self, model: str = DEFAULT_MODEL, *, home: Path) -> None:
        self.model = check_model(model)
        self.name = f"rembg:{model}"
        self._home = home
        self._session: Any = None
        self._lock = threading.Lock()

    def load(self) -> None:
        """Load the network now, so that a worker pays for it at start and not in its first job.

        Raises ProviderError: WeightsMissing when the weights are absent or altered, else when rembg cannot run here.
        """
        with self._lock:
            if self._session is None:
                self._session = self._new_session()

    def mask(self, rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return how salient each pixel is: float32 (H, W) in 0..1, stretched by rembg to the full range.

        rgb: uint8 (H, W, 3). A picture of one single colour has no object and gets zeros; rembg would divide 0 by 0.
        """
        if bool(np.all(rgb == rgb[0, 0])):
            return np.zeros(rgb.shape[:2], dtype=np.float32)
        self.load()
        # The mask alone: rembg's own cut-out stores premultiplied colours as straight ones, which fringes dark.
        (mask,) = self._session.predict(Image.fromarray(np.ascontiguousarray(rgb)))
        return np.asarray(mask, dtype=np.float32) / np.float32(255)

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
        threads = int(os.environ.get("OMP_NUM_THREADS", "1"))
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = threads
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
