"""Our own API: records in plain JSON, larger pages, streamed exports, totals, jobs."""
