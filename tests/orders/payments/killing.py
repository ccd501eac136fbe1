"""A process that ends itself with SIGKILL at a chosen step: a real death, on a real PostgreSQL.

A step is an SQL statement, both sides of a commit, and both sides of a call of the payment provider.
"""

from __future__ import annotations

import os
import signal
import sys
import traceback
from collections.abc import Callable
from typing import Any, NoReturn

from django.db import connection

from orders.payments.backends.testing import TestGateway as Gateway

_PROVIDER = ("create_intent", "retrieve_intent", "create_refund", "list_refunds")
_SAVEPOINTS = ("SAVEPOINT", "RELEASE", "ROLLBACK")
_LONGEST_SCENE_S = 30


def killed_at(step: int, scene: Callable[[], Any]) -> bool:
    """Plays the scene in a child. True where the child was killed at that step, False where it came to the end."""
    connection.close()  # the child must not speak on a connection of ours
    child = os.fork()
    if child == 0:
        _play(step, scene)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return True
    assert os.WEXITSTATUS(status) == 0, "the child failed; its traceback is in the captured standard error"
    return False


def _play(step: int, scene: Callable[[], Any]) -> NoReturn:
    code = 1
    try:
        signal.alarm(_LONGEST_SCENE_S)
        connection.settings_dict["OPTIONS"]["pool"] = False  # the pool's threads did not come along
        _die_at(step)
        scene()
        code = 0
    except BaseException:
        traceback.print_exc()
        sys.stderr.flush()
    finally:
        os._exit(code)  # nothing of the test run may end twice


def _die_at(step: int) -> None:
    passed = 0

    def count() -> None:
        nonlocal passed
        passed += 1
        if passed == step:
            os.kill(os.getpid(), signal.SIGKILL)

    def execute(run: Callable[..., Any], sql: str, *rest: Any) -> Any:
        if not sql.startswith(_SAVEPOINTS):
            count()
        return run(sql, *rest)

    def on_both_sides(real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            count()
            answer = real(*args, **kwargs)
            count()
            return answer

        return call

    connection.execute_wrappers.append(execute)
    connection._commit = on_both_sides(connection._commit)
    for name in _PROVIDER:
        setattr(Gateway, name, on_both_sides(getattr(Gateway, name)))
