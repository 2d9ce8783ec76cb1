"""Tables of any length: facts about all rows, and a random sample, in an amount of memory that is bounded."""
