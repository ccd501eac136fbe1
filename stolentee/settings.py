"""Settings of the whole project, by topic. Every value comes from the environment; `.env.example` explains each.

Two profiles, told apart by the environment alone: *embedded* (no service, no key: SQLite, an in-process worker,
files, the test gateway) and *production* (PostgreSQL, Redis, S3, Stripe, Gemini, remove.bg), each part switched by
its own key.
"""

import os
import sys
from datetime import timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path

from celery.schedules import crontab
from import_export.formats.base_formats import CSV, XLSX

from stolentee import audited, theme
from stolentee.assets import add_asset_headers
from stolentee.db.options import postgresql
from stolentee.db.sizing import pool_max
from stolentee.environment import Environment, kept_secret
from stolentee.logs import logging_settings
from stolentee.queue import PUBLISH_RETRY_POLICY, redis_transport
from stolentee.stores import Account, storages_of

BASE_DIR = Path(__file__).resolve().parent.parent
env = Environment(os.environ)
ENVIRONMENT_PROBLEMS = env.problems

# --- Where and what ---------------------------------------------------------------------------------------------------
ENVIRONMENT = env.choice("ENVIRONMENT", ("development", "production"), "development")
PRODUCTION = ENVIRONMENT == "production"
VERSION = "1.0.0"
HEALTH_KEY = env.text("HEALTH_KEY")  # opens /health/detailed
METRICS_KEY = env.text("METRICS_KEY")  # opens /metrics to others than this machine
INSTANCES = env.integer("INSTANCES", 1, minimum=1, maximum=1000)  # machines that serve the API
WEB_CONCURRENCY = env.integer("WEB_CONCURRENCY", 1, minimum=1, maximum=64)  # web processes of each
MAINTENANCE_MODE = env.flag("MAINTENANCE_MODE", False)
MAINTENANCE_MESSAGE = env.text("MAINTENANCE_MESSAGE", "The shop is being maintained. Please come back soon.")
MAINTENANCE_ETA = env.text("MAINTENANCE_ETA")
MAINTENANCE_RETRY_S = env.integer("MAINTENANCE_RETRY_S", 300, minimum=1, maximum=86_400)
DEBUG = False  # Stack traces go to the log, never to a client.
VAR_DIR = Path(env.text("VAR_DIR", str(BASE_DIR / "var")))  # everything that is written at run time
PORT = env.integer("PORT", 3001, minimum=1, maximum=65535)
HOST = env.text("HOST", "127.0.0.1")
PUBLIC_URL = env.url(
    "PUBLIC_URL", f"http://127.0.0.1:{PORT}"
)  # where clients and our own test gateway reach this API
FRONTEND_URL = env.url("FRONTEND_URL", "http://localhost:5173")  # where links in e-mails lead
SECRET_KEY = env.text("SECRET_KEY") or ("" if PRODUCTION else kept_secret(VAR_DIR / "secret-key"))
ALLOWED_HOSTS = env.words(
    "ALLOWED_HOSTS", [] if PRODUCTION else ["127.0.0.1", "localhost", "[::1]", "testserver"]
)

# --- Application ------------------------------------------------------------------------------------------------------
INSTALLED_APPS = [
    "unfold",  # before Django's own admin, whose templates it replaces
    "unfold.contrib.filters",
    "unfold.contrib.forms",
    "unfold.contrib.import_export",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "corsheaders",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "import_export",
    "django_structlog",
    "auditlog",
    "django_otp",
    "django_otp.plugins.otp_totp",
    "django_otp.plugins.otp_static",
    "common",
    "accounts",
    "products",
    "uploads",
    "designs",
    "pricing",
    "orders",
    "ops",
    "stolentee",
]
MIDDLEWARE = [
    "stolentee.middleware.security_headers.SecurityHeadersMiddleware",  # outermost: also on preflights
    "stolentee.middleware.metrics.MetricsMiddleware",
    "corsheaders.middleware.CorsMiddleware",  # before all that may refuse, so that every response carries CORS headers
    "django_structlog.middlewares.RequestMiddleware",
    "stolentee.middleware.request_id.RequestIdHeaderMiddleware",
    "stolentee.middleware.cache_headers.CacheHeadersMiddleware",
    "stolentee.middleware.json_errors.JsonErrorMiddleware",
    "stolentee.middleware.maintenance.MaintenanceMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "stolentee.middleware.body_limit.BodyLimitMiddleware",
    "stolentee.middleware.rate_limit.RateLimitMiddleware",
    "stolentee.middleware.replica.ReplicaMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_otp.middleware.OTPMiddleware",
    "accounts.middleware.SecondFactorMiddleware",
    "accounts.audit.StaffAuditMiddleware",  # after those that know who asks
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "stolentee.urls"
WSGI_APPLICATION = "stolentee.wsgi.application"
APPEND_SLASH = False  # a redirect to a slashed path would lose POST bodies
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
LANGUAGE_CODE = "en-us"
TIME_ZONE = "UTC"
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- Database ---------------------------------------------------------------------------------------------------------
_database = env.database("DATABASE_URL", f"sqlite:///{VAR_DIR}/db.sqlite3")
# Migrations need a session of their own, which a pooler by transaction does not give.
_migrates_directly = "migrate" in sys.argv[1:2] and env.has("DATABASE_DIRECT_URL")
if _migrates_directly:
    _database = env.database("DATABASE_DIRECT_URL", "")
DATABASE_SLOW_QUERY_MS = env.integer("DATABASE_SLOW_QUERY_MS", 100, minimum=1, maximum=60_000)
# The application gives up first (stolentee/db/watchdog.py); the server's own limit is for an application that is gone.
DATABASE_QUERY_TIMEOUT_S = env.integer("DATABASE_QUERY_TIMEOUT_S", 10, minimum=0, maximum=600)
DATABASE_CONNECTION_LIMIT = env.integer("DATABASE_CONNECTION_LIMIT", 0, minimum=0, maximum=10_000)
DATABASE_CONNECTIONS_RESERVED = env.integer("DATABASE_CONNECTIONS_RESERVED", 0, minimum=0, maximum=10_000)
DATABASE_POOL_MAX = pool_max(
    wanted=env.integer("DATABASE_POOL_MAX", 15, minimum=1, maximum=500)
    if env.has("DATABASE_POOL_MAX")
    else None,
    default=15,
    limit=DATABASE_CONNECTION_LIMIT,
    reserved=DATABASE_CONNECTIONS_RESERVED,
    instances=INSTANCES,
    processes=WEB_CONCURRENCY,
)
DATABASE_POOL_MIN = min(env.integer("DATABASE_POOL_MIN", 2, minimum=0, maximum=500), DATABASE_POOL_MAX)
_postgresql = partial(
    postgresql,
    pooler="none"
    if _migrates_directly
    else env.choice("DATABASE_POOLER", ("auto", "none", "session", "transaction"), "auto"),
    pool_min=DATABASE_POOL_MIN,
    pool_max=DATABASE_POOL_MAX,
    pool_idle_s=env.integer("DATABASE_POOL_IDLE_S", 10, minimum=1, maximum=3600),
    connect_timeout_s=env.integer("DATABASE_CONNECT_TIMEOUT_S", 5, minimum=1, maximum=60),
    statement_timeout_s=env.integer("DATABASE_STATEMENT_TIMEOUT_S", 30, minimum=0, maximum=3600),
)
if "sqlite" in str(_database["ENGINE"]):
    VAR_DIR.mkdir(parents=True, exist_ok=True)
    _database["OPTIONS"] = {
        # IMMEDIATE takes the write lock when a transaction begins: waiting works, upgrading a read lock does not.
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON;",
    }
else:
    _database = _postgresql(_database)
DATABASES = {"default": _database}
_replica_url = env.url("DATABASE_REPLICA_URL", schemes=("postgres", "postgresql"))
if _replica_url:
    _replica = _postgresql(env.database("DATABASE_REPLICA_URL", _replica_url))
    # Without it the primary answers, so nobody waits long for it.
    _replica["OPTIONS"] |= {"connect_timeout": 2, "pool": _replica["OPTIONS"]["pool"] | {"timeout": 1}}
    DATABASES["replica"] = _replica | {"TEST": {"MIRROR": "default"}}
    DATABASE_ROUTERS = ["stolentee.router.ReplicaRouter"]
REPLICA_STICKY_S = env.integer("REPLICA_STICKY_S", 5, minimum=1, maximum=300)

# --- Redis: cache, broker, counters -----------------------------------------------------------------------------------
REDIS_URL = env.url("REDIS_URL", schemes=("redis", "rediss", "unix"))
CACHES = {
    "default": {
        "BACKEND": "stolentee.cache.SteadyCache",  # a dead Redis slows the shop down; it does not close it
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "st",
        "OPTIONS": {"SOCKET_CONNECT_TIMEOUT": 1, "SOCKET_TIMEOUT": 1},
    }
    if REDIS_URL
    else {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
}
CELERY_BROKER_URL = (
    REDIS_URL or "memory://"
)  # what does not depend on the environment is in stolentee/queue.py
CELERY_TASK_PUBLISH_RETRY_POLICY = PUBLISH_RETRY_POLICY
# A process of the worker is replaced after so many tasks, or once it has grown so large.
CELERY_WORKER_MAX_TASKS_PER_CHILD = env.integer("WORKER_MAX_TASKS", 200, minimum=1, maximum=100_000)
CELERY_WORKER_MAX_MEMORY_PER_CHILD = (
    env.integer("WORKER_MAX_MEMORY_MB", 1200, minimum=100, maximum=64_000) * 1024
)
WORKER_METRICS_PORT = env.integer("WORKER_METRICS_PORT", 0, minimum=0, maximum=65535)
CELERY_BROKER_TRANSPORT_OPTIONS = (
    redis_transport(poll_interval_s=env.integer("REDIS_POLL_INTERVAL_S", 5, minimum=1, maximum=60))
    if REDIS_URL
    else {"polling_interval": 0.01}
)
CELERY_TASK_ROUTES = {
    "uploads.imaging.*": {"queue": "images"},
    "uploads.cutout.*": {"queue": "cutouts"},
    "uploads.compression.*": {"queue": "images"},
    "designs.mockups.*": {"queue": "mockups"},
    "uploads.extraction.*": {"queue": "ai"},
    "common.gemini.*": {"queue": "ai"},
    "orders.payments.*": {"queue": "payments"},
    "orders.checkout.*": {"queue": "payments"},
    "orders.production.*": {"queue": "production"},
    "orders.notifications.*": {"queue": "mail"},
    "accounts.mail.*": {"queue": "mail"},
    "ops.*": {"queue": "ops"},
}
CELERY_TASK_DEFAULT_QUEUE = "ops"
WORKER_QUEUES = ("images", "cutouts", "ai", "mockups", "payments", "production", "mail", "ops")
SWEEP_INTERVAL_S = env.integer("SWEEP_INTERVAL_S", 10, minimum=1, maximum=3600)
# How long a silent worker keeps its row; longer than the tasks' hard time limit, or two would work on one row.
WORK_LEASE_S = env.integer("WORK_LEASE_S", 150, minimum=5, maximum=3600)
CELERY_BEAT_SCHEDULE = {
    "sweep": {"task": "ops.tasks.sweep", "schedule": timedelta(seconds=SWEEP_INTERVAL_S)},
    "expire": {"task": "ops.tasks.expire_uploads", "schedule": crontab(minute="17")},
    "clean": {"task": "ops.tasks.clean_stores", "schedule": crontab(hour="4", minute="43")},
    # Nights are quiet, and Stripe's own nightly work is over by then.
    "reconcile": {"task": "ops.tasks.reconcile_payments", "schedule": crontab(hour=4, minute=17)},
}

# --- Files ------------------------------------------------------------------------------------------------------------
S3_BUCKET = env.text("S3_BUCKET")
S3_ENDPOINT_URL = env.url("S3_ENDPOINT_URL")
S3_ACCESS_KEY_ID = env.text("S3_ACCESS_KEY_ID")
S3_SECRET_ACCESS_KEY = env.text("S3_SECRET_ACCESS_KEY")
S3_REGION = env.text("S3_REGION", "auto")
BACKUP_BUCKET = env.text("BACKUP_BUCKET")  # a second bucket of the same account
# The store that the shop moves to: `manage.py storage_migrate --to r2`.
R2_ENDPOINT = env.url("R2_ENDPOINT")
R2_ACCESS_KEY_ID = env.text("R2_ACCESS_KEY_ID")
R2_SECRET_ACCESS_KEY = env.text("R2_SECRET_ACCESS_KEY")
R2_BUCKET_NAME = env.text("R2_BUCKET_NAME")
# A domain shows the whole of its bucket, so public files need a bucket of their own before one is named.
R2_PUBLIC_BUCKET_NAME = env.text("R2_PUBLIC_BUCKET_NAME")
R2_PUBLIC_DOMAIN = env.text("R2_PUBLIC_DOMAIN").removeprefix("https://").rstrip("/")
# The share of new files that go to that store: 10, then 50, then 100.
STORAGE_ROLLOUT_PERCENT = env.integer("STORAGE_ROLLOUT_PERCENT", 0, minimum=0, maximum=100)
SIGNED_URL_MAX_AGE = timedelta(minutes=15)
GUEST_UPLOAD_LIFETIME = timedelta(days=env.integer("GUEST_UPLOAD_DAYS", 90, minimum=1, maximum=3650))


def _storages() -> dict[str, dict[str, object]]:
    """The stores that these variables describe. With R2_*, the shop is moving from one to the other."""
    keys = (S3_ENDPOINT_URL, S3_ACCESS_KEY_ID, S3_SECRET_ACCESS_KEY, S3_REGION)
    home = Account(S3_BUCKET, S3_BUCKET, *keys) if S3_BUCKET else None
    backups = Account(BACKUP_BUCKET, BACKUP_BUCKET, *keys) if BACKUP_BUCKET else None
    public_bucket = R2_PUBLIC_BUCKET_NAME or R2_BUCKET_NAME
    r2_keys = (R2_ENDPOINT, R2_ACCESS_KEY_ID, R2_SECRET_ACCESS_KEY, "auto")
    target = Account(R2_BUCKET_NAME, public_bucket, *r2_keys) if R2_BUCKET_NAME else None
    return storages_of(
        VAR_DIR / "files", home, target, backups=backups, signed_url_max_age=SIGNED_URL_MAX_AGE
    )


STORAGES = _storages()
STATIC_URL = "/static/"
STATIC_ROOT = VAR_DIR / "static"
STATIC_ROOT.mkdir(parents=True, exist_ok=True)
WHITENOISE_USE_FINDERS = not PRODUCTION  # `make run` needs no collectstatic
WHITENOISE_ROOT = BASE_DIR / "products" / "garments" / "public"  # serves /assets/<garment>.png
WHITENOISE_MAX_AGE = 604800
WHITENOISE_ADD_HEADERS_FUNCTION = add_asset_headers
CATALOGUE_MAX_AGE_S = env.integer("CATALOGUE_MAX_AGE_S", 3600, minimum=0, maximum=86_400)
UPLOAD_FILE_MAX_BYTES = env.integer("MAX_FILE_SIZE_MB", 10, minimum=1, maximum=25) * 1024 * 1024
UPLOAD_PHOTO_MAX_BYTES = 25 * 1024 * 1024
UPLOAD_MAX_PIXELS = env.integer("UPLOAD_MAX_PIXELS", 100_000_000, minimum=1_000_000, maximum=100_000_000)
JSON_BODY_MAX_BYTES = 10 * 1024 * 1024
DATA_UPLOAD_MAX_MEMORY_SIZE = JSON_BODY_MAX_BYTES
FILE_UPLOAD_TEMP_DIR = None

# --- Vendors: a dotted path each, like Django's EMAIL_BACKEND ---------------------------------------------------------
STRIPE_SECRET_KEY = env.text("STRIPE_SECRET_KEY")
STRIPE_WEBHOOK_SECRETS = env.words("STRIPE_WEBHOOK_SECRET")  # several while a secret is being rotated
STRIPE_API_URL = env.url("STRIPE_API_URL")  # only for a local double of Stripe
PAYMENT_GATEWAY = (
    "orders.payments.backends.stripe.StripeGateway"
    if STRIPE_SECRET_KEY
    else "orders.payments.backends.testing.TestGateway"
)
TAX_CALCULATOR = (
    "orders.checkout.tax.StripeTaxCalculator"
    if STRIPE_SECRET_KEY
    else "orders.checkout.tax.OfflineTaxCalculator"
)
# Where the shop collects tax when it has no Stripe Tax: country-region, such as US-CA or CA-ON.
TAX_REGIONS = env.words("TAX_REGIONS", ["US-CA"])
REMOVEBG_API_KEY = env.text("REMOVEBG_API_KEY")
REMOVEBG_API_URL = env.url("REMOVEBG_API_URL", "https://api.remove.bg")
REMBG_MODEL = env.choice(
    "REMBG_MODEL", ("u2netp", "u2net", "silueta"), "u2netp"
)  # never the CC BY-NC default
REMBG_ENGINE = env.choice("REMBG_ENGINE", ("mnn", "onnxruntime"), "mnn")  # what u2netp runs on
REMBG_HOME = Path(env.text("REMBG_HOME", str(VAR_DIR / "rembg")))
REMBG_SERVICE_URL = env.url("REMBG_SERVICE_URL")  # our own service, instead of rembg in this process
REMBG_SERVICE_SECRET = env.text("REMBG_SERVICE_SECRET")
REMBG_SERVICE_HOST = env.text("REMBG_SERVICE_HOST", "127.0.0.1")  # where `make rembg-service` listens
REMBG_SERVICE_PORT = env.integer("REMBG_SERVICE_PORT", 8000, minimum=1, maximum=65535)
REMBG_MAX_WORKERS = env.integer("REMBG_MAX_WORKERS", min(4, os.cpu_count() or 1), minimum=1, maximum=64)
REMBG_QUEUE_SIZE = env.integer("REMBG_QUEUE_SIZE", 16, minimum=0, maximum=1000)
REMBG_MAX_RSS_MB = env.integer("REMBG_MAX_RSS_MB", 1500, minimum=200, maximum=64_000)
# The share of pictures that our own rembg sees first; the rest goes to remove.bg first, where there is a key.
SELF_HOSTED_ROLLOUT_PERCENT = env.integer("SELF_HOSTED_ROLLOUT_PERCENT", 100, minimum=0, maximum=100)
FEATURE_SWITCHES = {"self_hosted_rollout": "Cut-outs that our own rembg makes first"}  # what staff may turn
REMOVEBG_CREDIT_USD = env.amount("REMOVEBG_CREDIT_USD", "0.20")
REMOVEBG_DAILY_BUDGET_USD = env.amount("REMOVEBG_DAILY_BUDGET_USD", "5.00")
PAID_PICTURE_USD = env.amount("PAID_PICTURE_USD", "0.20")  # what savings are counted against
CPU_SECOND_USD = env.amount("CPU_SECOND_USD", "0.0000077")
# Cut-outs that are trusted less than this are shown to remove.bg, and need a look before they are printed.
CUTOUT_MIN_SCORE = env.integer("CUTOUT_MIN_SCORE_PERCENT", 50, minimum=0, maximum=100) / 100
CUTOUT_TIME_LIMIT_S = 115  # below the task's own, which kills the process
CUTOUT_LEASE = timedelta(seconds=min(45, WORK_LEASE_S))  # short, because a heartbeat renews it
CUTOUT_HARD_EDGES_NEEDED = "products.selectors.hard_edges_needed"  # uploads may not import products
INTERMEDIATE_LIFETIME = timedelta(hours=env.integer("INTERMEDIATE_HOURS", 24, minimum=1, maximum=720))
GEMINI_SDK = env.choice("GEMINI_SDK", ("google-genai", "google-generativeai"), "google-genai")
GEMINI_API_KEY = env.text("GEMINI_API_KEY")
GEMINI_API_URL = env.url("GEMINI_API_URL")
GEMINI_IMAGE_MODEL = env.text("GEMINI_IMAGE_MODEL", "gemini-3.1-flash-image")
GEMINI_TEXT_MODEL = env.text("GEMINI_TEXT_MODEL", "gemini-3.5-flash-lite")
GEMINI_DAILY_LIMIT = env.integer("GEMINI_DAILY_LIMIT", 10, minimum=0, maximum=1_000_000)
FIDELITY_OCR = env.choice("FIDELITY_OCR", ("rapidocr", "off"), "rapidocr")
GEMINI_DRAWING_DAILY_BUDGET_USD = env.amount("GEMINI_DRAWING_DAILY_BUDGET_USD", "5.00")
# Dollars per million tokens, as https://ai.google.dev/gemini-api/docs/pricing had them in October 2026.
GEMINI_IMAGE_INPUT_USD = env.amount("GEMINI_IMAGE_INPUT_USD", "0.50")
GEMINI_IMAGE_OUTPUT_USD = env.amount("GEMINI_IMAGE_OUTPUT_USD", "60.00")
GEMINI_TEXT_INPUT_USD = env.amount("GEMINI_TEXT_INPUT_USD", "0.30")
GEMINI_TEXT_OUTPUT_USD = env.amount("GEMINI_TEXT_OUTPUT_USD", "2.50")
TEXT_BLOCKED_WORDS = env.words("TEXT_BLOCKED_WORDS")
TEXT_WAIT_S = 10  # how long a request waits for its text before it answers 202
# A photo leaves the server only where the shop's terms cover it: the storefront sends no consent field.
GEMINI_PHOTO_CONSENT = env.flag("GEMINI_PHOTO_CONSENT", False)
PRINTER_EMAIL = env.text("PRINTER_EMAIL")
STAFF_EMAIL = env.text("STAFF_EMAIL")  # who is told of payments that a person must look at
PRINTER_WEBHOOK_SECRETS = env.words("PRINTER_WEBHOOK_SECRET")
PACK_LINK_MAX_AGE = timedelta(days=env.integer("PACK_LINK_DAYS", 30, minimum=1, maximum=365))
# Business days from payment to parcel: the due date on the sheet and in the work list.
PRODUCTION_DAYS = env.integer("PRODUCTION_DAYS", 5, minimum=0, maximum=60)

# --- E-mail -----------------------------------------------------------------------------------------------------------
EMAIL_HOST = env.text("SMTP_HOST")
EMAIL_PORT = env.integer("SMTP_PORT", 587, minimum=1, maximum=65535)
EMAIL_HOST_USER = env.text("SMTP_USER")
EMAIL_HOST_PASSWORD = env.text("SMTP_PASS")
EMAIL_USE_TLS = env.flag("SMTP_TLS", True)
EMAIL_TIMEOUT = 10
_from_name = env.text("SMTP_FROM_NAME", "Stolen Tee")
_from_email = env.text("SMTP_FROM_EMAIL", "orders@stolentee.com")
DEFAULT_FROM_EMAIL = f"{_from_name} <{_from_email}>"
# A provider's API through django-anymail goes before SMTP: it says at once which address it refuses.
EMAIL_PROVIDER = env.choice(
    "EMAIL_PROVIDER", ("", "brevo", "mailersend", "mailgun", "postmark", "resend", "sendgrid"), ""
)
EMAIL_API_KEY = env.text("EMAIL_API_KEY")
EMAIL_API_URL = env.url("EMAIL_API_URL")
_api_key_name = {"postmark": "SERVER_TOKEN", "mailersend": "API_TOKEN"}.get(EMAIL_PROVIDER, "API_KEY")
ANYMAIL = {
    f"{EMAIL_PROVIDER.upper()}_{_api_key_name}": EMAIL_API_KEY,
    "REQUESTS_TIMEOUT": (3, 10),
    **({f"{EMAIL_PROVIDER.upper()}_API_URL": EMAIL_API_URL} if EMAIL_API_URL else {}),
}
if EMAIL_PROVIDER:
    EMAIL_BACKEND = f"anymail.backends.{EMAIL_PROVIDER}.EmailBackend"
elif EMAIL_HOST:
    EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
else:
    EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
EMAIL_FILE_PATH = VAR_DIR / "mail"

# --- Accounts ---------------------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_TOKEN_LIFETIME = timedelta(days=7)
OWNER_LINK_LIFETIME = timedelta(hours=24)
PASSWORD_RESET_TIMEOUT = 24 * 3600  # seconds for which the links of letters work
# `always`: the admin opens with a second factor only. `refunds`: only what moves money asks for it.
STAFF_SECOND_FACTOR = env.choice(
    "STAFF_SECOND_FACTOR", ("always", "refunds"), "always" if PRODUCTION else "refunds"
)
OTP_TOTP_ISSUER = "Stolen Tee"
SUPABASE_URL = env.url("SUPABASE_URL")
LOGIN_URL = "admin:login"
OTP_ADMIN_HIDE_SENSITIVE_DATA = True

# --- The staff's admin: the theme is in stolentee/theme.py ------------------------------------------------------------
UNFOLD = theme.UNFOLD
# What people edit, by hand or through the API for products; what services write has histories of its own.
AUDITLOG_INCLUDE_TRACKING_MODELS = audited.AUDITED_MODELS
AUDITLOG_DISABLE_REMOTE_ADDR = True  # personal data, and the account says who it was

# --- REST -------------------------------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["accounts.authentication.BearerAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["common.permissions.Nobody"],  # a view that names no permission is closed
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["common.api.StorableJSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "common.errors.problem_response",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Stolen Tee",
    "DESCRIPTION": "A custom-tee shop: catalogue, prices, uploads, cut-outs, designs, orders, production.",
    "VERSION": VERSION,
    "OAS_VERSION": "3.1.0",
    "SCHEMA_PATH_PREFIX": "/api/",  # groups the pages by what comes after it
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SORT_OPERATIONS": False,
    "ENUM_NAME_OVERRIDES": {
        "JobStatusEnum": "common.work.WorkItem.Status",
        "ProductStatusEnum": "products.models.Product.Status",
        "MethodStatusEnum": "products.models.DecorationMethod.Status",
    },
}

# --- What browsers may do ---------------------------------------------------------------------------------------------
CORS_ALLOWED_ORIGINS = sorted(
    {FRONTEND_URL, "https://stolentee.com", "https://www.stolentee.com"}
    | (set() if PRODUCTION else {"http://localhost:5173", "http://localhost:3003", "http://localhost:3000"})
)
CORS_ALLOW_CREDENTIALS = True
CORS_ALLOW_HEADERS = (
    "authorization",
    "content-type",
    "idempotency-key",
    "x-order-token",
    "x-request-id",
    "x-correlation-id",
)
CORS_EXPOSE_HEADERS = (
    *("x-request-id", "x-correlation-id", "retry-after"),
    *("ratelimit-policy", "ratelimit-limit", "ratelimit-remaining", "ratelimit-reset"),
)
CORS_PREFLIGHT_MAX_AGE = 7200
CORS_URLS_REGEX = r"^/(api|health|test-gateway|test-printer)\b.*$"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "no-referrer"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if PRODUCTION else None
SECURE_SSL_REDIRECT = PRODUCTION
SECURE_REDIRECT_EXEMPT = [r"^health", r"^metrics"]  # asked for from inside, without TLS
SECURE_HSTS_SECONDS = 31_536_000 if PRODUCTION else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = PRODUCTION
SECURE_HSTS_PRELOAD = PRODUCTION
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = PRODUCTION
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]

# --- Limits -----------------------------------------------------------------------------------------------------------
TRUSTED_PROXY_COUNT = env.integer("TRUSTED_PROXY_COUNT", 1 if PRODUCTION else 0, minimum=0, maximum=5)
RATELIMIT_ENABLE = env.flag("RATE_LIMITS", True)
RATELIMIT_FAIL_OPEN = True

# --- Catalogue sheets
IMPORT_EXPORT_USE_TRANSACTIONS = True
IMPORT_EXPORT_ESCAPE_FORMULAE_ON_EXPORT = True
IMPORT_EXPORT_FORMATS = [CSV, XLSX]
IMPORT_EXPORT_IMPORT_PERMISSION_CODE = "change"  # by default, whoever may look at the list may import into it
IMPORT_EXPORT_EXPORT_PERMISSION_CODE = "view"

# --- Money ------------------------------------------------------------------------------------------------------------
CURRENCY = "usd"
QUOTE_LIFETIME = timedelta(hours=24)  # how long a quote holds, whatever becomes of the price book
PRICE_INK_COUNTER = "designs.counting.inks_counted"  # pricing may not import designs
MARGIN_FLOOR_PERCENT = env.integer(
    "MARGIN_FLOOR_PERCENT", 30, minimum=0, maximum=100
)  # staff are warned below it
# Orders that stay unpaid for so long are cancelled, and their codes come free.
ORDER_EXPIRY = timedelta(hours=env.integer("ORDER_EXPIRY_HOURS", 24, minimum=1, maximum=720))
# A print below the lowest resolution of its method is refused with the largest size that would pass, or only noted.
PRINT_QUALITY_GATE = env.choice("PRINT_QUALITY_GATE", ("refuse", "note"), "refuse")
# The terms of use under which poor prints are made as they were sent; empty: every such item needs its own consent.
POOR_PRINT_TERMS = env.text("POOR_PRINT_TERMS", "terms-of-use")
DESIGN_SHARE_MAX_AGE = timedelta(
    days=env.integer("DESIGN_SHARE_DAYS", 30, minimum=1, maximum=365)
)  # of a link to a design
# When a customer who agreed is reminded of an order that waits for its payment; before it expires, or not at all.
ORDER_REMINDER = timedelta(hours=env.integer("ORDER_REMINDER_HOURS", 4, minimum=1, maximum=720))
ORDER_MAX_LINES = 50
ORDER_MAX_QUANTITY = 1000
ORDER_MAX_TOTAL = Decimal("50000.00")

# --- Errors and traces: off without an address ------------------------------------------------------------------------
SENTRY_DSN = env.url("SENTRY_DSN")
SENTRY_TRACES_PERCENT = env.integer("SENTRY_TRACES_PERCENT", 10, minimum=0, maximum=100)
OTEL_EXPORTER_OTLP_ENDPOINT = env.url("OTEL_EXPORTER_OTLP_ENDPOINT")
OTEL_SAMPLE_PERCENT = env.integer("OTEL_SAMPLE_PERCENT", 100, minimum=0, maximum=100)

# --- Logs: one JSON object a line, the request id in each -------------------------------------------------------------
# Whoever has such an address may enter.
LOG_SECRET_PATHS = [
    "/setup/",
    "/printer/",
    "/api/production/packs/",
    "/api/designs/shared/",
    "/api/uploads/originals/",
    "/api/uploads/direct/",
    "/api/orders/ot_",
]
LOG_LEVEL = env.choice("LOG_LEVEL", ("DEBUG", "INFO", "WARNING", "ERROR"), "INFO")
DJANGO_STRUCTLOG_CELERY_ENABLED = True
DJANGO_STRUCTLOG_IP_LOGGING_ENABLED = False  # personal data
DJANGO_STRUCTLOG_USER_ID_FIELD = "pk"
LOGGING = logging_settings(LOG_LEVEL)
