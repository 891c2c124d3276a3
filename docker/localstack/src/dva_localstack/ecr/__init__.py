"""ECR: forwarded to MiniStack, with URLs of layers that open."""
