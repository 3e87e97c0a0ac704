"""From raw scans to a cohort: one preprocessing for all, splits by subject, findings of two readers."""
