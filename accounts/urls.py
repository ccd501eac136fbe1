from django.urls import path

from accounts import views

urlpatterns = [
    path("auth/register", views.UserRegisterView.as_view()),
    path("auth/signup", views.UserRegisterView.as_view()),
    path("auth/login", views.UserLoginView.as_view()),
    path("auth/oauth/sync", views.UserSyncView.as_view()),
    path("auth/me", views.UserMeView.as_view()),
    path("auth/logout", views.UserLogoutView.as_view()),
    path("auth/forgot-password", views.PasswordForgotView.as_view()),
    path("auth/reset-password", views.PasswordResetView.as_view()),
    path("auth/change-password", views.PasswordChangeView.as_view()),
    path("auth/confirm-email", views.EmailConfirmView.as_view()),
    path("auth/confirm-email/request", views.EmailConfirmationRequestView.as_view()),
]
