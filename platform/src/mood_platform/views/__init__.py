"""What a reader may see, and the words for it: a field that no view names cannot slip out."""
