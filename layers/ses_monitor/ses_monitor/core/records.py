"""DNS records to publish, written so that they can be typed into whatever form a provider has. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ses_monitor.core.check import Finding, bounded

_ROOM = 480
"""Characters for a list of records in one sentence; each is kept whole in the evidence besides."""
_MOST_KEPT = 6


@dataclass(frozen=True, slots=True)
class Record:
    """One record: `name` and host names in `value` without the final dot, a TXT without quotes."""

    name: str
    type: str
    value: str

    def full(self) -> str:
        """Return it as a line of a zone file, with final dots."""
        return f"{self.name}. {self.type} {self.data()}"

    def data(self) -> str:
        """Return the value as a zone file has it."""
        return f'"{self.value}"' if self.type == "TXT" else f"{self.value}."

    def relative(self, zone: str) -> str:
        """Return the name as it is entered in a form that appends `zone` by itself."""
        return "@" if self.name == zone else self.name.removesuffix(f".{zone}")


@dataclass(frozen=True, slots=True)
class Publication:
    """Records of one `zone`, as the steps of a finding show them: as many as fit in a sentence."""

    zone: str
    records: str
    names: str
    whole: tuple[str, ...]

    def kept_in(self, finding: Finding) -> Finding:
        """Return the finding with each record whole in its evidence, and without evidence that is empty."""
        evidence = {key: value for key, value in finding.evidence.items() if value != ""}
        if len(self.whole) > 1:
            evidence |= {f"record_{n}": bounded(each) for n, each in enumerate(self.whole[:_MOST_KEPT], start=1)}
        return replace(finding, evidence=evidence)


def to_publish(records: Sequence[Record], zone: str) -> Publication:
    """Return what to say of records that belong into `zone`."""
    whole = tuple(record.full() for record in records)
    names = tuple(dict.fromkeys(record.relative(zone) for record in records))
    return Publication(zone, _listed(whole), _listed(names), whole)


def _listed(items: Sequence[str]) -> str:
    shown: list[str] = []
    for item in items:
        if shown and sum(map(len, shown)) + 2 * len(shown) + len(item) > _ROOM - 30:
            return f"{'; '.join(shown)}; and {len(items) - len(shown)} more"
        shown.append(item)
    return "; ".join(shown)
