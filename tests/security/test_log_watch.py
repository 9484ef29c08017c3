"""The watch over the log of the whole test run: what it sees, what it lets pass, and that it fails a test."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.security.log_watch import leaks

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    "text",
    [
        "bounced: ada@example.org",
        "to=<ada.lovelace+news@mail.example.co.uk>, relay=none",
        '{"recipients":["ada@example.org"]}',
        "ada%40example.org",
        r"ada\u0040example.org",
        "Ünal.ö@example.org",
        '"ada lovelace"@example.org',
        "ada\uff20example.org",
        "posting to https://hooks.slack.com/services/T0/B0/x",
        "token xoxb-12345",
        "the key is canary_key",
    ],
)
def test_a_recipient_or_a_secret_is_seen_however_it_is_written(text: str) -> None:
    assert leaks(text)


@pytest.mark.parametrize(
    "text",
    [
        "bounced: a…@example.org",
        "arn:aws:ses:eu-west-1:111122223333:identity/shop.example.com",
        "notify @here",
        "the parameter /ses-monitor/slack-webhook does not hold https://hooks.slack.com/services/…",
        '{"EventsCounted":[3.0]}',
        "user@localhost",
    ],
)
def test_what_names_nobody_passes(text: str) -> None:
    assert leaks(text) == []


ONE_TEST = """
import logging, sys
import pytest
from aws_lambda_powertools import Logger, Metrics

WHO = "grace.hopper" + "@" + "example.org"
logger, metrics = Logger(service="leaking", stream=open("/dev/null", "w")), Metrics(service="l", namespace="n")


@logger.inject_lambda_context
def handler(event, context):
    raise ValueError(event["body"])


def test_it():
    {body}
"""


def verdict(tmp_path: Path, body: str) -> subprocess.CompletedProcess[str]:
    """Run one test under the watch, in a run of its own."""
    test = tmp_path / "test_one.py"
    test.write_text(ONE_TEST.replace("{body}", body))
    arguments = ["-q", "-p", "no:cacheprovider", "-p", "no:xdist", "-p", "tests.security.log_watch"]
    alone = ["-c", "/dev/null", f"--rootdir={tmp_path}", str(test)]
    command = [sys.executable, "-m", "pytest", *arguments, *alone]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)


CONTEXT = """type("C", (), dict.fromkeys(
        ("function_name", "memory_limit_in_mb", "invoked_function_arn", "aws_request_id"), ""))()"""


@pytest.mark.parametrize(
    "body",
    [
        "logger.info('bounced', recipient=WHO)",
        "logging.getLogger('ses_monitor.store').warning('bounced: %s', WHO)",
        "metrics.add_metadata('who', WHO); metrics.add_metric('M', 'Count', 1); metrics.flush_metrics()",
        f"with pytest.raises(ValueError): handler({{'body': WHO}}, {CONTEXT})",
    ],
)
def test_a_test_during_which_somebody_logs_a_recipient_fails(tmp_path: Path, body: str) -> None:
    done = verdict(tmp_path, body)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "what Lambda would log has" in done.stdout
    assert "the address grace.hopper@example.org" in done.stdout


def test_a_test_that_logs_nobody_passes(tmp_path: Path) -> None:
    done = verdict(tmp_path, "logger.info('bounced', recipient='g…@example.org')")
    assert done.returncode == 0, done.stdout + done.stderr


def test_this_run_is_watched(request: pytest.FixtureRequest) -> None:
    assert request.config.pluginmanager.has_plugin("log-watch")
