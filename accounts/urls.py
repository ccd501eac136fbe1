from django.urls import path

from accounts import views

urlpatterns = [
    path("auth/register", views.UserRegisterView.as_view()),
    path("auth/signup", views.UserRegisterView.as_view()),
    path("auth/login", views.UserLoginView.as_view()),
    path("auth/oauth/sync", views.UserSyncView.as_view()),
    path("auth/me", views.UserMeView.as_view()),
    path("auth/logout", views.UserLogoutView.as_view()),
]
