from django.urls import path

from uploads import views

urlpatterns = [
    path("uploads/file", views.FileUploadView.as_view()),
    path("uploads/shirt-photo", views.ShirtPhotoUploadView.as_view()),
    path("uploads/signed-url", views.SignedUrlView.as_view()),
    path("jobs", views.JobListView.as_view()),
    path("jobs/start", views.JobStartView.as_view()),
    path("jobs/<str:job_id>", views.JobDetailView.as_view()),
]
