"""A test set to look at: one HTML file with slices, outlines, histograms and what is known of each case."""
