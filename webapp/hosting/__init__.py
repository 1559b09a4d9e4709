"""Settings, and who waits for what: what server and studio share, and lies below both.

From outside: `settings.read_settings`, `waiting_line.WaitingLine`, `live_slots.LiveSlots`.
"""
