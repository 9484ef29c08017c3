"""Cases of configuration_set.sending."""

from ses_monitor.core.model import Severity
from ses_monitor.core.observed import Known
from tests.build import DOMAIN, HOSTILE, NOT_SAID, SENDER, SETS_UNREADABLE, THROTTLED, Case, with_set

PAUSED = ("CONFIGURATION_SET_PAUSED",)
CRITICAL = {"CONFIGURATION_SET_PAUSED": Severity.CRITICAL}
OFF = Known(value=False)

CASES = [
    Case("healthy", SENDER),
    Case("the configuration sets cannot be listed", SETS_UNREADABLE, unknown=True),
    Case("the switch could not be read", with_set(sending_enabled=THROTTLED), unknown=True),
    Case("the switch was left out", with_set(sending_enabled=NOT_SAID), unknown=True),
    Case(
        "paused, and nobody is known to use it",
        with_set(sending_enabled=OFF, default_of=()),
        PAUSED,
        says=(
            "No identity is known to use it by default",
            "put-configuration-set-sending-options --region eu-west-1 --configuration-set-name transactional --sending-enabled",
            "UpdateConfigurationSetSendingEnabled",
        ),
    ),
    Case(
        "paused, and an identity uses it by default",
        with_set(sending_enabled=OFF, default_of=(DOMAIN,)),
        PAUSED,
        severities=CRITICAL,
        says=("By default that is all mail from shop.example.com.",),
    ),
    Case(
        "paused, and more identities use it than fit",
        with_set(sending_enabled=OFF, default_of=tuple(f"{n}.example.com" for n in range(8))),
        PAUSED,
        severities=CRITICAL,
        says=("4.example.com and 3 more",),
    ),
    Case(
        "hostile names",
        with_set(name=HOSTILE, sending_enabled=OFF, default_of=(HOSTILE,) * 9),
        PAUSED,
        severities=CRITICAL,
    ),
]
