"""Real database servers behind ElastiCache and RDS: a process for each node, on a loopback port."""
