"""Bad settings become numbered system checks with a hint, and stop the boot."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Info, Tags, Warning, register, run_checks
from django.core.exceptions import ImproperlyConfigured

from common.gemini.gateway import sdk_is_installed
from stolentee.db.sizing import connections_at_most

S3_VARIABLES = ("S3_BUCKET", "S3_ACCESS_KEY_ID", "S3_SECRET_ACCESS_KEY")
R2_VARIABLES = ("R2_ENDPOINT", "R2_ACCESS_KEY_ID", "R2_SECRET_ACCESS_KEY", "R2_BUCKET_NAME")


@register(Tags.security)
def check_environment(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """E001: a variable that could not be read as what it must be."""
    return [
        Error(f"{problem.name} {problem.message}.", hint="See .env.example.", id="stolentee.E001")
        for problem in settings.ENVIRONMENT_PROBLEMS
    ]


@register(Tags.security)
def check_secrets(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """E002, E003: what production must not run without."""
    found: list[CheckMessage] = []
    if len(_secret_key()) < 50:
        found.append(
            Error(
                "SECRET_KEY is missing or shorter than 50 characters.",
                hint='python -c "import secrets; print(secrets.token_urlsafe(64))" makes one.',
                id="stolentee.E002",
            )
        )
    if settings.PRODUCTION and not settings.ALLOWED_HOSTS:
        found.append(
            Error(
                "ALLOWED_HOSTS is empty.",
                hint="Name the hosts that this API answers for.",
                id="stolentee.E003",
            )
        )
    return found


def _secret_key() -> str:
    try:
        return settings.SECRET_KEY
    except ImproperlyConfigured:  # Django's own word for a missing one, which would hide all other problems
        return ""


@register(Tags.security)
def check_vendors(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """E004-E007, E010: half-configured vendors, and test parts in production."""
    found: list[CheckMessage] = []
    for number, variables in (("stolentee.E004", S3_VARIABLES), ("stolentee.E010", R2_VARIABLES)):
        given = [bool(getattr(settings, variable)) for variable in variables]
        if any(given) and not all(given):
            names = ", ".join(variables)
            found.append(Error(f"Only some of {names} are set.", hint="Set all of them, or none.", id=number))
    if settings.STRIPE_SECRET_KEY and not settings.STRIPE_WEBHOOK_SECRETS:
        found.append(
            Error(
                "STRIPE_SECRET_KEY is set without STRIPE_WEBHOOK_SECRET.",
                hint="Without it no payment would ever be confirmed: copy the signing secret of the webhook endpoint.",
                id="stolentee.E005",
            )
        )
    if settings.STRIPE_API_URL and not settings.STRIPE_SECRET_KEY.startswith("sk_test_"):
        found.append(
            Error(
                "STRIPE_API_URL points away from Stripe while the key is not a test key.",
                hint="Remove STRIPE_API_URL, or use a key that begins with sk_test_.",
                id="stolentee.E006",
            )
        )
    if settings.PRODUCTION and not settings.STRIPE_SECRET_KEY:
        found.append(
            Error(
                "The test gateway must not take orders in production.",
                hint="Set STRIPE_SECRET_KEY and STRIPE_WEBHOOK_SECRET.",
                id="stolentee.E007",
            )
        )
    return found


@register(Tags.security)
def check_gemini(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """E020: the SDK that is asked for is not installed."""
    if not settings.GEMINI_API_KEY or sdk_is_installed(settings.GEMINI_SDK):
        return []
    return [
        Error(
            f"GEMINI_SDK is {settings.GEMINI_SDK}, which is not installed.",
            hint="pip install -r requirements-gemini-legacy.txt, or use google-genai.",
            id="stolentee.E020",
        )
    ]


@register(Tags.security)
def check_services(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """E008, E009, E013: production needs a database and a broker that several processes can share; mail needs a key."""
    found: list[CheckMessage] = []
    if settings.PRODUCTION and "sqlite" in str(settings.DATABASES["default"]["ENGINE"]):
        found.append(Error("Production runs on SQLite.", hint="Set DATABASE_URL.", id="stolentee.E008"))
    if settings.PRODUCTION and not settings.REDIS_URL:
        found.append(Error("Production has no Redis.", hint="Set REDIS_URL.", id="stolentee.E009"))
    if settings.EMAIL_PROVIDER and not settings.EMAIL_API_KEY:
        found.append(
            Error("EMAIL_PROVIDER is set without EMAIL_API_KEY.", hint="Set both.", id="stolentee.E013")
        )
    if settings.PRODUCTION and not settings.EMAIL_HOST and not settings.EMAIL_PROVIDER:
        hint = "Set SMTP_HOST, or EMAIL_PROVIDER and EMAIL_API_KEY."
        found.append(Warning("No SMTP_HOST: mail is written to files.", hint=hint, id="stolentee.W001"))
    return found


@register(Tags.security)
def check_stores(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """E011: a public domain shows everything in its bucket, private originals included."""
    own_bucket = settings.R2_PUBLIC_BUCKET_NAME not in ("", settings.R2_BUCKET_NAME)
    if settings.R2_PUBLIC_DOMAIN and not own_bucket:
        return [
            Error(
                "R2_PUBLIC_DOMAIN would show the private files of R2_BUCKET_NAME.",
                hint="Give public files a bucket of their own: R2_PUBLIC_BUCKET_NAME.",
                id="stolentee.E011",
            )
        ]
    return []


@register(Tags.security)
def check_connections(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """E012, I001: pools that the database cannot fill, and metrics that nobody can read."""
    found: list[CheckMessage] = []
    limit = settings.DATABASE_CONNECTION_LIMIT
    wanted = connections_at_most(
        size=settings.DATABASE_POOL_MAX,
        reserved=settings.DATABASE_CONNECTIONS_RESERVED,
        instances=settings.INSTANCES,
        processes=settings.WEB_CONCURRENCY,
    )
    if limit and wanted > limit:
        found.append(
            Error(
                f"The shop may open {wanted} connections; the database grants {limit}.",
                hint="Lower DATABASE_POOL_MAX, WEB_CONCURRENCY or INSTANCES, or remove DATABASE_POOL_MAX.",
                id="stolentee.E012",
            )
        )
    if settings.PRODUCTION and not settings.METRICS_KEY:
        found.append(
            Info(
                "No METRICS_KEY: only this machine may read /metrics.",
                hint="Set METRICS_KEY if Prometheus runs elsewhere.",
                id="stolentee.I001",
            )
        )
    return found


def refuse_bad_settings() -> None:
    """Raises ImproperlyConfigured naming every error at once. Called at the boot of web and worker processes."""
    errors = [message for message in run_checks(tags=[Tags.security]) if message.is_serious()]
    if errors:
        raise ImproperlyConfigured(
            "\n".join(["the settings are not usable:", *(str(error) for error in errors)])
        )
