"""What it costs to ingest feedback: events a second, writes to the table, memory, and whether it counts right."""
