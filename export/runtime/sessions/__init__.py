"""How graphs are run: sessions, threads, cores, and weights changed before a session is made."""
