"""Uploads, their public files, and the jobs that the storefront polls."""

from __future__ import annotations

import mimetypes
import re
from uuid import UUID

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.http import FileResponse, HttpRequest, HttpResponseBase, JsonResponse
from django.views.decorators.http import require_safe
from drf_spectacular.utils import extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.permissions import Anyone, SignedIn, current_user, signed_in_user
from common.api import envelope, success
from common.errors import NotFound, problem_json
from common.storage import public_storage
from uploads import services
from uploads.models import Asset, Job
from uploads.serializers import AssetSerializer, JobSerializer, JobSummarySerializer

_UPLOAD = inline_serializer("UploadRequest", {"file": serializers.FileField()})
_PLAIN_NAME = re.compile(r"[A-Za-z0-9_-]{20,40}\.(png|jpg)")


def _uploaded(request: Request, max_bytes: int) -> UploadedFile:
    file = request.FILES.get("file")
    if file is None:
        raise services.UploadRejected("No file provided", code="file_missing")
    if file.size > max_bytes:
        limit = max_bytes // (1024 * 1024)
        raise services.UploadRejected(f"File too large. Maximum size is {limit}MB", code="file_too_large")
    return file


class FileUploadView(APIView):
    permission_classes = [Anyone]
    parser_classes = [MultiPartParser]

    @extend_schema(
        request={"multipart/form-data": _UPLOAD},
        responses={201: envelope("FileUpload", asset=AssetSerializer)},
    )
    def post(self, request: Request) -> Response:
        file = _uploaded(request, settings.UPLOAD_FILE_MAX_BYTES)
        asset = services.asset_create(
            file.read(),
            original_name=file.name or "upload",
            owner=current_user(request),
            owner_type=Asset.OwnerType.CUSTOMER,
            allowed_types=("image/png", "image/jpeg", "image/webp"),
            refusal="Invalid file type. Please upload a PNG, JPG or WebP picture",
        )
        return success({"asset": AssetSerializer(asset).data}, 201)


class ShirtPhotoUploadView(APIView):
    permission_classes = [Anyone]
    parser_classes = [MultiPartParser]

    @extend_schema(
        request={"multipart/form-data": _UPLOAD},
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
        file = _uploaded(request, settings.UPLOAD_PHOTO_MAX_BYTES)
        user = current_user(request)
        asset = services.asset_create(
            file.read(),
            original_name=file.name or "photo",
            owner=user,
            owner_type=Asset.OwnerType.SHIRT_UPLOAD,
            allowed_types=("image/png", "image/jpeg"),
            refusal="Invalid file type. Please upload JPG or PNG",
        )
        job = services.job_create(asset, user=user)
        message = "Photo uploaded; the artwork is being extracted."
        return success({"asset": AssetSerializer(asset).data, "jobId": str(job.pk), "message": message}, 201)


class SignedUrlRequestSerializer(serializers.Serializer):
    filename = serializers.CharField(max_length=255)
    filetype = serializers.CharField(max_length=100)


class SignedUrlView(APIView):
    """Where to send a file. Uploads go through this API, which checks them as they arrive."""

    permission_classes = [Anyone]

    @extend_schema(
        request=SignedUrlRequestSerializer,
        responses=envelope("SignedUrl", upload_url=serializers.CharField(), message=serializers.CharField()),
    )
    def post(self, request: Request) -> Response:
        SignedUrlRequestSerializer(data=request.data).is_valid(raise_exception=True)
        return success(
            {"upload_url": "/api/uploads/file", "message": "POST the file as multipart field `file`."}
        )


class JobDetailView(APIView):
    """The id is the permission: the storefront resumes polling with nothing else."""

    permission_classes = [Anyone]

    @extend_schema(
        responses=inline_serializer(
            "JobEnvelope", {"success": serializers.BooleanField(), "job": JobSerializer()}
        )
    )
    def get(self, request: Request, job_id: str) -> Response:
        try:
            job = Job.objects.prefetch_related("assets").get(pk=UUID(job_id))
        except (ValueError, Job.DoesNotExist) as error:
            raise NotFound("Job not found", code="job_not_found") from error
        return Response(
            {"success": True, "job": JobSerializer(job).data}, headers={"Cache-Control": "no-store"}
        )


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
    """`/uploads/<name>`: derivatives only, for canvases of any origin, for as long as carts live."""
    response = _public_response(name)
    # The same address is loaded with and without CORS and shares the browser's cache, so the header is always there.
    response["Access-Control-Allow-Origin"] = "*"
    response["Access-Control-Allow-Methods"] = "GET, OPTIONS"
    response["Cross-Origin-Resource-Policy"] = "cross-origin"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response


def _public_response(name: str) -> FileResponse | JsonResponse:
    missing = problem_json(404, "File not found", code="file_not_found")
    if not _PLAIN_NAME.fullmatch(name):
        return missing
    try:
        file = public_storage().open(name, "rb")
    except FileNotFoundError:
        return missing
    response = FileResponse(file, content_type=mimetypes.guess_type(name)[0])
    response["Cache-Control"] = "public, max-age=86400, stale-while-revalidate=604800"
    response["CDN-Cache-Control"] = "public, max-age=86400"
    return response
