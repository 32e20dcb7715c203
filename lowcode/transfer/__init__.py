"""What goes in and out as files: templates, imports, exports."""
