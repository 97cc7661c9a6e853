"""The class that the `instances` workload pickles, as `benchcls.Point`."""


class Point:
    def __init__(self, ident, x, y, label, alive):
        self.ident = ident
        self.x = x
        self.y = y
        self.label = label
        self.alive = alive
