from django.urls import path

from designs import views

urlpatterns = [
    path("designs", views.DesignListView.as_view()),
    path("designs/fonts", views.FontListView.as_view()),
    path("designs/text", views.TextView.as_view()),
    path("designs/shared/<str:token>", views.SharedDesignView.as_view()),
    path("designs/<str:design_id>/versions", views.DesignVersionListView.as_view()),
    path("designs/<str:design_id>/versions/<str:number>/restore", views.DesignRestoreView.as_view()),
    path("designs/<str:design_id>/mockups", views.DesignMockupView.as_view()),
    path("designs/<str:design_id>/share", views.DesignShareView.as_view()),
    path("designs/<str:design_id>", views.DesignDetailView.as_view()),
]
