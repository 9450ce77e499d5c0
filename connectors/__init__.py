"""Everything that talks to a vendor."""
