"""What an INPUT holds: folders, files, globs, archives and lists of uris, one entry at a time."""
