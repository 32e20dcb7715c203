"""Tables of the platform itself (users, apps, versions, files, sessions, jobs, audit log) and their migrations."""
