"""Which records: kintone's query language as text, as JSON and as URL parameters, and its way to SQL."""
