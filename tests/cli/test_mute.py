"""`mute` silences for a while, with a name and a reason; `unmute` ends it."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import boto3
import pytest

from ses_monitor.store.mutes import Mutes
from ses_monitor_cli.verbs.mute import LONGEST, USUAL
from tests.build import NOW
from tests.cli import stack
from tests.cli.conftest import Run
from tests.cli.test_findings import PAUSED, SANDBOX, deployed, mute, troubled

__all__ = ("deployed", "troubled")
Golden = Callable[[str, str], None]
TROUBLED = pytest.mark.usefixtures("troubled")


def stored() -> list[Any]:
    return Mutes(boto3.client("dynamodb", region_name=stack.HOME), stack.TABLE, clock=lambda: NOW).in_force(NOW)


def ids(findings: list[dict[str, Any]]) -> list[str]:
    return [each["id"] for each in findings]


@TROUBLED
def test_a_mute_shows_what_it_silences_and_what_it_does_not(run: Run, golden: Golden) -> None:
    result = run("mute", "--all", "--reason", "moving house", "--for", "8h")
    assert (result.exit_code, result.stderr) == (0, "")
    golden("mute.txt", result.stdout)


@TROUBLED
def test_the_mutes_in_force_look_like_this(run: Run, golden: Golden) -> None:
    mute(run, "--check", "account", "--region", "eu-central-1", "--until", "2026-06-01")
    mute(run, "--tag", "SANDBOX")
    golden("mute_list.txt", run("mute", "--list").stdout)


@TROUBLED
def test_without_a_word_on_time_it_ends_after_a_day(run: Run) -> None:
    mute(run, "--tag", "SANDBOX")
    (made,) = stored()
    assert made.expires_at == NOW + USUAL
    assert made.created_at == NOW


@pytest.mark.parametrize(
    ("options", "lasts"),
    [
        (("--for", "30m"), timedelta(minutes=30)),
        (("--for", "8H"), timedelta(hours=8)),
        (("--for", "1d12h"), timedelta(hours=36)),
        (("--for", "90d"), LONGEST),
        (("--until", "2026-05-13"), timedelta(hours=14)),
        (("--until", "2026-05-12T12:00+02:00"), None),
        (("--until", "2026-05-12T10:00:01"), timedelta(seconds=1)),
        (("--until", "2026-05-12T15:00+02:00"), timedelta(hours=3)),
    ],
)
@TROUBLED
def test_it_ends_when_it_was_told_to(run: Run, options: tuple[str, ...], lasts: timedelta | None) -> None:
    result = run("mute", "--reason", "r", "--tag", "SANDBOX", *options)
    assert result.exit_code == (2 if lasts is None else 0)
    assert [each.expires_at - NOW for each in stored()] == ([] if lasts is None else [lasts])


@pytest.mark.parametrize(
    ("options", "silences", "does_not"),
    [
        pytest.param(("--tag", "SENDING_PAUSED"), [PAUSED], [], id="a tag"),
        pytest.param(("--check", "account.sending_enabled"), [PAUSED], [], id="a check"),
        pytest.param(("--check", "account"), [SANDBOX], [PAUSED], id="a family names nothing CRITICAL"),
        pytest.param(("--region", "ap-southeast-2"), [], [PAUSED], id="nor does a region"),
        pytest.param(("--subject", "account"), [SANDBOX], [PAUSED], id="nor a subject"),
        pytest.param(("--all",), [SANDBOX], [PAUSED], id="nor everything"),
        pytest.param(("--tag", "SENDING_PAUSED", "--region", "eu-west-1"), [], [], id="elsewhere"),
        pytest.param(("--tag", "SENDING_PAUSED", "--region", "ap-southeast-2"), [PAUSED], [], id="there"),
    ],
)
@TROUBLED
def test_what_is_critical_is_silenced_by_its_name_only(
    run: Run, options: tuple[str, ...], silences: list[str], does_not: list[str]
) -> None:
    result = run("mute", "--reason", "we know", "--owner", "ana", "--json", *options)
    found = json.loads(result.stdout)
    assert list(found) == ["schema", "mute", "silences", "does_not_silence"]
    assert (ids(found["silences"]), ids(found["does_not_silence"])) == (silences, does_not)
    marked = json.loads(run("findings", "--json").stdout)["findings"]
    assert ids([each for each in marked if each["muted_by"]]) == silences


@pytest.mark.parametrize(
    ("arn", "owner"),
    [
        ("arn:aws:iam::111122223333:user/team/ana", "ana"),
        ("arn:aws:sts::111122223333:assumed-role/Admin/ana@example.com", "ana@example.com (Admin)"),
        ("arn:aws:sts::111122223333:federated-user/ana", "ana"),
        ("arn:aws:iam::111122223333:root", "root"),
        ("", "unknown"),
    ],
)
@TROUBLED
def test_whose_credentials_they_are_owns_it(run: Run, monkeypatch: pytest.MonkeyPatch, arn: str, owner: str) -> None:
    asked = boto3.Session.client

    class Sts:
        def get_caller_identity(self) -> dict[str, str]:
            return {"Arn": arn}

    monkeypatch.setattr(
        boto3.Session, "client", lambda self, name, **more: Sts() if name == "sts" else asked(self, name, **more)
    )
    assert run("mute", "--reason", "r", "--tag", "SANDBOX").exit_code == 0
    assert [each.owner for each in stored()] == [owner]


@TROUBLED
def test_nobody_is_made_up_where_aws_does_not_say_who_asks(
    run: Run, monkeypatch: pytest.MonkeyPatch, nowhere: str
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", nowhere)
    result = run("mute", "--reason", "r", "--tag", "SANDBOX")
    assert result.exit_code == 3
    assert "--owner NAME" in result.stderr
    assert stored() == []
    assert run("mute", "--reason", "r", "--tag", "SANDBOX", "--owner", "ana").exit_code == 0


@pytest.mark.parametrize(
    ("options", "says"),
    [
        pytest.param(("--tag", "SANDBOX"), "say why", id="no reason"),
        pytest.param(("--reason", " ", "--tag", "SANDBOX"), "say why", id="an empty reason"),
        pytest.param(("--reason", "x" * 501, "--tag", "SANDBOX"), "at most 500", id="a long reason"),
        pytest.param(("--reason", "r"), "--all", id="nothing chosen"),
        pytest.param(("--reason", "r", "--all", "--tag", "SANDBOX"), "--all", id="everything and something"),
        pytest.param(("--reason", "r", "--tag", "SANDBX"), "SANDBOX", id="an unknown tag"),
        pytest.param(("--reason", "r", "--check", "identity.dkm"), "identity.dkim", id="an unknown check"),
        pytest.param(("--reason", "r", "--region", "mars"), "eu-west-1", id="an unknown region"),
        pytest.param(("--reason", "r", "--subject", "x" * 2049), "2048", id="a huge pattern"),
        pytest.param(("--reason", "r", "--all", "--for", "91d"), "90 days", id="too long"),
        pytest.param(("--reason", "r", "--all", "--until", "2027-01-01"), "90 days", id="too far"),
        pytest.param(("--reason", "r", "--all", "--until", "2026-05-12"), "past", id="past"),
        pytest.param(("--reason", "r", "--all", "--until", "soon"), "2026-11-20", id="no time"),
        pytest.param(("--reason", "r", "--all", "--for", "8"), "8h", id="no span"),
        pytest.param(("--reason", "r", "--all", "--for", "8h", "--until", "2026-05-13"), "one of them", id="two ends"),
        pytest.param(("--reason", "r", "--all", "--owner", ""), "empty", id="nobody"),
        pytest.param(("--list", "--tag", "SANDBOX"), "--list", id="list and make"),
        pytest.param(("--list", "--all"), "--list", id="list and make all"),
    ],
)
@pytest.mark.usefixtures("deployed")
def test_a_mute_nobody_can_answer_for_is_refused(run: Run, options: tuple[str, ...], says: str) -> None:
    result = run("mute", *options)
    assert result.exit_code == 2
    assert says in " ".join(result.stderr.replace("│", " ").split())
    assert stored() == []


@TROUBLED
def test_a_mute_sent_twice_is_one(run: Run) -> None:
    assert mute(run, "--tag", "SANDBOX") == mute(run, "--tag", "SANDBOX")
    assert len(stored()) == 1
    assert mute(run, "--tag", "SENDING_PAUSED") != stored()[0].mute_id or len(stored()) == 2


@TROUBLED
def test_a_mute_is_ended_by_the_beginning_of_its_id(run: Run, golden: Golden) -> None:
    one, two = mute(run, "--tag", "SANDBOX"), mute(run, "--tag", "SENDING_PAUSED")
    result = run("unmute", one[:4])
    assert result.exit_code == 0
    golden("unmute.txt", result.stdout)
    assert [each.mute_id for each in stored()] == [two]


@TROUBLED
def test_what_another_mute_silences_too_is_not_said_to_be_heard_again(run: Run) -> None:
    one = mute(run, "--tag", "SANDBOX")
    mute(run, "--region", "eu-central-1")
    found = json.loads(run("unmute", one, "--json").stdout)
    assert list(found) == ["schema", "unmuted", "findings"]
    assert (found["unmuted"]["id"], found["findings"]) == (one, [])


@TROUBLED
def test_mutes_that_begin_alike_are_listed_and_left_alone(run: Run) -> None:
    made: list[str] = []
    while len({each[0] for each in made}) == len(made):
        made.append(mute(run, "--tag", "SANDBOX", "--for", f"{len(made) + 1}h", "--subject", f"s{len(made)}"))
    alike = [each for each in made if each[0] == made[-1][0]]
    result = run("unmute", made[-1][0])
    assert result.exit_code == 2
    assert all(each in result.stderr for each in alike)
    assert len(stored()) == len(made)


@TROUBLED
def test_a_mute_that_is_not_there_is_said_to_be_none(run: Run) -> None:
    known = mute(run, "--tag", "SANDBOX")
    result = run("unmute", "zzz")
    assert result.exit_code == 3
    assert f"In force: {known}." in " ".join(result.stderr.split())
    assert run("unmute", " ").exit_code == 2


@TROUBLED
def test_the_list_counts_what_each_silences(run: Run) -> None:
    one = mute(run, "--check", "account", "--for", "1h")
    found = json.loads(run("mute", "--list", "--json").stdout)
    assert [(each["id"], each["silences"], each["silences_critical"]) for each in found["mutes"]] == [(one, 1, False)]
    run("unmute", one)
    assert json.loads(run("mute", "--list", "--json").stdout) == {"schema": 1, "mutes": []}
    assert "Nothing is muted." in run("mute", "--list").stdout


@pytest.mark.parametrize(
    ("operation", "verb", "action"),
    [("PutItem", "mute", "dynamodb:PutItem"), ("DeleteItem", "unmute", "dynamodb:DeleteItem")],
)
@TROUBLED
def test_a_permission_that_lacks_is_named(
    run: Run, monkeypatch: pytest.MonkeyPatch, operation: str, verb: str, action: str
) -> None:
    from botocore.client import BaseClient
    from botocore.exceptions import ClientError

    known = mute(run, "--tag", "SANDBOX")
    call = BaseClient._make_api_call  # type: ignore[attr-defined]

    def refuse(self: Any, name: str, request: Any) -> Any:
        if name == operation:
            told = f"User: arn:aws:iam::111122223333:user/ana is not authorized to perform: {action}"
            raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": told}}, name)
        return call(self, name, request)

    monkeypatch.setattr(BaseClient, "_make_api_call", refuse)
    given = ("--reason", "r", "--tag", "SENDING_PAUSED", "--owner", "ana") if verb == "mute" else (known,)
    result = run(verb, *given)
    assert result.exit_code == 3
    assert result.stdout == ""
    assert f"Allow {action}" in result.stderr
    assert result.stderr.count("\n") == 1
    assert len(stored()) == 1


@TROUBLED
def test_a_hostile_reason_stays_one_harmless_line(run: Run) -> None:
    result = run("mute", "--reason", "a\n\x1b[2Jb\u202ec", "--tag", "SANDBOX", "--owner", "x\r\ny")
    assert result.exit_code == 0
    (made,) = stored()
    assert not set(made.reason + made.owner) & set("\n\r\x1b\u202e")
