"""Elastic Load Balancing: moto inside LocalStack, which shares the VPCs, and what it lacks of refusals."""
