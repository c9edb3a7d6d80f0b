"""Which settings of serving give most tokens a second on this device, under a limit on latency."""
