"""Cases of feedback.rendering. Three mails fail in each of the hours named."""

from dataclasses import replace

from tests.build import DEFAULT_SET, DOMAIN, HOSTILE, LISTENING, THROTTLED, Case, with_template

FAILURE = ("RENDERING_FAILURE",)

CASES = [
    Case("healthy", LISTENING),
    Case("what is counted cannot be read", replace(LISTENING, templates=THROTTLED), unknown=True),
    Case(
        "failing",
        with_template(
            0,
            24,
            error="Attribute 'firstName' is not present in the rendering data.",
            attribute="firstName",
            identity=DOMAIN,
            configuration_set=DEFAULT_SET,
        ),
        FAILURE,
        says=(
            "the template order-confirmation in eu-west-1. The data had no firstName. Mails not sent since 2026-05-11 10:00 UTC: 6.",
            "from shop.example.com with the configuration set transactional",
            "Attribute 'firstName' is not present",
            "test-render-email-template --region eu-west-1 --template-name order-confirmation",
            "get-email-template",
        ),
    ),
    Case(
        "SES says little",
        with_template(3),
        FAILURE,
        says=("Which attribute was missing SES did not say", "From which identity is not known", "none was given"),
    ),
    Case("of a configuration set", with_template(3, configuration_set="bulk"), FAILURE, says=("sent with the conf",)),
    Case(
        "an address in the error",
        with_template(1, error="no data for j.doe@example.org"),
        FAILURE,
        says=("j…@example.org",),
    ),
    Case("more than a day ago", with_template(25)),
    Case(
        "hostile",
        with_template(1, name=HOSTILE, error=HOSTILE, attribute=HOSTILE, identity=HOSTILE, configuration_set=HOSTILE),
        FAILURE,
    ),
]
