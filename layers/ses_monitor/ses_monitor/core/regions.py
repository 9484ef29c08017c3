"""What is known of SES regions beforehand: the hosts that DNS records name, and where an account must opt in. Pure.

Sources: https://docs.aws.amazon.com/general/latest/gr/ses.html (DKIM domains, feedback and inbound hosts),
https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-regions.html (opt-in), botocore (which exist).
"""

from __future__ import annotations

import re

OPT_IN = frozenset(
    {
        "af-south-1",
        "ap-east-2",
        "ap-south-2",
        "ap-southeast-3",
        "ap-southeast-4",
        "ap-southeast-5",
        "ap-southeast-6",
        "ap-southeast-7",
        "ca-west-1",
        "eu-central-2",
        "eu-south-1",
        "eu-south-2",
        "il-central-1",
        "me-central-1",
        "me-south-1",
        "mx-central-1",
    }
)
"""SES regions an account must opt in to."""

UNDOCUMENTED = frozenset(
    {
        "ap-east-2",
        "ap-southeast-4",
        "ap-southeast-6",
        "ap-southeast-7",
        "eu-south-2",
        "eusc-de-east-1",
        "mx-central-1",
    }
)
"""Regions that botocore knows and AWS's table of SES hosts does not."""

KNOWN = (
    OPT_IN
    | UNDOCUMENTED
    | {
        "ap-northeast-1",
        "ap-northeast-2",
        "ap-northeast-3",
        "ap-south-1",
        "ap-southeast-1",
        "ap-southeast-2",
        "ca-central-1",
        "eu-central-1",
        "eu-north-1",
        "eu-west-1",
        "eu-west-2",
        "eu-west-3",
        "sa-east-1",
        "us-east-1",
        "us-east-2",
        "us-gov-east-1",
        "us-gov-west-1",
        "us-west-1",
        "us-west-2",
    }
)
"""Every region where SES exists."""

OWN_DKIM_ZONE = frozenset(
    {
        "af-south-1",
        "ap-northeast-3",
        "ap-south-2",
        "ap-southeast-3",
        "ap-southeast-5",
        "ca-west-1",
        "eu-central-2",
        "eu-south-1",
        "il-central-1",
        "me-central-1",
        "us-gov-east-1",
    }
)
"""Regions whose DKIM records point into a zone of their own; the other documented ones share `COMMON_DKIM_ZONE`."""

NO_INBOUND = UNDOCUMENTED | {
    "ap-south-2",
    "ap-southeast-5",
    "ca-west-1",
    "eu-central-2",
    "me-central-1",
    "us-gov-east-1",
    "us-gov-west-1",
}
"""Regions where SES receives no mail, as far as AWS says."""

COMMON_DKIM_ZONE = "dkim.amazonses.com"

_DKIM_ZONE = re.compile(r"dkim\.(?:([a-z0-9-]+)\.)?amazonses\.com")
_FEEDBACK = re.compile(r"feedback-smtp\.([a-z0-9-]+)\.amazonses\.com")
_REPLICA = re.compile(r"AWS_SES_([A-Z0-9_]+)")


def dkim_zone(region: str) -> str | None:
    """Return where the DKIM records of `region` point when SES does not say it; None where AWS tells nobody."""
    if region in OWN_DKIM_ZONE:
        return f"dkim.{region}.amazonses.com"
    return COMMON_DKIM_ZONE if region in KNOWN - UNDOCUMENTED else None


def is_dkim_zone(zone: str) -> bool:
    """Tell whether `zone` is written like one that SES keeps DKIM keys in, in whatever region.

    The table is not enough: SES gives some identities a zone of their region where the table has the common one.
    """
    found = _DKIM_ZONE.fullmatch(zone.lower().rstrip("."))
    return found is not None and (found[1] is None or found[1] in KNOWN)


def feedback_host(region: str) -> str | None:
    """Return the host that the MX of a custom MAIL FROM domain names.

    One pattern holds for all 29 documented regions and is taken for the others of those partitions too; None for
    the European Sovereign Cloud, whose domain nobody knows yet, and for what is no region.
    """
    if region not in KNOWN or region.startswith("eusc-"):
        return None
    return f"feedback-smtp.{region}.amazonses.com"


def region_of_feedback_host(host: str) -> str | None:
    """Return the region whose feedback host this is; None if it is none."""
    found = _FEEDBACK.fullmatch(host.lower().rstrip("."))
    return found[1] if found is not None and found[1] in KNOWN else None


def inbound_host(region: str) -> str | None:
    """Return the host that receives mail for SES in `region` (amazonaws.com, not amazonses.com), if there is one."""
    return f"inbound-smtp.{region}.amazonaws.com" if region in KNOWN - NO_INBOUND else None


def is_inbound_host(host: str) -> bool:
    """Tell whether `host` receives mail for SES in some region."""
    return host.lower().rstrip(".") in {inbound_host(region) for region in KNOWN - NO_INBOUND}


def parent_region(dkim_origin: str) -> str | None:
    """Return the region that a Deterministic Easy DKIM replica has its keys from; None if it is no replica.

    The origin is written AWS_SES_EU_WEST_1 and the like.
    """
    found = _REPLICA.fullmatch(dkim_origin)
    return found[1].lower().replace("_", "-") if found is not None else None
