"""What is on the wire, and how it travels: the only ground that both sides share."""
