"""Texts that were asked of Gemini: the question, the shape of the answer, the answer."""

from __future__ import annotations

from django.db import models

from common.work import WorkItem


class TextRequest(WorkItem):
    """A prompt with the JSON schema that its answer must fit. Whoever asks the same again finds the same row's answer.

    `cache_key` is the hash of the model, the prompt and the schema; `picture_file` names a private file that goes
    along, for the requests that may show a picture.
    """

    purpose = models.CharField(max_length=30)
    prompt = models.TextField()
    schema = models.JSONField()
    picture_file = models.CharField(max_length=200, blank=True)
    cache_key = models.CharField(max_length=64, db_index=True)
    answer = models.JSONField(null=True, blank=True)

    class Meta:
        app_label = "common"
        ordering = ["-created_at"]
        indexes = [models.Index(fields=["status", "available_at"], name="text_request_due")]

    def __str__(self) -> str:
        return f"{self.purpose} {self.id} {self.status}"
