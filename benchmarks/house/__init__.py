"""The structure of the two packages in figures: imports, lengths, what is passed around, and the files a run enters."""
