"""Systems Manager: LocalStack's Parameter Store, with tiers, policies and settings."""
