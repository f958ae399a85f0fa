"""What a network is made of: layers, shapes, parameters, multiply-adds, receptive fields."""
