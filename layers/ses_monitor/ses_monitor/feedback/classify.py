"""What an event means for each of its recipients, and in which counters it goes. Pure, and on the hot path.

SES counts in its bounce rate hard bounces only, and of them not those to its simulator, to domains verified in the
account, and to addresses that were on the account's own suppression lists; it does count those on its global list.
https://docs.aws.amazon.com/ses/latest/dg/faqs-enforcement.html
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from ses_monitor.core import domains
from ses_monitor.core.event import Bounce, Complaint, Delay, Event, Kind, Outcome, Recipient, event_id
from ses_monitor.core.mailbox import SIMULATOR, normal
from ses_monitor.core.traffic import Tally

PERMANENT = "Permanent"
SUPPRESSED = "Suppressed"
"""The subtype of a bounce from SES's global suppression list."""
NEVER_TRIED = frozenset(
    {"OnAccountSuppressionList", "OnTenantSuppressionList", "EmailValidationSuppressed", "UnsubscribedRecipient"}
)
"""Subtypes of permanent bounces that SES made itself, without a try, and does not count."""
NOT_SPAM = "not-spam"
"""The feedback type of a recipient who took mail out of the spam folder."""
SPAM_DETECTED = "SpamDetected"
IP_FAILURE = "IPFailure"

MOST_LABELS = 10
"""No identity has more labels than this; what a recipient's domain has beyond them is not looked up."""

_BY_KIND = {
    Kind.SEND: (Tally.SENDS,),
    Kind.DELIVERY: (Tally.DELIVERIES,),
    Kind.REJECT: (Tally.REJECTS,),
    Kind.OPEN: (Tally.OPENS,),
    Kind.CLICK: (Tally.CLICKS,),
    Kind.RENDERING_FAILURE: (Tally.RENDERING_FAILURES,),
    Kind.SUBSCRIPTION: (Tally.SUBSCRIPTIONS,),
    Kind.REJECTION: (Tally.REJECTIONS,),
    Kind.OTHER: (Tally.OTHERS,),
}
_BY_DELAY = {SPAM_DETECTED: (Tally.DELAYS_SPAM,), IP_FAILURE: (Tally.DELAYS_IP,)}
_SIMULATED = (Tally.SIMULATED,)
_OTHER_BOUNCE = (Tally.OTHER_BOUNCES,)
_OTHER_COMPLAINT = (Tally.OTHER_COMPLAINTS,)


def outcomes(event: Event, own_domains: Collection[str] = ()) -> list[Outcome]:
    """Return what `event` means for each recipient; one outcome for nobody where it names none, or where it is a click.

    A refused send is one outcome, however many recipients it had. A recipient that an event names twice counts once.
    `own_domains` are the domains verified in the account (lower case) among `domains_to_know`; a hard bounce or a
    complaint at one of them, or below it, does not count in a rate.
    """
    tallies, counted = _meant(event)
    if event.kind is Kind.OPEN or event.kind is Kind.CLICK:
        # Which of several recipients it was, SES does not say.
        simulated = bool(event.recipients) and all(_is_simulated(normal(each.address)) for each in event.recipients)
        return [Outcome(event_id(event), event, None, _SIMULATED if simulated else tallies)]
    if event.kind is Kind.REJECTION:
        [recipient] = event.recipients if len(event.recipients) == 1 else [None]
        return [Outcome(event_id(event), event, recipient, tallies)]
    if not event.recipients:
        return [Outcome(event_id(event), event, None, tallies, counted)]
    if len(event.recipients) == 1:
        [recipient] = event.recipients
        return [_outcome(event, recipient, normal(recipient.address), tallies, own_domains, counted=counted)]
    named: dict[str, Recipient] = {}
    for recipient in event.recipients:
        named.setdefault(normal(recipient.address), recipient)
    return [
        _outcome(event, recipient, address, tallies, own_domains, counted=counted)
        for address, recipient in named.items()
    ]


def counts_toward_bounce_rate(event: Event) -> bool:
    """Tell whether any recipient of `event` counts in the bounce rate, as far as the event itself tells.

    It cannot tell which domains are verified in the account.
    """
    if event.kind is not Kind.BOUNCE or not _meant(event)[1]:
        return False
    return not event.recipients or any(not _is_simulated(normal(each.address)) for each in event.recipients)


def domains_to_know(event: Event) -> set[str]:
    """Return the domains that, were they verified in the account, would keep `event` out of a rate.

    Those of the recipients of a hard bounce or a complaint that counts, and the ones above them, down to two labels.
    """
    if not _meant(event)[1]:
        return set()
    addresses = (normal(each.address) for each in event.recipients)
    return {name for address in addresses if not _is_simulated(address) for name in _domains(address)}


def _meant(event: Event) -> tuple[tuple[Tally, ...], bool]:
    """Return the counters of a recipient of whom only the event is known, and whether it counts in a rate."""
    # Sends and deliveries are nearly everything that comes: they are told apart by one lookup.
    if tallies := _BY_KIND.get(event.kind):
        return tallies, False
    if event.kind is Kind.BOUNCE:
        return _of_bounce(event.detail if isinstance(event.detail, Bounce) else Bounce("", ""))
    if event.kind is Kind.COMPLAINT:
        return _of_complaint(event.detail if isinstance(event.detail, Complaint) else Complaint())
    kind = event.detail.type if isinstance(event.detail, Delay) else ""
    return _BY_DELAY.get(kind, (Tally.DELAYS_OTHER,)), False


def _of_bounce(bounce: Bounce) -> tuple[tuple[Tally, ...], bool]:
    if bounce.type != PERMANENT or bounce.subtype in NEVER_TRIED:
        return _OTHER_BOUNCE, False
    if bounce.subtype == SUPPRESSED:
        return (Tally.HARD_BOUNCES, Tally.SUPPRESSED_GLOBALLY), True
    # A subtype that is new to us: SES says that it counts all permanent ones but those it names.
    return (Tally.HARD_BOUNCES,), True


def _of_complaint(complaint: Complaint) -> tuple[tuple[Tally, ...], bool]:
    if is_echo(complaint) or complaint.type == NOT_SPAM:
        return _OTHER_COMPLAINT, False
    # `auth-failure` is no cry of "spam" either, but nothing says that SES leaves it out of its rate.
    return (Tally.COMPLAINTS,), True


def is_echo(complaint: Complaint) -> bool:
    """Tell whether nobody complained now: the address is on a suppression list since an earlier complaint."""
    return complaint.subtype.startswith("On") and complaint.subtype.endswith("SuppressionList")


def _outcome(
    event: Event,
    recipient: Recipient,
    address: str,
    tallies: tuple[Tally, ...],
    own_domains: Collection[str],
    *,
    counted: bool,
) -> Outcome:
    if _is_simulated(address):
        tallies, counted = _SIMULATED, False
    elif counted and own_domains and any(name in own_domains for name in _domains(address)):
        tallies, counted = _OTHER_BOUNCE if event.kind is Kind.BOUNCE else _OTHER_COMPLAINT, False
    return Outcome(event_id(event, address), event, recipient, tallies, counted)


def _is_simulated(address: str) -> bool:
    """Tell the simulator's addresses; `address` is normalised already."""
    return address.rpartition("@")[2].rstrip(".") == SIMULATOR


def _domains(address: str) -> Iterator[str]:
    """Yield the domain of a normalised address and those above it that could be an identity."""
    domain = address.rpartition("@")[2].rstrip(".")
    if not domains.possible(domain):
        return
    labels = domain.split(".")
    for start in range(max(0, len(labels) - MOST_LABELS), len(labels) - 1):
        yield ".".join(labels[start:])
