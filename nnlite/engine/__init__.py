"""The compiled engine: whole training epochs without Python between batches."""
