"""Running programs: sessions, inference, workers and their threads."""
