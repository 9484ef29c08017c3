"""Checks of one configuration set in one region, every hour."""

CONSOLE = "https://{region}.console.aws.amazon.com/ses/home?region={region}#/configuration-sets/{page}"
"""The page of one configuration set; `page` is its name as `console_name` writes it."""
