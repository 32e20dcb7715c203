"""Who may do what, to which fields and to which records: asked by the record service and the reader alone."""
