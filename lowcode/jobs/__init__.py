"""Work that happens later: rows of the table ``jobs``, a worker that takes them one by one, and the outbox."""
