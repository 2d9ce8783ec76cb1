"""Matrix products in compiled code."""
