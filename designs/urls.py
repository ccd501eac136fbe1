from django.urls import path

from designs import views
from designs.copy.views import DesignAltTextView, SloganDetailView, SloganListView

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
    path("designs/<str:design_id>/alt-text", DesignAltTextView.as_view()),
    path("text/slogans", SloganListView.as_view()),
    path("text/slogans/<str:request_id>", SloganDetailView.as_view()),
]
