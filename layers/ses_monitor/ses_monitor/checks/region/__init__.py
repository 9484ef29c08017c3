"""Checks of the monitor's own sight of a region."""
