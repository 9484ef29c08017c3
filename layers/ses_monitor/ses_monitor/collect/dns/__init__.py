"""The only reader of the DNS: what the name servers of a zone say, and what the rest of the world sees of it."""

from ses_monitor.collect.dns.proof import prove, prove_now
from ses_monitor.collect.dns.settings import DnsSettings, DnsSettingsError

__all__ = ["DnsSettings", "DnsSettingsError", "prove", "prove_now"]
