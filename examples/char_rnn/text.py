"""The text that both programs learn from, as numbers."""

import gzip
from pathlib import Path

import numpy as np

TEXT = gzip.decompress((Path(__file__).parent / "devils_dictionary.txt.gz").read_bytes()).decode()
CHARACTERS = sorted(set(TEXT))
NUMBERS = {character: number for number, character in enumerate(CHARACTERS)}


def encode(text):
    """The number of each character."""
    return np.array([NUMBERS[character] for character in text])


def decode(numbers):
    """The characters of these numbers."""
    return "".join([CHARACTERS[number] for number in numbers])


def batches(rows, steps):
    """Inputs and targets (rows, steps), for ever; each row goes on where it ended in the batch before.

    The third value tells whether the text starts over, so that no state is to be kept.
    """
    data = encode(TEXT)
    length = (len(data) - 1) // (rows * steps) * steps
    inputs, targets = [data[start : start + rows * length].reshape(rows, length) for start in (0, 1)]
    while True:
        for at in range(0, length, steps):
            yield inputs[:, at : at + steps], targets[:, at : at + steps], at == 0


def drawn(probabilities, random):
    """A character's number, drawn with these probabilities."""
    weights = np.asarray(probabilities, float)
    return int(random.choice(len(weights), p=weights / weights.sum()))
