"""Several requests or workers in the same moment, each in a thread with a connection of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

from django.db import connection

from common.errors import DomainError, ProviderError
from demo.storefront import Refused

JOIN_TIMEOUT_S = 60


def at_once(steps: Sequence[Callable[[], Any]]) -> list[Any]:
    """What each step returned, or the code of its refusal, in the order of the steps.

    Any other error of a step is raised here.
    """
    barrier = threading.Barrier(len(steps))
    results: list[Any] = [None] * len(steps)
    errors: list[BaseException] = []

    def run(index: int) -> None:
        barrier.wait()
        try:
            results[index] = steps[index]()
        except Refused as refusal:
            results[index] = f"{refusal.status} {refusal.body['code']}"
        except DomainError as refusal:
            results[index] = refusal.code
        except ProviderError as error:
            results[index] = type(error).__name__
        except BaseException as error:  # a thread has nobody else to tell
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(index,)) for index in range(len(steps))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(JOIN_TIMEOUT_S)
    assert not any(thread.is_alive() for thread in threads), "they wait for each other"
    if errors:
        raise errors[0]
    return results
