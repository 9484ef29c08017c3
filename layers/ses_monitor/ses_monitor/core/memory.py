"""What one audit leaves for the next: the facts that only a comparison over time can show. Pure."""

from __future__ import annotations

from dataclasses import replace

from ses_monitor.core.model import Memory, Snapshot
from ses_monitor.core.observed import Known, Missing


def remember(snapshot: Snapshot) -> Memory:
    """Return the memory after this audit. What could not be seen leaves the memory as it was."""
    memory = snapshot.memory
    if isinstance(snapshot.account, Missing):
        return memory
    account = snapshot.account.value
    if isinstance(account.production_access, Known) and account.production_access.value:
        # The first sight is kept, not the latest: the state is written when it changes, not at every audit.
        memory = replace(memory, production_access_seen=memory.production_access_seen or snapshot.taken_at)
    if isinstance(account.review, Known):
        review = account.review.value
        pending = review is not None and review.status == "PENDING"
        since = (memory.review_pending_since or snapshot.taken_at) if pending else None
        memory = replace(memory, review_pending_since=since)
    return memory
