"""Asks the tools of .venvs/security about this repository, and judges what they find by `accepted.toml`."""
