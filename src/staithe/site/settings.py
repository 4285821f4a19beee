"""Every setting of the service, read from the environment, defaults for one box.

Secrets may come from a file: NAME_FILE. The program refuses to start on nonsense.
"""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from staithe.base.config import BadSetting, env_bool, env_int, env_secret, env_str


# Before numpy is imported: its matrices here are small, and threads that share two
# cores with an engine only wait for each other (a comparison took 20 times as long).
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

PACKAGE = Path(__file__).resolve().parent.parent
SHORTEST_KEY = 32  # characters of the key that signs sessions and file addresses


def _home() -> Path:
    """Return the folder that holds all state, made on first use for us alone."""
    home = Path(env_str("STAITHE_HOME", "./var")).resolve()
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise BadSetting(
            f"STAITHE_HOME: cannot use {home}: {error.strerror}"
        ) from error
    return home


def _secret_key() -> str:
    """Return the configured key, or one made once and kept in the home folder."""
    key = env_secret("STAITHE_SECRET_KEY")
    if key and len(key) < SHORTEST_KEY:
        raise BadSetting(
            f"STAITHE_SECRET_KEY must have {SHORTEST_KEY} characters or more"
        )
    if key:
        return key
    path = HOME / "keys" / "django.key"
    if not path.exists():
        _keep_new_key(path)
    key = path.read_text("ascii").strip()
    if len(key) < SHORTEST_KEY:
        raise BadSetting(
            f"{path} is damaged: restore it, or delete it to end all sessions"
        )
    return key


def _keep_new_key(path: Path) -> None:
    """Write a key whole or not at all: processes start together, and may be killed."""
    path.parent.mkdir(mode=0o700, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    draft.touch(mode=0o600)
    with draft.open("w", encoding="ascii") as file:
        file.write(secrets.token_urlsafe(48))
        file.flush()
        os.fsync(file.fileno())
    with suppress(FileExistsError):  # another process was first: its key is the key
        path.hardlink_to(draft)
    draft.unlink()


def _database(url: str) -> dict[str, object]:
    """Turn a database URL into Django's settings; empty means SQLite in HOME."""
    if not url:
        url = f"sqlite:///{HOME / 'staithe.sqlite3'}"
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        raise BadSetting(f"STAITHE_DATABASE_URL: {error}") from error
    if parts.scheme == "sqlite":
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": parts.path[1:] if parts.path.startswith("//") else parts.path,
            # Opening a file with a hundred tables costs more than most answers.
            "CONN_MAX_AGE": 60,
            "OPTIONS": {
                # Writers queue at BEGIN instead of failing in the middle.
                "transaction_mode": "IMMEDIATE",
                "timeout": 30,
                # FULL: an acknowledged write survives a power cut.
                "init_command": (
                    "PRAGMA journal_mode=WAL;PRAGMA synchronous=FULL;"
                    "PRAGMA busy_timeout=30000;PRAGMA foreign_keys=ON;"
                    # Keeps the upper pages of a large register's indexes at hand.
                    "PRAGMA cache_size=-16000;"
                    # Erased bodies and salts leave the file, not only the table.
                    "PRAGMA secure_delete=ON;"
                ),
            },
        }
    if parts.scheme in {"postgres", "postgresql"}:
        return {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": unquote(parts.path.lstrip("/")),
            "USER": unquote(parts.username or ""),
            "PASSWORD": unquote(parts.password or ""),
            "HOST": unquote(parts.hostname or ""),
            "PORT": str(parts.port or ""),
            "CONN_MAX_AGE": 60,
            "CONN_HEALTH_CHECKS": True,  # a restarted database costs no request
            # What follows ? is for the driver: sslmode=verify-full&sslrootcert=...
            "OPTIONS": dict(parse_qsl(parts.query)),
        }
    raise BadSetting("STAITHE_DATABASE_URL must start with sqlite:// or postgresql://")


def _base_url() -> str:
    """Return the address of the service; BadSetting where it is none."""
    url = env_str("STAITHE_BASE_URL", "http://127.0.0.1:8000").rstrip("/")
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path:
        raise BadSetting("STAITHE_BASE_URL must read https://name or http://name:port")
    return url


def _time_zone() -> str:
    """Return the zone in which pages show times; BadSetting where there is none."""
    name = env_str("STAITHE_TIME_ZONE", "Europe/London")
    try:
        return ZoneInfo(name).key
    except (ValueError, OSError, ZoneInfoNotFoundError) as error:
        raise BadSetting(f"STAITHE_TIME_ZONE: there is no zone {name!r}") from error


HOME = _home()
SECRET_KEY = _secret_key()
DEBUG = env_bool("STAITHE_DEBUG")
DATABASES = {"default": _database(env_secret("STAITHE_DATABASE_URL"))}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# The address that people and programs use to reach the service.
BASE_URL = _base_url()
SERVICE_NAME = env_str("STAITHE_SERVICE_NAME", "Staithe")
ALLOWED_HOSTS = [
    host
    for host in (
        *env_str("STAITHE_ALLOWED_HOSTS").split(","),
        urlsplit(BASE_URL).hostname or "",
        *("127.0.0.1", "localhost", "[::1]"),
    )
    if host
]
MAX_UPLOAD_BYTES = env_int("STAITHE_MAX_UPLOAD_MB", 2048) * 1024 * 1024
# A larger file is read by a job, with a progress page; a smaller one at once, so
# that a fault in it is shown beside the form.
PUBLISH_INLINE_BYTES = env_int("STAITHE_PUBLISH_INLINE_MB", 32) * 1024 * 1024
HTTPS = BASE_URL.startswith("https://")

ROOMS = [
    "ui",
    "ledger",
    "tables",
    "jobs",
    "people",
    "registers",
    "catalogue",
    "law",
    "sharing",
    "linkage",
    "exchange",
    "analysis",
    "accountability",
    "demo",
    "site",
]
INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_tasks",
    "django_tasks_db",
    *(f"staithe.{room}" for room in ROOMS),
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "staithe.site.middleware.Headers",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "staithe.site.middleware.RequestLog",
    "staithe.site.middleware.Limits",
    "staithe.registers.middleware.PublicReads",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "staithe.people.middleware.UnreadNotices",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "staithe.site.middleware.Errors",
]
ROOT_URLCONF = "staithe.site.urls"
WSGI_APPLICATION = "staithe.site.wsgi.application"
AUTH_USER_MODEL = "people.Person"
LOGIN_URL = "/sign-in"
LOGIN_REDIRECT_URL = "/"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.jinja2.Jinja2",
        # ui/templates holds base.html and components; each room its own folder.
        "DIRS": [],
        "APP_DIRS": False,
        "OPTIONS": {"environment": "staithe.ui.environment.environment"},
    },
]
TEMPLATES[0]["DIRS"] = [PACKAGE / room / "templates" for room in ROOMS]

LANGUAGE_CODE = "en-gb"
# Pages show local time; everything stored and signed is UTC.
TIME_ZONE = _time_zone()
USE_TZ = True
USE_I18N = False

STATIC_URL = "/static/"
STATICFILES_DIRS = [PACKAGE / "ui" / "static"]
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = DEBUG

SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = HTTPS
CSRF_COOKIE_SECURE = HTTPS
CSRF_COOKIE_HTTPONLY = True
CSRF_TRUSTED_ORIGINS = [BASE_URL]
CSRF_FAILURE_VIEW = "staithe.site.web.csrf_failure"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SECURE_HSTS_SECONDS = 31536000 if HTTPS else 0
if env_bool("STAITHE_BEHIND_PROXY"):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
# Large uploads go to disk at once; the reader checks them from there.
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.TemporaryFileUploadHandler"]
DATA_UPLOAD_MAX_MEMORY_SIZE = 10 * 1024 * 1024

PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.ScryptPasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"
    },
]

TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend"}}

EMAIL_HOST = env_str("STAITHE_SMTP_HOST")
EMAIL_PORT = env_int("STAITHE_SMTP_PORT", 25)
EMAIL_HOST_USER = env_str("STAITHE_SMTP_USER")
EMAIL_HOST_PASSWORD = env_secret("STAITHE_SMTP_PASSWORD")
EMAIL_USE_TLS = env_bool("STAITHE_SMTP_TLS")
EMAIL_TIMEOUT = 30  # seconds: a mail server that says nothing must not hold a worker
EMAIL_BACKEND = (
    "django.core.mail.backends.smtp.EmailBackend"
    if EMAIL_HOST
    else "django.core.mail.backends.console.EmailBackend"
)
DEFAULT_FROM_EMAIL = env_str("STAITHE_MAIL_FROM", "staithe@localhost")

# Where snapshots live: a folder, or s3://bucket/prefix read and written by pyarrow. A
# secret, because the keys of a bucket may stand in it.
STORAGE_URL = env_secret("STAITHE_STORAGE_URL", str(HOME / "snapshots"))
ENGINE_THREADS = env_int("STAITHE_ENGINE_THREADS", 2)
ENGINE_MEMORY_MB = env_int("STAITHE_ENGINE_MEMORY_MB", 1024)
# How many questions of analysts run at one moment on this machine, and how many of
# them may be one person's. Each may take the memory and the time of one query.
QUERIES_AT_ONCE = env_int("STAITHE_QUERIES_AT_ONCE", 4, least=1)
QUERIES_EACH = env_int("STAITHE_QUERIES_EACH", 2, least=1)
# The seed of linkage training: the same data gives the same links.
LINKAGE_SEED = env_int("STAITHE_LINKAGE_SEED", 1)

# Who may read /metrics: whoever sends this token. Unset, there is no such page.
METRICS_TOKEN = env_secret("STAITHE_METRICS_TOKEN")

LOGGING_CONFIG = None  # structlog is configured in staithe.site.logs
