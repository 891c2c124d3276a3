"""S3: LocalStack's provider with the checks and behaviors that it lacks, a module for each area."""
