"""The entry point. A new verb is a file in `verbs/` and a line here."""

from __future__ import annotations

import typer

from ses_monitor_cli.outcome import AnsweringGroup
from ses_monitor_cli.verbs.audit import audit
from ses_monitor_cli.verbs.dns import dns
from ses_monitor_cli.verbs.enroll import enroll
from ses_monitor_cli.verbs.event import event
from ses_monitor_cli.verbs.explain import explain
from ses_monitor_cli.verbs.findings import findings
from ses_monitor_cli.verbs.history import history
from ses_monitor_cli.verbs.identity import identity
from ses_monitor_cli.verbs.mute import mute, unmute
from ses_monitor_cli.verbs.recipient import recipient
from ses_monitor_cli.verbs.redrive import redrive
from ses_monitor_cli.verbs.region import region
from ses_monitor_cli.verbs.report import report
from ses_monitor_cli.verbs.status import status

app = typer.Typer(
    name="ses-monitor",
    cls=AnsweringGroup,
    help="Can Amazon SES deliver a stranger's mail right now, in every region, and if not: why?",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command(short_help="Look at SES now, with your own credentials; nothing needs to be deployed.")(audit)
app.command(short_help="Read what the deployed monitor knows, and when it last looked.")(status)
app.command(short_help="Read what is open, the worst first, and which of it is muted.")(findings)
app.command(short_help="Read how one finding evolved, who was told, and what to do.")(history)
app.command(short_help="Tell nobody of some findings for a while, or list what is muted.")(mute)
app.command(short_help="End a mute now.")(unmute)
app.command(short_help="Prove one domain in the DNS from what SES expects; asks no AWS.")(dns)
app.command(short_help="Read how an identity stands in every region, and what is open on it.")(identity)
app.command(short_help="Read what happened to mail for one person, what it means, and what to do.")(recipient)
app.command(short_help="Explain a bounce, a complaint or whatever else SES tells of a mail; asks nobody.")(event)
app.command(short_help="Explain why SES refused a mail, from an error, an SMTP reply or a whole log.")(explain)
app.command(short_help="Read all that is known of a region: state, identities, feedback, and what changed.")(region)
app.command(short_help="Write all that the deployed monitor knows as one page: matrix, findings, plots.")(report)
app.command(short_help="Show, or with --apply add, what SES still needs to tell the monitor of bounces and the rest.")(
    enroll
)
app.command(short_help="Show what lies among the dead letters and why, or with --apply move it back.")(redrive)
