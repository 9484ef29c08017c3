from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ses_monitor.alerts import document
from ses_monitor.alerts.alert import Alert
from ses_monitor.alerts.document import DocumentError
from ses_monitor.core.check import Step
from tests.alerts.examples import alert_of, alerts, anything, dkim, paused, quota, reviewed

PAUSED: dict[str, Any] = json.loads(document.encode(alert_of(paused())))


def test_a_document_reads_back_as_the_alert_it_was() -> None:
    alert = alert_of(*(reviewed(region) for region in ("eu-west-1", "us-east-1", "ap-south-1")))
    assert document.decode(document.encode(alert)) == alert


def test_evidence_keeps_its_kinds() -> None:
    assert document.decode(document.encode(alert_of(quota()))).entries[0].evidence == {"percent": 82, "limit": 50000.0}


@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=60)
@given(alerts)
def test_any_alert_is_written_within_the_limit_and_read_back(alert: Alert) -> None:
    text = document.encode(alert)
    assert document.embedded_size(text) <= document.MOST_BYTES
    read = document.decode(text)
    assert len(read.entries) + read.more == len(alert.entries) + alert.more
    assert [entry.version for entry in read.entries] == [entry.version for entry in alert.entries[: len(read.entries)]]
    assert document.encode(read) == document.encode(document.decode(document.encode(read)))


def test_ten_thousand_findings_fit_and_the_rest_is_counted() -> None:
    steps = (Step("Publish these records:", "aws " + "x" * 1500),) * 4
    alert = alert_of(*(dkim(f"{number:05}.example.com", steps=steps) for number in range(10_000)))
    text = document.encode(alert)
    assert document.embedded_size(text) <= 240_000
    written = json.loads(text)
    assert written["more"] + len(written["findings"]) == 10_000
    assert "steps" in written["findings"][0]
    assert "steps" not in written["findings"][-1]


def test_keys_that_are_not_known_are_ignored() -> None:
    assert document.read(PAUSED | {"mood": "bad"}) == document.read(PAUSED)


def without(key: str) -> dict[str, Any]:
    return {name: value for name, value in PAUSED.items() if name != key}


def with_finding(**changed: Any) -> dict[str, Any]:
    return PAUSED | {"findings": [PAUSED["findings"][0] | changed]}


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        (PAUSED | {"schema": 2}, "its schema is 2, this version reads 1"),
        (PAUSED | {"schema": True}, "schema in the document"),
        (without("schema"), "has no schema"),
        (without("alert_id"), "has no alert_id"),
        (without("transition"), "has no transition"),
        (PAUSED | {"transition": "exploded"}, "transition in the document"),
        (PAUSED | {"findings": []}, "no findings"),
        (PAUSED | {"findings": ["x"]}, "not a JSON object"),
        (PAUSED | {"more": "3"}, "more in the document"),
        (with_finding(severity="LOUD"), "severity in findings"),
        (with_finding(version="1"), "version in findings"),
        (with_finding(version=2**70), "version in findings"),
        (with_finding(at="yesterday"), "at in findings"),
        (with_finding(at="2026-11-20T21:30:00"), "at in findings"),
        (with_finding(text=None), "has no text"),
        (with_finding(steps={"text": "x"}), "steps in findings"),
        ([], "not a JSON object"),
        (None, "not a JSON object"),
    ],
)
def test_what_is_not_such_a_document_is_refused_with_the_reason(wrong: object, reason: str) -> None:
    with pytest.raises(DocumentError, match=reason):
        document.decode(json.dumps(wrong))


@pytest.mark.parametrize("text", ["", "{", "nonsense", "[" * 100_000, '{"schema": ' + "9" * 5000 + "}"])
def test_what_is_no_json_is_refused(text: str) -> None:
    with pytest.raises(DocumentError):
        document.decode(text)


@given(
    st.recursive(
        st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), anything),
        lambda inner: st.one_of(
            st.lists(inner), st.dictionaries(st.sampled_from([*PAUSED, *PAUSED["findings"][0]]), inner)
        ),
    )
)
def test_reading_anything_raises_nothing_but_document_errors(wrong: object) -> None:
    for candidate in (wrong, PAUSED | {"findings": wrong}, PAUSED | {"findings": [wrong]}):
        try:
            document.read(candidate)
        except DocumentError:
            continue
