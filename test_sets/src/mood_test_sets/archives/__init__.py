"""What lies in a folder of raw scans: which files are scans and masks, and of whom."""
