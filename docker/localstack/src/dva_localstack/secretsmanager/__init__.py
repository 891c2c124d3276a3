"""Secrets Manager: LocalStack's provider, whose schedules of rotation fire, and whose refusals are AWS's."""
