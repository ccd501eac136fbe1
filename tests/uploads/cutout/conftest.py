"""The real network, loaded once for all tests of the cut-out."""

import pytest

from uploads.cutout.backends.rembg import RembgBackend


@pytest.fixture(scope="session")
def rembg(tmp_path_factory: pytest.TempPathFactory) -> RembgBackend:
    backend = RembgBackend(home=tmp_path_factory.mktemp("models"))
    backend.load()
    return backend
