"""Open alerts."""

from bithedge.domain.events.chain import Severity
from bithedge.storage.queries.chain import Alert
from bithedge.views.base import View
from bithedge.views.times import rfc3339


class AlertView(View, frozen=True, kw_only=True):
    """Something that needs a person's eye; `runbook` is the page that says what to do."""

    code: str
    severity: Severity
    message: str
    since_at: str
    runbook: str
    public: bool


def alert_view(alert: Alert) -> AlertView:
    """Return an open alert as the interface shows it."""
    return AlertView(
        code=alert.code,
        severity=alert.severity,
        message=alert.message,
        since_at=rfc3339(alert.since_at_ms),
        runbook=f"/docs/runbook#{alert.code}",
        public=alert.public,
    )
