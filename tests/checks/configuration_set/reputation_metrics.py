"""Cases of configuration_set.reputation_metrics."""

from ses_monitor.core.observed import Known
from tests.build import HOSTILE, NOT_SAID, SENDER, SETS_UNREADABLE, THROTTLED, Case, with_set

OFF = ("REPUTATION_METRICS_OFF",)

CASES = [
    Case("healthy", SENDER),
    Case("the configuration sets cannot be listed", SETS_UNREADABLE, unknown=True),
    Case("the switch could not be read", with_set(reputation_metrics=THROTTLED), unknown=True),
    Case("the switch was left out", with_set(reputation_metrics=NOT_SAID), unknown=True),
    Case(
        "off",
        with_set(reputation_metrics=Known(value=False)),
        OFF,
        says=(
            "put-configuration-set-reputation-options --region eu-west-1 --configuration-set-name transactional"
            " --reputation-metrics-enabled",
        ),
    ),
    Case("a hostile name", with_set(name=HOSTILE, reputation_metrics=Known(value=False)), OFF),
]
