"""How Celery behaves here, whatever the environment: the outcome of a task is its row, and idle workers are quiet."""

from __future__ import annotations

from typing import Any

PUBLISH_RETRY_POLICY = {"max_retries": 1, "interval_start": 0, "interval_step": 0.1}
TASKS: dict[str, Any] = {
    "task_ignore_result": True,  # the outcome of a task is its database row
    "task_acks_late": True,
    "task_reject_on_worker_lost": True,
    "task_retry_on_worker_lost": True,  # a task that kills its process ends after its retries instead of never
    "task_soft_time_limit": 90,
    "task_time_limit": 120,
    "worker_prefetch_multiplier": 1,
    "worker_hijack_root_logger": False,
    "worker_cancel_long_running_tasks_on_connection_loss": True,
    # How long the worker waits for the result of a process that has died; see `workers.give_back_soon`.
    "worker_lost_wait": 1.0,
    # Upstash bills each command: no events, no remote control.
    "worker_send_task_events": False,
    "worker_enable_remote_control": False,
    "broker_connection_retry_on_startup": True,
    "broker_connection_max_retries": None,  # an outage of Redis may last; the worker waits for its end
}


def redis_transport(*, poll_interval_s: int) -> dict[str, Any]:
    """Kombu's options for Redis."""
    return {
        # Must exceed the longest task, or the broker hands it out a second time.
        "visibility_timeout": 900,
        "polling_interval": poll_interval_s,
        "socket_connect_timeout": 2,
        "socket_timeout": 30,
        "socket_keepalive": True,
        "health_check_interval": 25,
        # What a dead worker held comes back after the visibility time-out and the product of these two. Each look
        # costs six commands, and nothing depends on it: the sweeper rings for the row long before.
        "unacked_restore_interval": 300,
        "unacked_restore_throttle": 1,
        "global_keyprefix": "st:",
    }
