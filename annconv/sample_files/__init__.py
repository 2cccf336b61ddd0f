"""Files of samples and labels, for all that read them: the command line, runs on a cluster."""
