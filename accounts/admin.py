from django import forms
from django.contrib import admin
from django.contrib.auth.models import Group

from accounts.models import User


class UserForm(forms.ModelForm):
    class Meta:
        model = User
        fields = ["email", "name", "role", "is_active"]


@admin.register(User)
class UserAdmin(admin.ModelAdmin):
    form = UserForm
    list_display = ["email", "name", "role", "is_active", "created_at"]
    list_filter = ["role", "is_active"]
    search_fields = ["email", "name"]

    def has_delete_permission(self, request: object, obj: object = None) -> bool:
        return False  # orders refer to people; an account is closed, not removed


admin.site.unregister(Group)
