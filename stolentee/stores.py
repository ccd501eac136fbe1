"""Where files lie, as Django's STORAGES: folders, or buckets of whatever speaks S3 (Amazon, R2, Supabase)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from botocore.config import Config

# Django's alias of each area. Private: originals and packs. Public: derivatives under names that nobody guesses.
_ALIASES = {"default": "private", "public": "public"}
# A public name is never given to other bytes, so whoever gets a file from the bucket itself may keep it.
_CACHE_CONTROL = {"private": "private, no-store", "public": "public, max-age=31536000, immutable"}

Backend = dict[str, object]


@dataclass(frozen=True)
class Account:
    """Buckets of one S3 server. `endpoint_url` is empty for Amazon's own; both buckets may be the same."""

    private_bucket: str
    public_bucket: str
    endpoint_url: str
    key_id: str
    secret: str
    region: str

    def bucket(self, area: str) -> str:
        return self.public_bucket if area == "public" else self.private_bucket


def storages_of(
    folder: Path,
    home: Account | None,
    target: Account | None,
    *,
    backups: Account | None = None,
    signed_url_max_age: timedelta,
) -> dict[str, Backend]:
    """STORAGES. Without `home`, files lie in `folder`; with `target`, each area is two stores that are read as one.

    `backups` is where copies of backups go, if anywhere.
    """

    def store(account: Account | None, area: str) -> Backend:
        return _folder(folder / area) if account is None else _bucket(account, area, signed_url_max_age)

    found: dict[str, Backend] = {
        "staticfiles": {"BACKEND": "whitenoise.storage.CompressedStaticFilesStorage"}
    }
    if backups is not None:
        found["backups"] = _bucket(backups, "backups", signed_url_max_age)
    for alias, area in _ALIASES.items():
        if target is None:
            found[alias] = store(home, area)
            continue
        found[alias] = {"BACKEND": "uploads.storage.located.LocatedStorage", "OPTIONS": {"area": area}}
        found[f"{area}-home"] = store(home, area)
        found[f"{area}-r2"] = store(target, area)
    return found


def _folder(path: Path) -> Backend:
    return {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": path, "allow_overwrite": False},
    }


def _bucket(account: Account, area: str, signed_url_max_age: timedelta) -> Backend:
    from boto3.s3.transfer import TransferConfig  # a quarter of a second that a shop on files need not wait

    return {
        "BACKEND": "storages.backends.s3.S3Storage",
        "OPTIONS": {
            "bucket_name": account.bucket(area),
            "endpoint_url": account.endpoint_url or None,
            "access_key": account.key_id,
            "secret_key": account.secret,
            "region_name": account.region,
            "location": area,
            "default_acl": None,  # R2 has none
            "file_overwrite": False,
            "querystring_auth": True,
            "querystring_expire": int(signed_url_max_age.total_seconds()),
            "object_parameters": {"CacheControl": _CACHE_CONTROL.get(area, "private, no-store")},
            # Without these two, a read holds the whole file in memory and an upload ten parts of it.
            "max_memory_size": 1024 * 1024,
            "transfer_config": TransferConfig(use_threads=False),
            "client_config": Config(
                signature_version="s3v4",
                s3={"addressing_style": "path"},  # the endpoints of R2 and Supabase have no name per bucket
                # boto3 >= 1.36 adds a CRC32 trailer by default, which R2 and B2 refuse (django-storages #1482).
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
                connect_timeout=3,
                read_timeout=10,
                retries={"max_attempts": 3, "mode": "standard"},
            ),
        },
    }
