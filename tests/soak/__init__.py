"""`make soak`: a server of its own, visited for an hour; not collected by pytest but for the short run of it."""
