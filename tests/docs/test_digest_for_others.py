"""What docs/alerts.md says of the digest's JSON is so, and the code it shows for alerts has nothing to do in one."""

from __future__ import annotations

import json
import re

import pytest

from ses_monitor.alerts import digest, digest_document, digest_topic
from tests.alerts.digest_examples import DIGESTS
from tests.docs.test_alerts_for_others import KEY, pagerduty, section

SECTION = section("The daily digest")


@pytest.mark.parametrize("name", DIGESTS)
def test_pagerduty_is_told_nothing_by_a_digest(name: str) -> None:
    document = json.loads(digest_document.encode(DIGESTS[name], digest.headline(DIGESTS[name])))
    assert pagerduty(document, KEY) == []


def test_each_field_is_documented() -> None:
    document = json.loads(digest_document.encode(DIGESTS["bad"], digest.headline(DIGESTS["bad"])))
    named = set(re.findall(r"`(\w+)`", SECTION)) | set(re.findall(r'"(\w+)":', SECTION))
    assert set(document) <= named | {"mutes_more", "running_more"}


def test_the_example_begins_as_the_bad_day_does() -> None:
    document = json.loads(digest_document.encode(DIGESTS["bad"], digest.headline(DIGESTS["bad"])))
    for name in ("schema", "kind", "alert_id", "severity", "title", "account_id", "at"):
        assert f'"{name}": {json.dumps(document[name])},' in SECTION


def test_the_filters_are_of_attributes_that_digests_have() -> None:
    assert digest_topic.attributes()["kind"]["StringValue"] == "digest"
    assert '{"kind": [{"exists": false}]}' in SECTION
