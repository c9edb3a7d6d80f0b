"""Whether features are the same offline and online: samples are compared, and each difference is explained."""
