"""What every connector is tested with, shipped so that outside authors have it too: the kit, and simulated vendors."""
