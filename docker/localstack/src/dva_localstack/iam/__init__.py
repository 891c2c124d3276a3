"""IAM of the course: identities and their policies, the policy simulator, and documents that are none refused."""
