"""From Python to machine code: functions of pointers and numbers, compiled once for every network."""
