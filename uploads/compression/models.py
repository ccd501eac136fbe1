"""The queue of record of the smaller pictures."""

from __future__ import annotations

from django.db import models

from common.work import WorkItem


class DerivativeWork(WorkItem):
    """The smaller and the better compressed files of one asset, still to be made."""

    asset = models.OneToOneField("uploads.Asset", on_delete=models.CASCADE, related_name="derivative_work")

    class Meta:
        app_label = "uploads"
        ordering = ["-created_at"]
        indexes = [models.Index(fields=["status", "available_at"], name="derivative_work_due")]

    def __str__(self) -> str:
        return f"derivatives of {self.asset_id} {self.status}"
