"""How pictures and sets are read from files: IDX, picture folders, single pictures, MNIST's form."""
