"""REST APIs: handlers added to LocalStack's invocation chain, and repairs of its provider."""
