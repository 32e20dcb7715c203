"""People: users, organisations and groups, their log-ins and sessions. Knows nothing of the web."""
