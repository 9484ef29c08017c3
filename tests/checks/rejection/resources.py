"""Cases of rejection.resources."""

from dataclasses import replace

from tests.build import HOSTILE, LISTENING, THROTTLED, Case, refusals, with_refusals

TAGS = (
    "CONFIGURATION_SET_PAUSED",
    "CONFIGURATION_SET_MISSING",
    "MAIL_FROM_UNVERIFIED",
    "TEMPLATE_MISSING",
)

CASES = [
    Case("healthy", LISTENING),
    Case("what was refused cannot be read", replace(LISTENING, refused=THROTTLED), unknown=True),
    Case(
        "a configuration set that is named",
        with_refusals(refusals("CONFIGURATION_SET_MISSING", resource="bulk")),
        ("CONFIGURATION_SET_MISSING",),
        says=("bulk", "create-configuration-set --region eu-west-1 --configuration-set-name bulk"),
    ),
    Case(
        "one that is not",
        with_refusals(refusals("CONFIGURATION_SET_PAUSED")),
        ("CONFIGURATION_SET_PAUSED",),
        says=("the configuration set of the mail", "--configuration-set-name RESOURCE"),
    ),
    Case(
        "the MAIL FROM domain of the sender",
        with_refusals(refusals("MAIL_FROM_UNVERIFIED")),
        ("MAIL_FROM_UNVERIFIED",),
        says=("MAIL FROM domain of shop.example.com",),
    ),
    Case(
        "once, a day ago",
        with_refusals(*(refusals(tag, {24: 1}) for tag in TAGS)),
        TAGS,
        says=("SES in eu-west-1 refused mail of shop.example.com once since 2026-05-11 10:00 UTC",),
    ),
    Case("before that", with_refusals(*(refusals(tag, {25: 1_000}) for tag in TAGS))),
    Case(
        "of the account",
        with_refusals(*(refusals(tag, {0: 2}) for tag in TAGS), name="account"),
        TAGS,
        says=("mail of the account twice",),
    ),
    Case(
        "hostile",
        with_refusals(
            *(
                refusals(
                    tag,
                    {0: 100},
                    text=HOSTILE,
                    code=HOSTILE,
                    identity=HOSTILE,
                    resource=HOSTILE,
                    user=HOSTILE,
                    action=HOSTILE,
                    elsewhere=HOSTILE,
                    known=HOSTILE,
                    origin=HOSTILE,
                )
                for tag in TAGS
            ),
            name=HOSTILE,
        ),
        TAGS,
    ),
]
