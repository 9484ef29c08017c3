"""Cases of identity.policy: who a policy lets in, and policies that are none."""

import json
from dataclasses import replace
from typing import Any

from ses_monitor.core.model import Snapshot
from tests.build import ACCOUNT_ID, HOSTILE, IDENTITIES_UNREADABLE, SENDER, THROTTLED, Case, details, with_identity

OPEN = ("POLICY_OPEN",)
FOREIGN = ("POLICY_FOREIGN_ACCOUNT",)
BOTH = OPEN + FOREIGN
STRANGER = "999988887777"
ORGANISATION = "o-a1b2c3d4e5"


def statement(principal: Any = "*", *, effect: str = "Allow", **more: Any) -> dict[str, Any]:
    arn = f"arn:aws:ses:eu-west-1:{ACCOUNT_ID}:identity/shop.example.com"
    return {"Effect": effect, "Principal": principal, "Action": ["ses:SendEmail"], "Resource": arn, **more}


def policy(*statements: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def having(*texts: str, **facts: Any) -> Snapshot:
    return with_identity(details=details(policies={f"policy-{n}": text for n, text in enumerate(texts)}), **facts)


def lending(principal: Any, **more: Any) -> Snapshot:
    return having(policy(statement(principal, **more)))


def on_condition(operator: str, key: str, value: Any) -> Snapshot:
    return lending({"AWS": "*"}, Condition={operator: {key: value}})


ONLY_US = {"StringNotEquals": {"aws:PrincipalAccount": ACCOUNT_ID}}
NO_POLICIES = {
    "no JSON": "{",
    "nothing": "",
    "a number": "7",
    "a list": "[]",
    "no statement": '{"Version": "2012-10-17"}',
    "a statement that is a text": '{"Statement": "Allow"}',
    "an effect nobody knows": policy(statement(effect="Perhaps")),
    "no principal": '{"Statement": {"Effect": "Allow", "Action": "*"}}',
    "a principal that is a number": policy(statement(7)),
    "a principal that is a list": policy(statement(["*"])),
    "accounts that are nested": policy(statement({"AWS": [["*"]]})),
    "a condition that is a text": policy(statement(Condition="none")),
    "a test that is a text": policy(statement(Condition={"StringEquals": "x"})),
    "a value that is nested": policy(statement(Condition={"StringEquals": {"aws:PrincipalAccount": {}}})),
    "too long": policy(statement("*", Sid="x" * 70_000)),
    "too deep": "[" * 60_000,
    "a number without end": '{"Statement": ' + "9" * 5_000 + "}",
    "hostile": HOSTILE[:60_000],
}

CASES = [
    Case("healthy: no policy", SENDER),
    Case("the identities cannot be listed", IDENTITIES_UNREADABLE, unknown=True),
    Case("the details could not be read", with_identity(details=THROTTLED), unknown=True),
    # everybody
    Case(
        "everybody",
        lending("*"),
        OPEN,
        says=(
            "its policy policy-0 lets everybody in",
            "delete-email-identity-policy --region eu-west-1 --email-identity shop.example.com --policy-name policy-0",
        ),
    ),
    Case("every AWS account", lending({"AWS": "*"}), OPEN),
    Case("every AWS account, in a list", lending({"AWS": [ACCOUNT_ID, "*"]}), OPEN),
    Case("one statement that is no list", having(json.dumps({"Statement": statement()})), OPEN),
    Case(
        "everybody but one", having(policy({"Effect": "Allow", "NotPrincipal": {"AWS": STRANGER}, "Action": "*"})), OPEN
    ),
    Case(
        "everybody, in the second of two policies",
        having(policy(statement({"AWS": ACCOUNT_ID})), policy(statement())),
        OPEN,
        says=("policy-1",),
    ),
    Case("everybody, and a stranger by name", having(policy(statement(), statement({"AWS": STRANGER}))), BOTH),
    Case(
        "everybody, in more policies than fit", having(*[policy(statement())] * 8), OPEN, says=("policy-4 and 3 more",)
    ),
    *(
        Case(
            f"everybody, under a condition that keeps nobody out: {operator} {key} {value}",
            on_condition(operator, key, value),
            OPEN,
        )
        for operator, key, value in (
            ("StringEquals", "ses:FromAddress", "news@shop.example.com"),
            ("StringLike", "aws:PrincipalAccount", "*"),
            ("StringEquals", "aws:PrincipalAccount", []),
            ("StringEquals", "aws:PrincipalAccount", [ACCOUNT_ID, "*"]),
            ("StringLike", "aws:PrincipalOrgID", "o-*"),
            ("ArnLike", "aws:PrincipalArn", f"arn:aws:iam::*:role/{ACCOUNT_ID}"),
            ("ArnLike", "aws:SourceArn", "*"),
            ("StringEqualsIfExists", "aws:PrincipalOrgID", ORGANISATION),
            ("ForAllValues:StringEquals", "aws:PrincipalOrgID", ORGANISATION),
            ("StringNotEquals", "aws:PrincipalAccount", STRANGER),
            ("IpAddress", "aws:SourceIp", "0.0.0.0/0"),
            ("IpAddress", "aws:SourceIp", ["0.0.0.0/1", "128.0.0.0/1"]),
            ("IpAddress", "aws:SourceIp", "::/0"),
            ("IpAddress", "aws:SourceIp", "anywhere"),
            ("StringLike", "aws:SourceVpce", "vpce-*"),
            ("Bool", "aws:SecureTransport", True),
        )
    ),
    # some, by condition
    *(
        Case(f"everybody, on condition of being us: {operator} {key}", on_condition(operator, key, value))
        for operator, key, value in (
            ("StringEquals", "aws:PrincipalAccount", ACCOUNT_ID),
            ("stringequals", "AWS:SourceAccount", [ACCOUNT_ID]),
            ("ArnLike", "aws:PrincipalArn", f"arn:aws:iam::{ACCOUNT_ID}:role/*"),
            ("ForAnyValue:StringEquals", "aws:PrincipalAccount", ACCOUNT_ID),
        )
    ),
    *(
        Case(
            f"everybody of some: {operator} {key} {value}",
            on_condition(operator, key, value),
            FOREIGN,
            says=(f"by {who}",),
        )
        for operator, key, value, who in (
            ("StringEquals", "aws:PrincipalAccount", STRANGER, STRANGER),
            ("StringEquals", "aws:PrincipalAccount", [ACCOUNT_ID, STRANGER], STRANGER),
            ("StringEquals", "aws:PrincipalOrgID", ORGANISATION, ORGANISATION),
            ("ForAnyValue:StringLike", "aws:PrincipalOrgPaths", f"{ORGANISATION}/r-ab12/*", ORGANISATION),
            ("ArnEquals", "aws:SourceArn", f"arn:aws:sns:eu-west-1:{STRANGER}:x", STRANGER),
            ("IpAddress", "aws:SourceIp", "203.0.113.0/24", "203.0.113.0/24"),
            ("StringEquals", "aws:SourceVpce", "vpce-0a1b2c3d", "vpce-0a1b2c3d"),
        )
    ),
    Case(
        "everybody of us, from one network",
        lending(
            "*",
            Condition={
                "StringEquals": {"aws:PrincipalAccount": ACCOUNT_ID},
                "IpAddress": {"aws:SourceIp": "203.0.113.0/24"},
            },
        ),
    ),
    Case(
        "everybody, but all others are denied",
        having(policy(statement(), statement(effect="Deny", Condition=ONLY_US))),
        undecided=OPEN,
    ),
    Case(
        "everybody, but all others are denied in another policy",
        having(policy(statement()), policy({"Effect": "Deny", "NotPrincipal": {"AWS": ACCOUNT_ID}, "Action": "*"})),
        undecided=OPEN,
    ),
    Case(
        "everybody, and some mail is denied",
        having(
            policy(statement(), statement(effect="Deny", Condition={"StringLike": {"ses:Recipients": "*@example.org"}}))
        ),
        OPEN,
    ),
    # other accounts
    *(
        Case(
            f"another account: {principal}",
            lending({"AWS": principal}),
            FOREIGN,
            says=(f"by {STRANGER}", "TrustedAccounts parameter"),
        )
        for principal in (
            STRANGER,
            f"arn:aws:iam::{STRANGER}:root",
            f"arn:aws-us-gov:iam::{STRANGER}:user/mailer",
            f"arn:aws:sts::{STRANGER}:assumed-role/mailer/session",
            [f"arn:aws:iam::{ACCOUNT_ID}:root", STRANGER],
        )
    ),
    Case(
        "more accounts than fit",
        lending({"AWS": [f"{n:012d}" for n in range(9)]}),
        FOREIGN,
        says=("000000000004 and 4 more",),
    ),
    Case(
        "accounts that are trusted, and one that is not",
        replace(lending({"AWS": [STRANGER, "000000000007"]}), trusted_accounts=frozenset({"000000000007"})),
        FOREIGN,
        says=(f"by {STRANGER}",),
    ),
    # nobody else
    Case("only accounts that are trusted", replace(lending({"AWS": STRANGER}), trusted_accounts=frozenset({STRANGER}))),
    Case("our own account", lending({"AWS": [ACCOUNT_ID, f"arn:aws:iam::{ACCOUNT_ID}:role/mailer"]})),
    Case("a user that was deleted", lending({"AWS": "AIDAQRSTUVWXYZEXAMPLE"})),
    Case("an AWS service", lending({"Service": "cognito-idp.amazonaws.com"})),
    Case("only denied", lending("*", effect="Deny")),
    Case("no statements at all", having(policy())),
    # no policies
    *(Case(f"not readable: {name}", having(text), undecided=BOTH) for name, text in NO_POLICIES.items()),
    Case("one not readable, another for everybody", having("{", policy(statement())), OPEN, undecided=FOREIGN),
    Case(
        "one not readable, another for a stranger",
        having("{", policy(statement({"AWS": STRANGER}))),
        FOREIGN,
        undecided=OPEN,
    ),
    Case("one not readable, another for both", having("{", policy(statement(), statement({"AWS": STRANGER}))), BOTH),
    Case(
        "hostile names",
        with_identity(
            name=HOSTILE, details=details(policies={HOSTILE: policy(statement(), statement({"AWS": STRANGER}))})
        ),
        BOTH,
    ),
    Case(
        "a hostile name that is not readable", with_identity(details=details(policies={HOSTILE: "{"})), undecided=BOTH
    ),
    Case("a hostile condition", on_condition("IpAddress", HOSTILE[:4000], HOSTILE[:4000]), OPEN),
    Case("a hostile account", lending({"AWS": f"arn:aws:iam::{STRANGER}:{HOSTILE[:1000]}"}), FOREIGN),
]
