"""Flask helpers that designer, runtime, api and admin share: log-in, language, errors, headers, static files."""
