"""EventBridge: LocalStack's own provider with patterns refused, retries, dead letters, replays and exact schedules."""
