"""What every background remover does, wherever it runs."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Removal:
    """What a remover kept of a picture.

    alpha: float32 (H, W) in 0..1, of the picture's own size. sent_bytes and received_bytes count what travelled; 0 in
    one's own process. credits: what a paid vendor charged.
    """

    alpha: NDArray[np.float32]
    sent_bytes: int = 0
    received_bytes: int = 0
    credits: Decimal = Decimal(0)


class BackgroundRemover(Protocol):
    """Raises ProviderError and nothing else."""

    name: str

    def remove(self, rgb: NDArray[np.uint8]) -> Removal:
        """rgb: uint8 (H, W, 3)."""
