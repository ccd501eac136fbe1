from typing import Any

import requests
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from accounts.models import User
from ops.costs import Plan
from ops.kpi_figures import stored_figures
from ops.kpis import PHASES, Kpi, Measured, Verdict, http_figures, phase_of, verdicts
from ops.tables import table

_TIMEOUT_S = 10
_UNITS = {
    Kpi.RESPONSE_P95_S: "{:,.3f} s",
    Kpi.UPTIME_PERCENT: "{:,.3f} %",
    Kpi.ERRORS_PERCENT: "{:,.2f} %",
    Kpi.JOB_S: "{:,.1f} s",
    Kpi.COST_PER_USER: "${:,.2f}",
}


class Command(BaseCommand):
    help = "Holds the live shop against the key figures of the four phases of growth."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--phase", type=int, choices=[phase.number for phase in PHASES], help="Default: all."
        )
        parser.add_argument("--metrics-url", help="The /metrics of this shop. Default: at PUBLIC_URL.")
        parser.add_argument("--plan", choices=[plan.value for plan in Plan], default=Plan.OPTIMIZED.value)
        parser.add_argument(
            "--strict", action="store_true", help="Exit with 1 if a figure of the shop's own phase is missed."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        url = options["metrics_url"] or f"{settings.PUBLIC_URL}/metrics"
        figures = stored_figures(timezone.now(), Plan(options["plan"])) | self._http(url)
        users = User.objects.filter(is_active=True).count()
        own = phase_of(users)
        shown = [phase for phase in PHASES if options["phase"] in (None, phase.number)]
        found = verdicts(shown, figures)
        self.stdout.write(f"{users:,} users: phase {own.number}, {own.aim}")
        rows = [_row(verdict, own.number) for verdict in found]
        self.stdout.write(
            table(("phase", "figure", "target", "measured", "verdict", "on"), rows, right=[2, 3])
        )
        missed = [each for each in verdicts([own], figures) if each.word == "NOT MET"]
        if options["strict"] and missed:
            raise CommandError(f"{len(missed)} figures of phase {own.number} are missed.")

    def _http(self, url: str) -> dict[Kpi, Measured]:
        """Nothing where the shop does not answer: the table says so, and the other figures stand."""
        headers = {"Authorization": f"Bearer {settings.METRICS_KEY}"} if settings.METRICS_KEY else {}
        try:
            answer = requests.get(url, headers=headers, timeout=_TIMEOUT_S)
            answer.raise_for_status()
            return http_figures(answer.text)
        except (requests.RequestException, ValueError) as error:
            status = getattr(getattr(error, "response", None), "status_code", None)
            reason = f"/metrics: {status or type(error).__name__}"
            return {kpi: Measured(None, reason) for kpi in (Kpi.RESPONSE_P95_S, Kpi.ERRORS_PERCENT)}


def _row(verdict: Verdict, own: int) -> tuple[str, ...]:
    target, measured = verdict.target, verdict.measured
    sign = ">=" if target.kpi is Kpi.UPTIME_PERCENT else "<"
    unit = _UNITS[target.kpi]
    value = "" if measured.value is None else unit.format(measured.value)
    mark = f"{verdict.phase} *" if verdict.phase == own else str(verdict.phase)
    return (
        mark,
        target.kpi.value,
        f"{sign} {unit.format(target.bound)}",
        value,
        verdict.word,
        measured.basis,
    )
