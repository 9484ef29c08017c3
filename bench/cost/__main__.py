"""What the monitor costs a month: three accounts, each function's use counted, at AWS's list prices.

SES, the DNS and the table are simulated; handlers, SDK, audits and logs are the real ones. Every figure is shown twice:
at list price, as if nothing were free, and beyond what AWS always has free, as if nothing else of the account used it.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.cost.accounts import ACCOUNTS, Account
from bench.cost.prices import Charge, bill, by_service, document, prices
from bench.measuring import Goal, Line, Result, show
from simulator.embedded_aws.process import REPOSITORY

FREE, LISTED = "with AWS's always-free tiers", "at list price, nothing free"
WITHOUT_SENDS = f"enrolled --without-sends, {FREE}"
DASHBOARD = "dashboards"


def measure() -> Result:
    """Count an hour of each account, and price its month."""
    months = {each.name: _month(each) for each in ACCOUNTS}
    lines: list[Line] = []
    details: dict[str, Any] = {"prices": {key: document()[key] for key in ("date", "region")}, "accounts": {}}
    for account in ACCOUNTS:
        month = months[account.name]
        charges = bill(month["used"])
        lines += lines_of(account, charges, FREE, LISTED)
        if account.mails:
            few = bill(month["used_for_bad_news"])
            lines += lines_of(account, few, WITHOUT_SENDS)
        services = {name: {"listed": a, "with_free": b} for name, (a, b) in by_service(charges).items()}
        details["accounts"][account.name] = {**month, "services": services}
        Console(stderr=True, width=120).print(table_of(account, charges))
    return Result("cost", "A month, in US dollars", lines, details)


def lines_of(account: Account, charges: Sequence[Charge], *ways: str) -> list[Line]:
    """Return a line for each way of counting; where the goal is a share, of what SES charges for the mails.

    The README does not show list prices here: it has a table of them.
    """
    made = []
    for way in ways:
        dollars = sum(each.listed if way == LISTED else each.with_free for each in charges)
        what = f"cost a month, {account.name} account, {way}"
        goal = Goal(at_most=account.goal)
        if account.goal_is_share:
            ses = prices()["mails"].charge(account.mails, free=False)
            line = Line(what, "$", round(dollars, 2), round(ses, 2), "SES for these mails", goal)
        else:
            line = Line(what, "$", round(dollars, 3), goal=goal)
        made.append(replace(line, shown=way != LISTED))
    return made


def table_of(account: Account, charges: Sequence[Charge]) -> Table:
    """Show one account's bill."""
    regions = len(account.regions)
    about = f"{regions} region(s) with {account.identities:,} identities each, {account.mails:,} mails a month"
    shown = Table(title=f"{account.name}: {about}", title_justify="left")
    for column in ("service", "for", "used", "list price, $", "beyond what is free, $"):
        shown.add_column(column, justify="left" if column in ("service", "for") else "right")
    for each in charges:
        listed, with_free = (f"{dollars:.3f}" for dollars in (each.listed, each.with_free))
        shown.add_row(each.price.service, each.price.what, f"{each.used:,.1f}", listed, with_free)
    shown.add_section()
    sums = [sum(each.listed for each in charges), sum(each.with_free for each in charges)]
    shown.add_row("sum", "", "", *(f"{each:.2f}" for each in sums))
    return shown


def _month(account: Account) -> Mapping[str, Any]:
    command = [sys.executable, "-m", "bench.cost.month", account.name]
    done = subprocess.run(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True, check=True)
    month: dict[str, Any] = json.loads(done.stdout)
    return month


if __name__ == "__main__":
    sys.exit(show(measure()))
