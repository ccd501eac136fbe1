"""People."""

from functools import lru_cache

import factory
from django.contrib.auth.hashers import make_password
from django.test import Client
from django_otp import DEVICE_ID_SESSION_KEY
from django_otp.plugins.otp_totp.models import TOTPDevice

from accounts.models import User

PASSWORD = "Correct-Horse-1"


@lru_cache(maxsize=1)
def _password_hash() -> str:
    """Hashed once: an Argon2 hash is slow on purpose."""
    return make_password(PASSWORD)


class UserFactory(factory.django.DjangoModelFactory):
    """A customer who can log in with `PASSWORD`; `owner=True` makes one who runs the shop."""

    class Meta:
        model = User

    class Params:
        owner = factory.Trait(role=User.Role.OWNER)

    email = factory.Sequence(lambda number: f"person{number}@example.com")
    name = factory.Sequence(lambda number: f"Person {number}")
    password = factory.LazyFunction(_password_hash)


def verified_browser(user: User) -> Client:
    """The admin, signed in with password and second factor."""
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    device, _ = TOTPDevice.objects.get_or_create(
        user=user, confirmed=True, defaults={"name": "authenticator"}
    )
    session = client.session
    session[DEVICE_ID_SESSION_KEY] = device.persistent_id
    session.save()
    return client
