"""What is kept, for how long, and whose it is: retention, holds, the ledger of bytes."""
