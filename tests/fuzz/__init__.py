"""`make fuzz`: thousands of damaged inputs; not collected by pytest but for the short run of it."""
