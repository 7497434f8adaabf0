"""Tells early that a certificate ends: a link that dies at midnight on a Sunday helps nobody (S-16)."""

import logging
from datetime import UTC
from pathlib import Path
from typing import Final

from domain.errors import ConfigurationError
from domain.instants import Clock, from_microseconds
from services.status import ExpiryWarning

_log = logging.getLogger(__name__)

LOOK_EVERY_S: Final = 600.0


class ExpiryWatch:
    """Looks at the certificates every ten minutes; called by the collector every second.

    The library that reads them is loaded with the first look, not with the program.
    """

    def __init__(self, pki: Path, *, clock: Clock) -> None:
        self._pki = pki
        self._clock = clock
        self._next_s = clock.monotonic_s()
        self.warnings: tuple[ExpiryWarning, ...] = ()

    def look(self) -> None:
        """Look again when it is time; a warning is logged when it is new or more urgent than before."""
        if self._clock.monotonic_s() < self._next_s:
            return
        self._next_s = self._clock.monotonic_s() + LOOK_EVERY_S
        now = from_microseconds(self._clock.now_us()).astimezone(UTC)
        known = {(each.fingerprint, each.within_days) for each in self.warnings}
        from services.certificates import expiry_warnings

        try:
            self.warnings = expiry_warnings(self._pki, now=now)
        except (OSError, ConfigurationError) as error:
            _log.warning("the certificates cannot be looked at: %s", error)
            return
        for each in self.warnings:
            if (each.fingerprint, each.within_days) not in known:
                _log.warning("certificate '%s' (%s) ends in %d days", each.subject, each.kind, each.days_left)
