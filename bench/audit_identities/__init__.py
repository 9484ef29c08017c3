"""What the audit of identities costs: calls to SES, SES's time, processor, memory."""
