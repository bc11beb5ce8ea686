"""Sample data for Budget Buddy: any size, any stage of its history, the same for the same seed."""
