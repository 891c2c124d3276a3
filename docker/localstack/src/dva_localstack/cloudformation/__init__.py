"""CloudFormation on LocalStack's engine: rollback, exports in use, checks, custom resources and more types."""
