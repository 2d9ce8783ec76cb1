"""The detector of tables: networks, remembered records, and the blend of their scores."""
