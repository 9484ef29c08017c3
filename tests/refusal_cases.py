"""Cases that every check of refused sends shares: what is told how long, what a stranger's text does, what is unknown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from tests.build import HOSTILE, LISTENING, THROTTLED, Case, refusals, with_refusals

UNTOLD = (
    Case("healthy", LISTENING),
    Case("what was refused cannot be read", replace(LISTENING, refused=THROTTLED), unknown=True),
)


def told_for_a_day(
    tags: Sequence[str],
    of_a_sender: str = "SES in eu-west-1 refused mail of shop.example.com once since 2026-05-11 10:00 UTC",
    of_the_account: str = "mail of the account twice",
) -> tuple[Case, ...]:
    """Cases of tags that one refusal opens and a day without closes."""
    return (
        Case(
            "once, a day ago",
            with_refusals(*(refusals(tag, {24: 1}) for tag in tags)),
            tuple(tags),
            says=(of_a_sender,),
        ),
        Case("before that", with_refusals(*(refusals(tag, {25: 1_000}) for tag in tags))),
        Case(
            "of the account",
            with_refusals(*(refusals(tag, {0: 2}) for tag in tags), name="account"),
            tuple(tags),
            says=(of_the_account,),
        ),
    )


def told_from_ten(tags: Sequence[str], soft: Sequence[str]) -> tuple[Case, ...]:
    """Cases of tags that pass by themselves; ten in two hours open those of them that are `soft`."""
    hard = tuple(tag for tag in tags if tag not in soft)
    return (
        Case(
            "ten in two hours",
            with_refusals(*(refusals(tag, {0: 4, 1: 6}) for tag in tags)),
            tuple(tags),
            says=("shop.example.com 10 times since 2026-05-12 07:00 UTC",),
        ),
        Case(
            "nine in two hours",
            with_refusals(*(refusals(tag, {0: 4, 1: 5}) for tag in tags)),
            hard,
            holding=tuple(soft),
        ),
        Case(
            "many, three hours ago",
            with_refusals(*(refusals(tag, {3: 5_000}) for tag in tags)),
            holding=tuple(tags),
        ),
        Case("many, four hours ago", with_refusals(*(refusals(tag, {4: 5_000}) for tag in tags))),
    )


def hostile(tags: Sequence[str]) -> Case:
    """A refusal in which everything that a stranger can write is hostile."""
    facts = ("text", "code", "identity", "resource", "user", "action", "elsewhere", "known", "origin")
    return Case(
        "hostile",
        with_refusals(
            *(refusals(tag, {0: 100}, **dict.fromkeys(facts, HOSTILE)) for tag in tags),
            name=HOSTILE,
        ),
        tuple(tags),
    )
