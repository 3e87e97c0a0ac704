"""What leaves the house: wheels, build contexts, images, model cards, releases of weights."""
