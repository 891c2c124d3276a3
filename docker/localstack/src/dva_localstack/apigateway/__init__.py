"""API Gateway: REST APIs of LocalStack with what it does not enforce, HTTP and WebSocket APIs with a data plane."""
