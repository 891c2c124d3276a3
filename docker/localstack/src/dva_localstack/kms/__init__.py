"""KMS: AWS managed keys, and what its operations refuse."""
