"""Test sets from the labelled scans of others, corrected versions, and export."""
