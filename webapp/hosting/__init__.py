"""What whoever runs a server may choose, and who waits for what: below both server and studio."""
