"""LocalStack 4.14.0 as the course runs it: one process, no Docker, loopback only."""
