"""Cognito on the gateway's side: tokens, the paths that browsers open, Lambda triggers and credentials."""
