import signal
import socket
import subprocess
import sys
import time
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.models import User
from accounts.services import owner_link_create

_START_TIMEOUT_S = 60
_STOP_TIMEOUT_S = 20


class Command(BaseCommand):
    help = "Runs the whole shop in one terminal: migrates, seeds, serves the API, the admin, the docs, the workers."
    requires_migrations_checks = False

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--no-serve", action="store_true", help="Prepare the shop and stop.")

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["no_serve"]:
            _refuse_busy_port()
        call_command("migrate", verbosity=0)
        call_command("seed_catalogue", stdout=self.stdout)
        call_command("seed_prices", stdout=self.stdout)
        if not options["no_serve"]:
            sys.exit(self._serve())

    def _serve(self) -> int:
        """Runs the web server, whose one worker process also holds the queue's worker, until a signal stops it."""
        # In a session of its own, so that Ctrl-C reaches this process alone and the stop below is the only one.
        server = subprocess.Popen(_server_command(), start_new_session=True)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda *_: server.terminate())
        if _wait_until_alive(server):
            self._greet()
        try:
            code = server.wait()
        finally:
            server.terminate()
            try:
                server.wait(_STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                server.kill()
        self.stdout.write("stopped")
        return code

    def _greet(self) -> None:
        url = settings.PUBLIC_URL
        rows = [("API", f"{url}/api/products"), ("Docs", f"{url}/api/docs"), ("Admin", f"{url}/admin/")]
        if not User.objects.filter(role=User.Role.OWNER, is_active=True).exists():
            rows.append(("First owner", f"{url}/setup/{owner_link_create()}   (works once, 24 hours)"))
        for name, value in rows:
            self.stdout.write(f"  {self.style.SUCCESS(name.ljust(12))}{value}")
        self.stdout.write("  Ctrl-C stops everything.\n")
        self.stdout.flush()


def _server_command() -> list[str]:
    return [
        sys.executable, "-m", "granian", "--interface", "wsgi", "--host", settings.HOST, "--port", str(settings.PORT),
        "--workers", "1", "--blocking-threads", "8", "--workers-kill-timeout", "15", "--no-ws", "--log-level", "error",
        "stolentee.embedded:application",
    ]  # fmt: skip


def _refuse_busy_port() -> None:
    """The web server shares a busy port without a word; a newcomer would look at the wrong shop."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.HOST, settings.PORT))
        except OSError as error:
            raise CommandError(
                f"Port {settings.PORT} on {settings.HOST} is taken. Stop what uses it, or choose another, such as "
                "PORT=3002 make run"
            ) from error


def _wait_until_alive(server: subprocess.Popen[bytes]) -> bool:
    deadline = time.monotonic() + _START_TIMEOUT_S
    while server.poll() is None and time.monotonic() < deadline:
        try:
            with urlopen(f"http://{settings.HOST}:{settings.PORT}/health/live", timeout=1):
                return True
        except (URLError, OSError):
            time.sleep(0.1)
    return False
