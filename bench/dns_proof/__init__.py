"""How fast the DNS proof is."""
