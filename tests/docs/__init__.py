"""The pages of the repository say what is so."""
