"""What is done with features: training sets, tables that grow with their sources, and plans of what changes."""
