"""Where a stored file lies while the shop moves from one store to another."""

from __future__ import annotations

from django.db import models


class StoredObject(models.Model):
    """A file that has left the home store, or was never in it. A file without a row lies at home.

    `previous_address` is where the file was before it was moved, and still is: a rollback goes back to it. It is empty
    for a file that was written to the new store at once.
    """

    class Store(models.TextChoices):
        HOME = "home", "the store of S3_* or VAR_DIR"
        R2 = "r2", "the store of R2_*"

    area = models.CharField(max_length=10)
    name = models.CharField(max_length=200)
    store = models.CharField(max_length=10, choices=Store)
    address = models.CharField(max_length=500)
    previous_address = models.CharField(max_length=500, blank=True)
    sha256 = models.CharField(
        max_length=64, blank=True, help_text="Of the bytes read back from the new store."
    )
    size_bytes = models.PositiveBigIntegerField()
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        app_label = "uploads"
        ordering = ["created_at"]
        constraints = [models.UniqueConstraint(fields=["area", "name"], name="stored_object_once")]
        indexes = [models.Index(fields=["store", "created_at"], name="stored_object_store")]

    def __str__(self) -> str:
        return f"{self.area}/{self.name} in {self.store}"
