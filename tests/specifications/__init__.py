"""The vendors' own API descriptions, held against what our connectors send and our simulators answer."""
