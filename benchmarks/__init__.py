"""Speed and quality against real peers."""
