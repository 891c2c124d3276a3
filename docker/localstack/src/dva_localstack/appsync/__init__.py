"""AppSync: MiniStack's, with GraphQL URLs that open and tokens that are verified."""
