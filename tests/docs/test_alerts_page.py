"""docs/alerts.md shows machines what they really get."""

import json
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_example_is_a_published_document() -> None:
    page = (ROOT / "docs/alerts.md").read_text(encoding="utf-8")
    shown = page.split("```json\n")[1].split("```")[0]
    published = (ROOT / "tests/golden/alerts/opened-critical.document.json").read_text(encoding="utf-8")
    assert json.loads(shown) == json.loads(published)
