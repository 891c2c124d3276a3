"""Route 53: LocalStack's provider, after batches of changes that AWS refuses were refused."""
