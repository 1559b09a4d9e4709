"""A package, so that Chromium and the servers are started once for all of its tests."""
