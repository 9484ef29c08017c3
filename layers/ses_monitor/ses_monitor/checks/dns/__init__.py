"""Checks of the DNS proof behind an identity: what its name servers say against what SES expects."""
