"""Checks of one region's account, every five minutes."""
