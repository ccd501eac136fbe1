"""The abstract model that every table of the shop builds on."""

from __future__ import annotations

import uuid

from django.db import models


class Record(models.Model):
    """A row with a random UUID as its key and the times of its making and last change."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    created_at = models.DateTimeField(auto_now_add=True, db_index=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        abstract = True
