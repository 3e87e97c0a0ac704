"""Submissions: uploads, image intake, quota and deadline, and what a team may do with its own."""
