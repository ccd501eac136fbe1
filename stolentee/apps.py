from django.apps import AppConfig


class StolenteeConfig(AppConfig):
    name = "stolentee"

    def ready(self) -> None:
        """Importing the module registers the system checks; queries are measured from the first one on."""
        from django.db.backends.signals import connection_created

        from stolentee import checks, sentry, tracing  # noqa: F401
        from stolentee.db import timing

        connection_created.connect(timing.install, dispatch_uid="query-timing")
        sentry.start()
        tracing.start()
