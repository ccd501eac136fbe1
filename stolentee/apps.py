from django.apps import AppConfig


class StolenteeConfig(AppConfig):
    name = "stolentee"

    def ready(self) -> None:
        """Importing the module registers the system checks."""
        from stolentee import checks  # noqa: F401
