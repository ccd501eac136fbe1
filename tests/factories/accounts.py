"""People."""

from functools import lru_cache

import factory
from django.contrib.auth.hashers import make_password

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
