"""HTTP APIs: MiniStack keeps their configuration, this package answers their clients."""
