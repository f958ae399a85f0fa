"""The digits that Tersenet draws itself: pens, strokes, hands and the set made from them."""
