"""How checks are found, and that a new one is two files: the check and its cases."""

import sys
from collections.abc import Iterator
from importlib import import_module, invalidate_caches
from pathlib import Path
from typing import Any

import pytest

from docs.generate import page
from ses_monitor import checks
from ses_monitor.core.check import Check
from ses_monitor.core.engine import run
from ses_monitor.core.model import Scope
from tests.build import HEALTHY, Case
from tests.checks import rules

A_NEW_CHECK = '''"""A daily quota of 200 is that of the sandbox: with production access it was never raised."""

from collections.abc import Iterable

from ses_monitor.core.check import Check, Conclusion, Diagnosis, Step
from ses_monitor.core.model import Scope, Severity, Snapshot

QUOTA_NEVER_RAISED = Diagnosis(
    tag="QUOTA_NEVER_RAISED",
    severities=(Severity.NOTICE,),
    message="SES in {region} still has a quota of {quota:.0f} recipients a day.",
    cause="Production access was granted, and nobody asked for more.",
    steps=(Step("See the quota:", command="aws sesv2 get-account --region {region}"),),
)


def evaluate(_: Snapshot, snapshot: Snapshot) -> Iterable[Conclusion]:
    quota = snapshot.account.get().quota.get()
    if 0 <= quota.max_24_hours <= 200:
        yield QUOTA_NEVER_RAISED.on(snapshot, quota=quota.max_24_hours)


CHECK = Check(
    id="account.quota_raised",
    scope=Scope.ACCOUNT,
    title="The quota was raised from the sandbox's",
    needs=frozenset({"ses:GetAccount"}),
    diagnoses=(QUOTA_NEVER_RAISED,),
    evaluate=evaluate,
)
'''
ITS_CASES = """from tests.build import BLIND, HEALTHY, Case, with_quota

CASES = [
    Case("healthy", HEALTHY),
    Case("the sandbox's quota", with_quota(10, limit=200), ("QUOTA_NEVER_RAISED",), says=("200 recipients",)),
    Case("not readable", BLIND, unknown=True),
]
"""


class Tree:
    """A package of checks and one of cases, laid out as the real ones."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for package in ("new_checks", "new_checks/account", "new_cases", "new_cases/account"):
            (root / package).mkdir()
            (root / package / "__init__.py").write_text("")

    def write(self, path: str, text: str) -> None:
        (self.root / path).parent.mkdir(exist_ok=True)
        (self.root / path).write_text(text)
        invalidate_caches()

    def load(self) -> tuple[Check[Any], ...]:
        return checks.load([str(self.root / "new_checks")], "new_checks")

    def cases_of(self, check_id: str) -> list[Case]:
        cases: list[Case] = import_module(f"new_cases.{check_id}").CASES
        return cases


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Tree]:
    monkeypatch.syspath_prepend(str(tmp_path))
    yield Tree(tmp_path)
    for name in [name for name in sys.modules if name.split(".")[0] in {"new_checks", "new_cases"}]:
        del sys.modules[name]


def test_a_new_account_check_is_two_files_and_nothing_else(tree: Tree) -> None:
    tree.write("new_checks/account/quota_raised.py", A_NEW_CHECK)
    tree.write("new_cases/account/quota_raised.py", ITS_CASES)

    [check] = tree.load()
    assert check.id == "account.quota_raised"
    assert [evaluation.check_id for evaluation in run([check], HEALTHY)] == ["account.quota_raised"]

    cases = tree.cases_of(check.id)
    for case in cases:
        rules.agrees(check, case)
    rules.has_cases_for_every_tag_and_severity(check, cases)
    rules.has_a_healthy_and_a_blind_case(check, cases)
    rules.never_takes_blindness_for_health(check, cases)
    rules.is_declared_whole(check)
    for diagnosis in check.diagnoses:
        rules.can_be_acted_on(diagnosis)
    for case in cases:
        for finding in rules.evaluated(check, case.snapshot).findings:
            rules.reads_well(finding, case.snapshot)

    written = page((*checks.registered(), check))
    assert "QUOTA_NEVER_RAISED" in written
    assert "account.quota_raised" in written


@pytest.mark.parametrize(
    ("mistake", "instead", "rule"),
    [
        pytest.param("{quota:.0f}", "{limit:.0f}", "agrees", id="a placeholder nobody fills in"),
        pytest.param(
            ".quota.get()",
            ".quota.value",
            "never_takes_blindness_for_health",
            id="a missing fact read as if it were there",
        ),
        pytest.param(
            'cause="Production access was granted, and nobody asked for more."',
            'cause=""',
            "can_be_acted_on",
            id="no cause",
        ),
        pytest.param('"ses:GetAccount"', '"ses:*"', "is_declared_whole", id="an action that is none"),
        pytest.param(
            "severities=(Severity.NOTICE,)",
            "severities=(Severity.NOTICE, Severity.ERROR)",
            "has_cases_for_every_tag_and_severity",
            id="a severity nobody tests",
        ),
    ],
)
def test_a_mistake_in_a_new_check_breaks_a_rule(tree: Tree, mistake: str, instead: str, rule: str) -> None:
    assert mistake in A_NEW_CHECK
    tree.write("new_checks/account/quota_raised.py", A_NEW_CHECK.replace(mistake, instead))
    tree.write("new_cases/account/quota_raised.py", ITS_CASES)
    [check] = tree.load()
    cases = tree.cases_of(check.id)
    with pytest.raises(AssertionError):
        hold(rule, check, cases)


def hold(rule: str, check: Check[Any], cases: list[Case]) -> None:
    match rule:
        case "agrees":
            for case in cases:
                rules.agrees(check, case)
        case "can_be_acted_on":
            rules.can_be_acted_on(check.diagnoses[0])
        case "is_declared_whole":
            rules.is_declared_whole(check)
        case _:
            getattr(rules, rule)(check, cases)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        pytest.param("", "has no CHECK", id="a module that is no check"),
        pytest.param("CHECK = 'a string'", "has no CHECK", id="a CHECK that is none"),
        pytest.param(
            A_NEW_CHECK.replace("account.quota_raised", "account.other"),
            "the id must be 'account.quota_raised'",
            id="an id that is not its path",
        ),
    ],
)
def test_a_file_that_is_no_check_is_refused_by_name(tree: Tree, text: str, complaint: str) -> None:
    tree.write("new_checks/account/quota_raised.py", text)
    with pytest.raises(checks.CheckDefinitionError, match=complaint):
        tree.load()


def test_a_tag_used_by_two_checks_is_refused(tree: Tree) -> None:
    tree.write("new_checks/account/quota_raised.py", A_NEW_CHECK)
    tree.write("new_checks/account/second.py", A_NEW_CHECK.replace("account.quota_raised", "account.second"))
    with pytest.raises(checks.CheckDefinitionError, match=r"QUOTA_NEVER_RAISED belongs to account\.quota_raised"):
        tree.load()


def test_two_families_may_have_a_tag_in_common_and_are_never_mixed(tree: Tree) -> None:
    tree.write("new_checks/region/__init__.py", "")
    tree.write("new_checks/account/quota_raised.py", A_NEW_CHECK)
    tree.write("new_checks/region/quota_raised.py", A_NEW_CHECK.replace("account.quota_raised", "region.quota_raised"))
    both = tree.load()
    assert [check.id for check in both] == ["account.quota_raised", "region.quota_raised"]
    for check in both:
        assert checks.diagnoses([check]) == {"QUOTA_NEVER_RAISED": check.diagnoses[0]}
        assert checks.diagnoses([check, check]) == checks.diagnoses([check])
    complaint = "region.quota_raised and account.quota_raised both have the tag QUOTA_NEVER_RAISED"
    with pytest.raises(checks.CheckDefinitionError, match=complaint):
        checks.diagnoses(both)


@pytest.mark.parametrize(
    "scopes",
    [
        pytest.param({Scope.ACCOUNT, Scope.REGION}, id="the account audit"),
        pytest.param({Scope.IDENTITY, Scope.CONFIGURATION_SET}, id="the identity audit"),
        pytest.param(
            {Scope.SENDER, Scope.TEMPLATE, Scope.NOTICE, Scope.TRAFFIC, Scope.REJECTION}, id="what events and logs tell"
        ),
    ],
)
def test_the_families_that_are_settled_together_have_no_tag_in_common(scopes: set[Scope]) -> None:
    running = checks.of_scopes(*scopes)
    assert len(checks.diagnoses(running)) == sum(len(check.diagnoses) for check in running)


def test_the_registry_is_in_the_order_of_ids_and_can_be_asked_by_scope() -> None:
    ids = [check.id for check in checks.registered()]
    assert ids == sorted(ids)
    assert {check.scope for check in checks.of_scopes(Scope.REGION)} == {Scope.REGION}
    assert {check.id.split(".")[0] for check in checks.of_scopes(Scope.IDENTITY)} >= {"identity"}
    assert {check.id.split(".")[0] for check in checks.of_scopes(Scope.CONFIGURATION_SET)} == {"configuration_set"}
    assert checks.diagnoses(checks.of_scopes(Scope.REGION)).keys() == {"REGION_NOT_READABLE"}
