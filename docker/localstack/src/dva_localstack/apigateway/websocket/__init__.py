"""WebSocket APIs: connections to the gateway, whose messages go to functions."""
