"""CloudFront: forwarded to MiniStack; distributions answer at a path of the gateway."""
