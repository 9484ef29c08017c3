"""Which of the reasons it was, in this account: a refusal held against what the audits know. Pure.

SES checks the From address, the Return-Path and `Sender` everywhere, and recipients in the sandbox only; a verified
domain covers its addresses and its subdomains; identities are a region's own. What a fact would decide that nobody has
stays undecided: then the possible reasons are named, never one of them guessed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import islice

from ses_monitor.core.check import bounded
from ses_monitor.core.domains import parents
from ses_monitor.core.mailbox import domain_of, normal
from ses_monitor.core.region_state import AccountFacts
from ses_monitor.core.rejection import Facts, KnownIdentity, Rejection, Told
from ses_monitor.rejections.identities import identity, is_machines, is_private
from ses_monitor.rejections.reading import told_in

MOST_NAMES = 60
"""Names asked of the table for one rejection."""
MOST_OTHERS = 5
"""Other identities that the evidence names."""
RECIPIENT = "RECIPIENT_UNVERIFIED_SANDBOX"
UNVERIFIED = "SENDER_UNVERIFIED"
OTHER_REGION = "SENDER_VERIFIED_IN_OTHER_REGION"
PENDING = "SENDER_PENDING"
RETURN_PATH = "RETURN_PATH_UNVERIFIED"
UNDECIDED = "IDENTITY_UNVERIFIED"
LIKELIEST = (RECIPIENT, UNVERIFIED, OTHER_REGION, PENDING, RETURN_PATH)
"""What an unverified identity may be, the likeliest first."""
GRAVEST = (PENDING, OTHER_REGION, UNVERIFIED, RETURN_PATH, RECIPIENT)
"""Of several reasons the one to tell: who mends the sender sees what else there is with the next mail."""
PAUSED = ("ACCOUNT_PAUSED_BY_OWNER", "ACCOUNT_PAUSED_BY_AWS", "CONFIGURATION_SET_PAUSED")
"""What the bare code SendingPausedException may be."""

_VERIFIED = frozenset({"SUCCESS", "TEMPORARY_FAILURE"})
_ANY_SENDER = (UNVERIFIED, OTHER_REGION, PENDING)
_MOST_PARENTS = 8


@dataclass(frozen=True, slots=True)
class Standing:
    """How an identity stands in the region that refused. `read` False: the audits do not know."""

    read: bool = False
    covering: str = ""
    """The identity of this account that covers it, the closest; in this region, or else in another. Empty: none."""
    verified: bool = False
    status: str = ""
    """SES's word for the covering identity here; empty: there is none here."""
    elsewhere: tuple[str, ...] = ()
    """Regions in which it is verified, in order of their names."""

    @property
    def ours(self) -> bool:
        """Whether the account has it at all."""
        return bool(self.covering)


@dataclass(frozen=True, slots=True)
class Resolved:
    """The answer about unverified identities.

    `tag` is UNDECIDED where facts are missing; then `possible` has what it may be. `at_fault` are the failed identities
    of this tag. `guessed`: the sender was not told, so its role was inferred from who owns it.
    """

    tag: str
    at_fault: tuple[str, ...] = ()
    possible: tuple[str, ...] = ()
    standing: Standing = Standing()
    known: tuple[str, ...] = ()
    guessed: bool = False


def supplemented(told: Told, text: str) -> Told:
    """Return `told` with the sender and the recipients that the text itself names, where nobody told them."""
    if told.sender and told.recipients:
        return told
    own = told_in(text)
    return replace(told, sender=told.sender or own.sender, recipients=told.recipients or own.recipients)


def names_to_know(rejection: Rejection, told: Told) -> tuple[str, ...]:
    """Return what to ask the table about: sender and failed identities, with the domains that would cover them.

    At most MOST_NAMES, lower case; an identity whose domains do not all fit is left out whole. An address with capitals
    is there as it is written too: SES and the table keep it so.
    """
    names: dict[str, None] = {}
    for name in (told.sender, *rejection.identities):
        chain = covers(name)
        if chain and name != chain[0] and name.lower() == chain[0]:
            chain = (name, *chain)
        if len(names.keys() | set(chain)) <= MOST_NAMES:
            names.update(dict.fromkeys(chain))
    return tuple(names)


def covers(name: str) -> tuple[str, ...]:
    """Return the identities that would cover an address or domain, the closest first: itself, its domain, its parents.

    Of a name that is no address and no domain: nothing.
    """
    bare = identity(normal(name)).lower()
    if not bare:
        return ()
    domain = domain_of(bare)
    return tuple(dict.fromkeys((bare, domain, *islice(parents(domain), _MOST_PARENTS))))


def standing_of(name: str, region: str, facts: Facts | None) -> Standing:
    """Return how `name` stands in `region`, as far as the audits know."""
    chain = covers(name)
    if facts is None or not region or region not in facts.listed or not chain or not facts.asked.issuperset(chain):
        return Standing()
    have = sorted(
        (each for each in facts.identities if each.name.lower() in chain),
        key=lambda each: (chain.index(each.name.lower()), each.region, each.name, each.verification_status),
    )
    here = [each for each in have if each.region == region]
    good = [each for each in here if each.verification_status in _VERIFIED]
    elsewhere = {each.region for each in have if each.verification_status in _VERIFIED} - {region}
    closest = next(iter(good or here or [each for each in have if each.region in elsewhere] or have), None)
    return Standing(
        read=True,
        covering=closest.name if closest else "",
        verified=bool(good),
        status=closest.verification_status if closest and closest in here else "",
        elsewhere=tuple(sorted(elsewhere)),
    )


def sender_of(name: str, region: str, facts: Facts | None) -> str:
    """Return the identity of the audits that covers an address, else its domain; empty for what is no address."""
    chain = covers(name)
    return (standing_of(name, region, facts).covering or domain_of(chain[0])) if chain else ""


def resolve(rejection: Rejection, told: Told, region: str, facts: Facts | None) -> Resolved:
    """Tell for which reason SES did not find the identities verified."""
    names = rejection.identities or (("",) if not told.sender else ())
    answers = [_of_one(name, told, region, facts) for name in names]
    sender = standing_of(told.sender, region, facts)
    if told.sender and (rejection.truncated or not names) and _bare(told.sender) not in map(_bare, names):
        answers += _unnamed(told, sender, facts, named=bool(names))
    decided = [each for each in answers if len(each.possible) == 1]
    account = facts.account if facts else None
    if not decided:
        possible = {tag for each in answers for tag in each.possible}
        return Resolved(
            UNDECIDED,
            rejection.identities,
            tuple(tag for tag in LIKELIEST if tag in possible),
            answers[0].standing if len(answers) == 1 else Standing(),
            tuple(_known(answers, region, account, sandbox_matters=True)),
        )
    tag = min((each.possible[0] for each in decided), key=GRAVEST.index)
    chosen = [each for each in decided if each.possible[0] == tag]
    others = [each for each in answers if each not in chosen]
    matters = tag == RECIPIENT or (tag != PENDING and not any(each.standing.ours for each in chosen))
    return Resolved(
        tag,
        tuple(dict.fromkeys(each.name for each in chosen if each.name)),
        (tag,),
        chosen[0].standing,
        (*_known(chosen, region, account, sandbox_matters=matters), *_too(others)),
        all(each.guessed for each in chosen),
    )


def whose_pause(account: AccountFacts | None) -> str:
    """Return which pause a bare SendingPausedException means; empty where the account does not tell."""
    if account is None:
        return ""
    if account.enforcement == "SHUTDOWN":
        return "ACCOUNT_PAUSED_BY_AWS"
    if account.sending_enabled is None or account.enforcement is None:
        return ""
    return "CONFIGURATION_SET_PAUSED" if account.sending_enabled else "ACCOUNT_PAUSED_BY_OWNER"


def account_in_words(account: AccountFacts | None, region: str, *, quota: bool = False) -> Iterator[str]:
    """Say what the last audit saw of the account that bears on a pause or, with `quota`, on its limits."""
    if account is None:
        return
    seen = f"The audit of {account.seen_at:%Y-%m-%d %H:%M} UTC found in {region}: "
    said = []
    if quota:
        if account.sent_last_24_hours is not None and account.max_24_hours is not None:
            limit = "no limit" if account.max_24_hours < 0 else f"{account.max_24_hours:,.0f} allowed"
            said.append(f"{account.sent_last_24_hours:,.0f} mails sent in 24 hours, {limit}")
        if account.max_per_second is not None:
            said.append(f"{account.max_per_second:g} mails a second allowed")
    else:
        if account.enforcement is not None:
            said.append(f"EnforcementStatus {bounded(account.enforcement, 40)}")
        if account.sending_enabled is not None:
            said.append(f"SendingEnabled {str(account.sending_enabled).lower()}")
    if account.production_access is not None:
        said.append("production access" if account.production_access else "the sandbox")
    if said:
        yield f"{seen}{'; '.join(said)}."


def mail_from_of(rejection: Rejection, told: Told, region: str, facts: Facts | None) -> KnownIdentity | None:
    """Return the identity whose MAIL FROM domain is not verified."""
    if facts is None or not region:
        return None
    broken = [
        each
        for each in sorted(facts.identities, key=lambda each: each.name)
        if each.region == region and each.mail_from_domain and each.mail_from_status != "SUCCESS"
    ]
    for name in (*rejection.identities, told.sender):
        bare, chain = _bare(name), covers(name)
        for each in sorted(
            broken, key=lambda each: chain.index(each.name.lower()) if each.name.lower() in chain else len(chain)
        ):
            if each.mail_from_domain.lower() == bare or each.name.lower() in chain:
                return each
    return None


@dataclass(frozen=True, slots=True)
class _One:
    """What one failed identity may be."""

    name: str
    possible: tuple[str, ...]
    standing: Standing
    guessed: bool = False


def _of_one(name: str, told: Told, region: str, facts: Facts | None) -> _One:
    standing = standing_of(name, region, facts)
    recipient = _bare(name) in {_bare(each) for each in told.recipients}
    if not standing.read:
        return _One(name, _still(told, name, recipient=recipient, sandbox=_sandbox(facts)), standing)
    if told.sender:
        return _One(name, _beside(name, told, standing, region, facts, recipient=recipient), standing)
    as_sender = _troubles(standing)
    sandbox = _sandbox(facts)
    # Who is not told of as a recipient, where they are told, is none; nor is a host of a private network.
    another = (bool(told.recipients) and not recipient) or is_private(name)
    if recipient and sandbox is not False:
        return _One(name, (RECIPIENT,) if sandbox else (RECIPIENT, *as_sender), standing)
    if standing.ours:
        return _One(name, as_sender, standing)
    if sandbox is False or another:
        return _One(name, (RETURN_PATH,) if is_machines(name) else as_sender, standing, guessed=True)
    return _One(name, (RECIPIENT,) if sandbox else (RECIPIENT, *as_sender), standing, guessed=True)


def _beside(
    name: str, told: Told, standing: Standing, region: str, facts: Facts | None, *, recipient: bool
) -> tuple[str, ...]:
    """Tell what an identity may be, given who the sender is."""
    sender, sandbox = standing_of(told.sender, region, facts), _sandbox(facts)
    if _is_sender(name, told.sender, sender, recipient=recipient):
        return _troubles(standing)
    if sandbox is False or (not recipient and (told.recipients or is_private(name))):
        return (RETURN_PATH,)
    if sandbox and (recipient or (sender.verified and not standing.ours)):
        return (RECIPIENT,)
    return (RECIPIENT, RETURN_PATH)


def _still(told: Told, name: str, *, recipient: bool, sandbox: bool | None) -> tuple[str, ...]:
    """Return what roles alone leave open, where the audits know nothing of the identity. Never one reason."""
    if told.sender and _bare(name) == _bare(told.sender):
        return _ANY_SENDER
    not_recipient = sandbox is False or (bool(told.recipients) and not recipient)
    return tuple(tag for tag in LIKELIEST if tag != RECIPIENT or not not_recipient)


def _unnamed(told: Told, sender: Standing, facts: Facts | None, *, named: bool) -> list[_One]:
    """Tell what the identities may be that SES did not name: it cut the list, or gave none."""
    if sender.read and not sender.verified:
        return [_One(told.sender, _troubles(sender), sender)]
    if named:
        return []
    if not sender.read:
        return [_One("", LIKELIEST, sender)]
    sandbox = _sandbox(facts)
    return [_One("", (RETURN_PATH,) if sandbox is False else (RECIPIENT, RETURN_PATH), sender)]


def _troubles(standing: Standing) -> tuple[str, ...]:
    """Return what it is if it is the sender."""
    if not standing.read:
        return _ANY_SENDER
    if standing.verified or not standing.ours:
        return (UNVERIFIED,)
    if standing.status:
        return (PENDING,)
    return (OTHER_REGION,) if standing.elsewhere else (UNVERIFIED,)


def _is_sender(name: str, sender: str, standing: Standing, *, recipient: bool) -> bool:
    if _bare(name) == _bare(sender):
        return True
    same = domain_of(name) == domain_of(sender)
    # Where the very address is verified and its domain is not, colleagues of the sender are others.
    return same and ("@" not in name or not (recipient or standing.verified))


def _sandbox(facts: Facts | None) -> bool | None:
    access = facts.account.production_access if facts and facts.account else None
    return None if access is None else not access


def _bare(name: str) -> str:
    return normal(name)


def _known(every: Iterable[_One], region: str, account: AccountFacts | None, *, sandbox_matters: bool) -> Iterator[str]:
    if sandbox_matters and account is not None and account.production_access is not None:
        yield (
            f"In {region} the account has production access: recipients are not checked there."
            if account.production_access
            else f"In {region} the account is in the sandbox: recipients must be verified too."
        )
    for each in islice((one for one in every if one.name and one.standing.read), MOST_OTHERS):
        yield from _state(each, region)


def _state(one: _One, region: str) -> Iterator[str]:
    name, standing = bounded(one.name, 320), one.standing
    regions = ", ".join(standing.elsewhere)
    through = f" (through {bounded(standing.covering, 320)})" if standing.covering.lower() != _bare(name) else ""
    if standing.verified:
        yield f"At the last audit {name} was verified in {region}{through}."
    elif standing.status:
        yield f"At the last audit its status in {region} was {bounded(standing.status, 40)}: {name}{through}."
        if regions:
            yield f"{name} is verified in {regions}."
    elif regions:
        yield f"{name} is verified in {regions}{through}, and does not exist in {region}."
    elif standing.ours:
        yield f"{name} exists in another region only, and is verified in none{through}."
    else:
        yield f"No region that the audits read has {name} or a domain above it."


def _too(others: list[_One]) -> Iterator[str]:
    named = [each for each in others if each.name]
    for each in named[:MOST_OTHERS]:
        may = " or ".join(tag for tag in GRAVEST if tag in each.possible)
        yield f"{bounded(each.name, 320)} failed too: {may}."
    if len(named) > MOST_OTHERS:
        yield f"{len(named) - MOST_OTHERS} more failed too."
