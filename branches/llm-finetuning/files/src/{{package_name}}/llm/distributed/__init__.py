"""Training on the devices that there are: batches that fit, one process or many."""
