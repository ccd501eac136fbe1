"""The embedded background remover: one of rembg's networks that runs in this process, on the CPU."""

import os
import threading
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from common.errors import ProviderError
from uploads.cutout.backends.networks import EngineFailed, EngineMissing, MnnNetwork, Network, OnnxNetwork
from uploads.cutout.weights import DEFAULT_MODEL, check_model, prepare_home

Engine = Literal["mnn", "onnxruntime"]

# All permitted networks of the U2-Net family take this size and these statistics of ImageNet.
_INPUT_PX = (320, 320)
_MEAN = np.array((0.485, 0.456, 0.406), dtype=np.float32)
_SPREAD = np.array((0.229, 0.224, 0.225), dtype=np.float32)


class RembgBackend:
    """Finds the salient object of a picture with rembg's network, loaded at first use; thread safe.

    home: the folder that holds `<model>.onnx`; u2netp is placed there from the installed weights package. engine: what
    u2netp runs on; a larger network always runs in rembg's own session. threads: how many it runs on, by default what
    OMP_NUM_THREADS says.
    """

    def __init__(
        self,
        model: str = DEFAULT_MODEL,
        *,
        home: Path,
        engine: Engine = "mnn",
        threads: int | None = None,
    ) -> None:
        self.model = check_model(model)
        self.name = f"rembg:{model}"
        self._engine = engine
        self._home = home
        self._threads = threads or int(os.environ.get("OMP_NUM_THREADS", "1"))
        self._network: Network | None = None
        self._lock = threading.Lock()

    def load(self) -> Network:
        """Load the network now, so that a worker pays for it at start and not in its first job.

        Raises ProviderError: WeightsMissing when the weights are absent or altered, else when it cannot run here.
        """
        with self._lock:
            if self._network is None:
                self._network = self._new_network()
            return self._network

    def mask(self, rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return how salient each pixel is: float32 (H, W) in 0..1, stretched to the full range as rembg does.

        rgb: uint8 (H, W, 3). A picture of one single colour has no object and gets zeros; rembg would divide 0 by 0.
        Raises ProviderError.
        """
        height_px, width_px = rgb.shape[:2]
        small = cv2.resize(np.ascontiguousarray(rgb), _INPUT_PX, interpolation=cv2.INTER_AREA)
        brightest = float(small.max())
        if bool(np.all(small == small[0, 0])):
            return np.zeros((height_px, width_px), dtype=np.float32)
        # What rembg's own session does around the network, in single precision and for the one output that is used:
        # its double-precision pictures and PIL's filters cost a quarter of the network's time at 2000 px.
        levels = (small.astype(np.float32) / np.float32(brightest) - _MEAN) / _SPREAD
        try:
            saliency = self.load().saliency(levels.transpose(2, 0, 1)[None])
        except EngineFailed as error:
            raise ProviderError(str(error), provider=self.name, retryable=True) from error
        low, high = float(saliency.min()), float(saliency.max())
        if high - low < 1e-6:
            return np.zeros((height_px, width_px), dtype=np.float32)
        stretched = ((saliency - low) / (high - low)).astype(np.float32)
        mask = cv2.resize(stretched, (width_px, height_px), interpolation=cv2.INTER_CUBIC)
        return np.clip(mask, 0, 1, out=mask)

    def _new_network(self) -> Network:
        weights = prepare_home(self._home, self.model)
        try:
            if self._engine == "mnn" and self.model == DEFAULT_MODEL:
                return MnnNetwork(weights, self._threads)
            return OnnxNetwork(self.model, self._home, self._threads)
        except EngineMissing as error:
            raise ProviderError(str(error), provider=self.name, retryable=False) from error
