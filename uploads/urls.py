from django.urls import path

from uploads import views
from uploads.storage.views import AssetDetailView, OriginalDownloadView, OriginalLinkView

urlpatterns = [
    path("uploads/file", views.FileUploadView.as_view()),
    path("uploads/shirt-photo", views.ShirtPhotoUploadView.as_view()),
    path("uploads/signed-url", views.SignedUrlView.as_view()),
    path("uploads/direct/<str:token>", views.DirectUploadView.as_view()),
    path("uploads/complete", views.CompleteView.as_view()),
    path("uploads/complete/shirt-photo", views.PhotoCompleteView.as_view()),
    path("uploads/originals/<str:token>", OriginalDownloadView.as_view()),
    path("uploads/<str:asset_id>", AssetDetailView.as_view()),
    path("uploads/<str:asset_id>/original", OriginalLinkView.as_view()),
    path("jobs", views.JobListView.as_view()),
    path("jobs/start", views.JobStartView.as_view()),
    path("jobs/<str:job_id>", views.JobDetailView.as_view()),
    path("jobs/<str:job_id>/cancel", views.JobCancelView.as_view()),
    path("jobs/<str:job_id>/events", views.JobEventsView.as_view()),
]
