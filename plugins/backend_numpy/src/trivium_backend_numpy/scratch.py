"""Scratch memory of prepared kernels: made once, kept between calls, never shared by two calls at a time."""


class Pool:
    """Scratch sets of one prepared kernel.

    A call takes a free set, or makes one when others are running, and gives it back at its end.
    `list.pop` and `list.append` are atomic, so threads need no lock; a call that raises drops its set.
    """

    def __init__(self, make):
        self.make = make
        self.free = []

    def take(self):
        try:
            return self.free.pop()
        except IndexError:
            return self.make()

    def give(self, scratch):
        self.free.append(scratch)
