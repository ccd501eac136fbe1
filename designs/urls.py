from django.urls import path

from designs import views

urlpatterns = [
    path("designs", views.DesignListView.as_view()),
    path("designs/<str:design_id>", views.DesignDetailView.as_view()),
]
