"""Typed settings, read once from the environment (the names are part of the contract)."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from lowcode.errors import LowcodeError


class ConfigurationError(LowcodeError):
    """A setting in the environment cannot be used; ``params`` name it."""

    status = 500
    default_code = "configuration"


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Everything the installation decides from outside."""

    data_dir: Path
    database_url: str
    secret_key: str | None
    base_url: str | None
    smtp_url: str | None
    zone: ZoneInfo
    locale: str
    files_url: str | None
    frozen_now: datetime | None
    trusted_proxies: tuple[str, ...] = ()
    """Addresses whose ``X-Forwarded-For`` and ``X-Forwarded-Proto`` are believed."""
    audit_years: int = 3
    """How long entries of the audit log are kept; 0: for ever."""
    backup_password: str | None = None
    """What backups are to be encrypted with. As long as they cannot be, none is made where it is set."""
    metrics_from: tuple[IPv4Network | IPv6Network, ...] = ()
    """Who may read ``/metrics`` from elsewhere than this machine."""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Settings:
        """Read ``LOWCODE_*``; raises :class:`ConfigurationError` naming the bad setting."""
        env = os.environ if environment is None else environment
        data_dir = Path(env.get("LOWCODE_DATA_DIR") or "var").absolute()
        url = env.get("LOWCODE_DATABASE_URL") or f"sqlite:///{data_dir / 'lowcode.db'}"
        if not url.startswith(("sqlite:", "postgresql+psycopg:", "postgresql:")):
            raise ConfigurationError("configuration.database_url", name="LOWCODE_DATABASE_URL")
        if url.startswith("postgresql:"):
            url = "postgresql+psycopg:" + url.removeprefix("postgresql:")
        try:
            zone = ZoneInfo(env.get("LOWCODE_TIMEZONE") or "Asia/Tokyo")
        except (ZoneInfoNotFoundError, ValueError):
            raise ConfigurationError("configuration.timezone", value=env.get("LOWCODE_TIMEZONE")) from None
        locale = env.get("LOWCODE_LOCALE") or "ja"
        if locale not in ("ja", "en"):
            raise ConfigurationError("configuration.locale", value=locale)
        return cls(
            data_dir=data_dir,
            database_url=url,
            secret_key=env.get("LOWCODE_SECRET_KEY") or None,
            base_url=env.get("LOWCODE_BASE_URL") or None,
            smtp_url=env.get("LOWCODE_SMTP_URL") or None,
            zone=zone,
            locale=locale,
            files_url=env.get("LOWCODE_FILES_URL") or None,
            frozen_now=_frozen_now(env, zone),
            audit_years=_audit_years(env),
            trusted_proxies=_addresses(env, "LOWCODE_TRUSTED_PROXIES"),
            backup_password=env.get("LOWCODE_BACKUP_PASSWORD") or None,
            metrics_from=_metrics_from(env),
        )

    def now(self) -> datetime:
        """This instant in UTC, or the frozen one of a drill."""
        return self.frozen_now or datetime.now(UTC)


def _addresses(env: Mapping[str, str], name: str) -> tuple[str, ...]:
    return tuple((env.get(name) or "").replace(",", " ").split())


def _metrics_from(env: Mapping[str, str]) -> tuple[IPv4Network | IPv6Network, ...]:
    found = []
    for each in _addresses(env, "LOWCODE_METRICS_FROM"):
        try:
            found.append(ip_network(each, strict=False))
        except ValueError:
            raise ConfigurationError("configuration.metrics_from", value=each) from None
    return tuple(found)


def _audit_years(env: Mapping[str, str]) -> int:
    raw = env.get("LOWCODE_AUDIT_YEARS") or "3"
    if not (raw.isascii() and raw.isdecimal() and len(raw) < 4):
        raise ConfigurationError("configuration.audit_years", value=raw)
    return int(raw)


def _frozen_now(env: Mapping[str, str], zone: ZoneInfo) -> datetime | None:
    raw = env.get("LOWCODE_NOW")
    if not raw:
        return None
    # A forgotten frozen clock would stamp patients' records with a wrong time.
    if env.get("LOWCODE_DRILL") != "1":
        raise ConfigurationError("configuration.frozen_now_outside_drill")
    try:
        moment = datetime.fromisoformat(raw)
    except ValueError:
        raise ConfigurationError("configuration.now", value=raw) from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)
