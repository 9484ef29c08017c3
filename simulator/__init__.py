"""A small world for the demo, the tests and the benchmarks: an SES API, a DNS, a chat receiver, an embedded AWS."""
