"""Uploads, their public files, and the jobs that the storefront polls."""

from __future__ import annotations

import json
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.views.decorators.http import require_safe
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.parsers import BaseParser, MultiPartParser
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.permissions import Anyone, SignedIn, current_user, signed_in_user
from common.api import TimestampField, envelope, success
from uploads import services, signed
from uploads.events import JobStream
from uploads.intake import CHUNK_BYTES, IntakeFile, IntakeHandler, UploadRejected
from uploads.models import Asset, Job
from uploads.selectors import job_get
from uploads.serializers import (
    AssetSerializer,
    CompleteRequestSerializer,
    JobSerializer,
    JobSummarySerializer,
    SignedUrlRequestSerializer,
)
from uploads.storage.serving import public_response

_UPLOAD = inline_serializer("UploadRequest", {"file": serializers.FileField()})
_PHOTO = inline_serializer(
    "ShirtPhotoRequest",
    {"file": serializers.FileField(), "photo_consent": serializers.BooleanField(default=False)},
)
_JOB = inline_serializer("JobEnvelope", {"success": serializers.BooleanField(), "job": JobSerializer()})
_YES = {"1", "true", "yes", "on"}


class UploadView(APIView):
    """A form with one file, which is counted and hashed while it arrives and never held in memory."""

    permission_classes = [Anyone]
    parser_classes = [MultiPartParser]

    def file_limit_bytes(self) -> int:
        """The size limit of this endpoint."""
        return settings.UPLOAD_FILE_MAX_BYTES

    def initialize_request(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Request:
        request.upload_handlers = [IntakeHandler(request, limit_bytes=self.file_limit_bytes())]
        return super().initialize_request(request, *args, **kwargs)

    def uploaded(self, request: Request) -> IntakeFile:
        """The form's `file`. Raises UploadRejected where it is missing or too large."""
        file = request.FILES.get("file")
        if not isinstance(file, IntakeFile):
            raise UploadRejected("No file provided", code="file_missing")
        return file


class FileUploadView(UploadView):
    @extend_schema(
        request={"multipart/form-data": _UPLOAD},
        responses={201: envelope("FileUpload", asset=AssetSerializer)},
    )
    def post(self, request: Request) -> Response:
        with self.uploaded(request) as file:
            asset = services.asset_create(
                file.as_incoming(),
                original_name=file.name or "upload",
                owner=current_user(request),
                owner_type=Asset.OwnerType.CUSTOMER,
                allowed_types=services.FILE_TYPES,
                refusal=services.FILE_REFUSAL,
            )
        return success({"asset": AssetSerializer(asset).data}, 201)


class ShirtPhotoUploadView(UploadView):
    """`photo_consent` says whether the photo may be shown to the image model, where the shop's terms do not say so."""

    def file_limit_bytes(self) -> int:
        return settings.UPLOAD_PHOTO_MAX_BYTES

    @extend_schema(
        request={"multipart/form-data": _PHOTO},
        responses={
            201: envelope(
                "ShirtPhoto",
                asset=AssetSerializer,
                jobId=serializers.UUIDField(),
                message=serializers.CharField(),
            )
        },
    )
    def post(self, request: Request) -> Response:
        user = current_user(request)
        with self.uploaded(request) as file:
            asset = services.asset_create(
                file.as_incoming(),
                original_name=file.name or "photo",
                owner=user,
                owner_type=Asset.OwnerType.SHIRT_UPLOAD,
                allowed_types=services.PHOTO_TYPES,
                refusal=services.PHOTO_REFUSAL,
            )
        consent = request.POST.get("photo_consent", "").lower() in _YES
        job = services.job_create(asset, user=user, photo_consent=consent)
        return success(_photo_answer(asset, str(job.pk)), 201)


def _photo_answer(asset: Asset, job_id: str) -> dict[str, Any]:
    message = "Photo uploaded; the artwork is being extracted."
    return {"asset": AssetSerializer(asset).data, "jobId": job_id, "message": message}


class SignedUrlView(APIView):
    """Where to send a file. With its size, that is an address of its own for a PUT; without, the form of this API."""

    permission_classes = [Anyone]

    @extend_schema(
        request=SignedUrlRequestSerializer,
        responses=envelope(
            "SignedUrl",
            upload_url=serializers.CharField(),
            message=serializers.CharField(),
            method=serializers.CharField(),
            headers=serializers.DictField(child=serializers.CharField()),
            complete_url=serializers.CharField(allow_null=True),
            token=serializers.CharField(allow_null=True),
            expires_at=TimestampField(allow_null=True),
        ),
    )
    def post(self, request: Request) -> Response:
        body = SignedUrlRequestSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        wanted = body.validated_data
        if wanted.get("size") is None:
            return success(_FORM_ANSWER)
        target = signed.upload_agree(
            filename=wanted["filename"],
            content_type=wanted["filetype"],
            size_bytes=wanted["size"],
            purpose=wanted["purpose"],
            owner=current_user(request),
        )
        answer = success(
            {
                "upload_url": target.url,
                "method": "PUT",
                "headers": target.headers,
                "complete_url": settings.PUBLIC_URL + _COMPLETE_PATHS[wanted["purpose"]],
                "token": target.token,
                "expires_at": TimestampField().to_representation(target.expires_at),
                "message": "PUT the file with these headers, then POST the token to complete_url.",
            }
        )
        answer["Cache-Control"] = "no-store"
        return answer


# Each purpose has an address of its own, because fewer shirt photos than files are let through in an hour.
_COMPLETE_PATHS = {
    Asset.OwnerType.CUSTOMER.value: "/api/uploads/complete",
    Asset.OwnerType.SHIRT_UPLOAD.value: "/api/uploads/complete/shirt-photo",
}
_FORM_ANSWER: dict[str, Any] = {
    "upload_url": "/api/uploads/file",
    "method": "POST",
    "headers": {},
    "complete_url": None,
    "token": None,
    "expires_at": None,
    "message": "POST the file as multipart field `file`; name its `size` to get an address for a PUT.",
}


class RawParser(BaseParser):
    """Leaves the body where it is: the view reads it in chunks."""

    media_type = "*/*"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        return stream


class DirectUploadView(APIView):
    """The address that `signed-url` gives where files lie on this machine. The token is the permission."""

    permission_classes = [Anyone]
    parser_classes = [RawParser]

    @extend_schema(
        request={"*/*": OpenApiTypes.BINARY},
        responses=envelope("DirectUpload", message=serializers.CharField()),
    )
    def put(self, request: Request, token: str) -> Response:
        declared = request.headers.get("Content-Length", "")
        stream = request._request
        signed.upload_receive(
            token,
            iter(lambda: stream.read(CHUNK_BYTES), b""),
            content_type=request.headers.get("Content-Type", ""),
            length_bytes=int(declared) if declared.isdecimal() else None,
        )
        return success({"message": "The file has arrived. POST the token to complete_url."})


class CompleteView(APIView):
    """Makes the asset of a file that was sent to a signed address."""

    permission_classes = [Anyone]
    purpose = Asset.OwnerType.CUSTOMER.value

    @extend_schema(
        request=CompleteRequestSerializer,
        responses={
            201: envelope(
                "CompletedUpload",
                asset=AssetSerializer,
                jobId=serializers.UUIDField(required=False),
                message=serializers.CharField(required=False),
            )
        },
    )
    def post(self, request: Request) -> Response:
        body = CompleteRequestSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        done = signed.upload_complete(
            body.validated_data["token"], purpose=self.purpose, user=current_user(request)
        )
        if done.job is not None:
            return success(_photo_answer(done.asset, str(done.job.pk)), 201)
        return success({"asset": AssetSerializer(done.asset).data}, 201)


class PhotoCompleteView(CompleteView):
    """The same for a shirt photo, whose cut-out it starts."""

    purpose = Asset.OwnerType.SHIRT_UPLOAD.value


class JobDetailView(APIView):
    """The id is the permission: the storefront resumes polling with nothing else."""

    permission_classes = [Anyone]

    @extend_schema(responses=_JOB)
    def get(self, request: Request, job_id: str) -> Response:
        return _job_response(job_get(job_id))


class JobCancelView(APIView):
    """Whoever may poll a job may end it. Cancelling twice is one cancellation."""

    permission_classes = [Anyone]

    @extend_schema(request=None, responses=_JOB)
    def post(self, request: Request, job_id: str) -> Response:
        return _job_response(services.job_cancel(job_id))


def _job_response(job: Job) -> Response:
    return Response({"success": True, "job": JobSerializer(job).data}, headers={"Cache-Control": "no-store"})


class EventStreamRenderer(BaseRenderer):
    """Lets an EventSource's `Accept: text/event-stream` through to the view, which streams by itself."""

    media_type = "text/event-stream"
    format = "events"
    charset = None

    def render(
        self, data: Any, accepted_media_type: str | None = None, renderer_context: Any = None
    ) -> bytes:
        return json.dumps(data, default=str).encode()


class JobEventsView(APIView):
    """The job as server-sent events: `event: job`, whenever status or step change, until it has ended."""

    permission_classes = [Anyone]
    renderer_classes = [EventStreamRenderer, JSONRenderer]

    @extend_schema(responses={(200, "text/event-stream"): OpenApiTypes.STR})
    def get(self, request: Request, job_id: str) -> HttpResponseBase:
        stream = JobStream(job_id, last_seen=request.headers.get("Last-Event-ID", ""))
        response = StreamingHttpResponse(stream, content_type="text/event-stream")
        response["Cache-Control"] = "no-store"
        response["X-Accel-Buffering"] = "no"  # nginx would keep the events back until the end
        return response


class JobListView(APIView):
    permission_classes = [SignedIn]

    @extend_schema(
        operation_id="jobs_list",
        responses=inline_serializer(
            "JobListEnvelope",
            {"success": serializers.BooleanField(), "jobs": JobSummarySerializer(many=True)},
        ),
    )
    def get(self, request: Request) -> Response:
        jobs = Job.objects.filter(user=signed_in_user(request))[:50]
        return Response({"success": True, "jobs": JobSummarySerializer(jobs, many=True).data})


class JobStartRequestSerializer(serializers.Serializer):
    """Asset ids only: the server never fetches a path or an address that a client names (CONTRACT 10.26)."""

    uploadAssetId = serializers.UUIDField()


class JobStartView(APIView):
    permission_classes = [Anyone]

    @extend_schema(
        request=JobStartRequestSerializer,
        responses={
            201: inline_serializer(
                "JobStarted",
                {
                    "success": serializers.BooleanField(),
                    "jobId": serializers.UUIDField(),
                    "message": serializers.CharField(),
                },
            )
        },
    )
    def post(self, request: Request) -> Response:
        body = JobStartRequestSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        user = current_user(request)
        asset = services.asset_use(body.validated_data["uploadAssetId"], user=user)
        job = services.job_create(asset, user=user)
        return Response({"success": True, "jobId": str(job.pk), "message": "Job created"}, 201)


@require_safe
def public_file(request: HttpRequest, name: str) -> HttpResponseBase:
    """`/uploads/<name>`: derivatives only."""
    return public_response(name, request)
