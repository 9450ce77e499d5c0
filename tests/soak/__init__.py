"""A soak: thousands of cases on real servers while everything breaks, and then every certificate held against the vendors."""
