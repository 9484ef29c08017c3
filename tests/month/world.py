"""What happens to SES in the month: troubles that come, worsen, ease, go, come back, and storms of them."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from ses_monitor.core.check import Diagnosis, Finding, Step
from ses_monitor.core.engine import Evaluation
from ses_monitor.core.model import ACCOUNT, Severity, Snapshot

ACCOUNT_ID = "111122223333"
REGIONS = ("eu-west-1", "us-east-1", "ap-south-1", "sa-east-1")
STORM_REGIONS = ("eu-west-1", "us-east-1")
STORM = 300

Rung = tuple[Diagnosis, Severity]


def _diagnosis(tag: str, *severities: Severity, aspect: str, seen: int = 1) -> Diagnosis:
    return Diagnosis(
        tag,
        severities,
        f"{{subject}} in {{region}}: {tag.lower().replace('_', ' ')}.",
        f"What brings about {tag} in {{region}}.",
        (Step("Look at {subject}:", "aws sesv2 get-account --region {region}"), Step("Mend it.")),
        aspect=aspect,
        open_after=seen,
        resolve_after=seen,
    )


_NOTICE, _WARNING, _ERROR, _CRITICAL = Severity.NOTICE, Severity.WARNING, Severity.ERROR, Severity.CRITICAL
_QUOTA_NEAR = _diagnosis("QUOTA_NEARLY_EXHAUSTED", _WARNING, _ERROR, aspect="quota")
_QUOTA_OUT = _diagnosis("QUOTA_EXHAUSTED", _CRITICAL, aspect="quota")
_PAUSED = _diagnosis("SENDING_PAUSED", _CRITICAL, aspect="paused")
_DKIM_UNSURE = _diagnosis("DKIM_TEMPORARY_FAILURE", _WARNING, aspect="dkim")
_DKIM_FAILED = _diagnosis("DKIM_FAILED", _ERROR, aspect="dkim")
_RECORD = _diagnosis("DKIM_RECORD_MISSING", _ERROR, _WARNING, aspect="record", seen=2)
_POSTURE = _diagnosis("DMARC_MISSING", _NOTICE, aspect="dmarc")
_FROM = _diagnosis("MAIL_FROM_FAILED", _WARNING, aspect="mail_from")

LADDERS: Mapping[str, Sequence[Rung]] = {
    "account.quota": ((_QUOTA_NEAR, _WARNING), (_QUOTA_NEAR, _ERROR), (_QUOTA_OUT, _CRITICAL)),
    "account.sending_enabled": ((_PAUSED, _CRITICAL),),
    "identity.dkim": ((_DKIM_UNSURE, _WARNING), (_DKIM_FAILED, _ERROR)),
    "dns.dkim_records": ((_RECORD, _WARNING), (_RECORD, _ERROR)),
    "dns.dmarc": ((_POSTURE, _NOTICE),),
    "identity.mail_from": ((_FROM, _WARNING),),
}
DIAGNOSES = {each.tag: each for ladder in LADDERS.values() for each, _ in ladder}


@dataclass
class Trouble:
    """One check on one subject. `rung` is how far up its ladder it is: 0 is healthy; None: the subject is gone."""

    region: str
    check_id: str
    subject: str
    rung: int | None = 0

    def evaluation(self, snapshot: Snapshot) -> Evaluation:
        findings: tuple[Finding, ...] = ()
        if self.rung:
            diagnosis, severity = LADDERS[self.check_id][self.rung - 1]
            findings = (diagnosis.on(snapshot, self.subject, severity=severity),)
        return Evaluation(self.check_id, self.subject, findings)


class World:
    """Some 40 subjects, and 300 more that stay healthy but for one day."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        accounts = [Trouble(region, check, ACCOUNT) for region in REGIONS for check in list(LADDERS)[:2]]
        names = [f"shop{number}.example.{('com', 'org')[number % 2]}" for number in range(8)]
        identities = [Trouble(chance.choice(REGIONS), check, name) for name in names for check in list(LADDERS)[2:]]
        self.troubles = [*accounts, *identities]
        self.many = [
            Trouble(
                STORM_REGIONS[i % len(STORM_REGIONS)],
                ("identity.dkim", "identity.mail_from")[i % 3 // 2],
                f"box{i}.host{i % 40}.example",
            )
            for i in range(STORM)
        ]

    def begins(self) -> None:
        """What is wrong already before the first audit."""
        for trouble in self._chance.sample(self.troubles, 9):
            trouble.rung = self._chance.randint(1, len(LADDERS[trouble.check_id]))

    def storm(self, *, over: bool) -> None:
        for trouble in self.many:
            trouble.rung = 0 if over else self._chance.randint(1, len(LADDERS[trouble.check_id]))

    def evaluations(self, snapshot: Snapshot) -> list[Evaluation]:
        there = [
            each for each in (*self.troubles, *self.many) if each.region == snapshot.region and each.rung is not None
        ]
        return [each.evaluation(snapshot) for each in there]

    def moves(self, start: datetime, days: int) -> list[tuple[datetime, tuple[Trouble, int | None]]]:
        """Draw when each trouble gets which rung."""
        drawn: dict[int, list[tuple[datetime, tuple[Trouble, int | None]]]] = defaultdict(list)
        for i, trouble in enumerate(self.troubles):
            drawn[i] += [(at, (trouble, rung)) for at, rung in self._life(trouble, start, start + timedelta(days=days))]
        return sorted((each for moves in drawn.values() for each in moves), key=lambda each: each[0])

    def _life(self, trouble: Trouble, start: datetime, end: datetime) -> Iterator[tuple[datetime, int | None]]:
        chance, ladder = self._chance, LADDERS[trouble.check_id]
        rung: int | None = trouble.rung
        at = start + timedelta(hours=chance.expovariate(1 / 240))
        while at < end:
            if not rung:
                rung = chance.randint(1, len(ladder))
            else:
                move = chance.random()
                if move < 0.12 and trouble.subject != ACCOUNT:
                    rung = None
                elif move < 0.5 or len(ladder) == 1:
                    rung = 0
                else:
                    rung = chance.choice([each for each in range(1, len(ladder) + 1) if each != rung])
            yield at, rung
            flaps = chance.random() < 0.35
            at += timedelta(hours=chance.uniform(0.2, 10) if flaps else chance.expovariate(1 / 160))
