"""A character-level language model as PyTorch programs of 2017 had it: `python char_rnn_torch.py`.

It reads a text character by character, learns to foretell the next one, and then writes a text of its own.
"""

# ruff: noqa: UP008, UP031 - written as programs of 2017 were

import argparse
import time

import numpy as np
from text import CHARACTERS, batches, decode, drawn, encode

import trivium_api_dynamic as torch
from trivium_api_dynamic import nn, optim


class CharRNN(nn.Module):
    def __init__(self, characters, embedding_size, hidden_size, layers):
        super(CharRNN, self).__init__()
        self.encoder = nn.Embedding(characters, embedding_size)
        self.rnn = nn.LSTM(embedding_size, hidden_size, layers, batch_first=True)
        self.decoder = nn.Linear(hidden_size, characters)

    def forward(self, input, hidden=None):
        output, hidden = self.rnn(self.encoder(input), hidden)
        return self.decoder(output), hidden


def repackaged(hidden):
    """The same state without its history, so that gradients end at the batch's first character."""
    return tuple([h.detach() for h in hidden])


def train(model, args, report=print):
    """The loss of each step."""
    optimizer = optim.Adam(model.parameters(), lr=args.lr)
    criterion = nn.CrossEntropyLoss()
    hidden, losses, start = None, [], time.time()
    for step, (inputs, targets, starts_over) in enumerate(batches(args.batch_size, args.bptt), 1):
        hidden = None if starts_over else repackaged(hidden)
        optimizer.zero_grad()
        output, hidden = model(torch.from_numpy(inputs), hidden)
        loss = criterion(output.view(-1, output.size(2)), torch.from_numpy(targets).contiguous().view(-1))
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), args.clip)
        optimizer.step()
        losses.append(loss.item())
        if step % args.log_interval == 0:
            recent = np.mean(losses[-args.log_interval :])
            report("step %4d | %5.1f s | loss %.3f" % (step, time.time() - start, recent))
        if step == args.steps:
            return losses


def sample(model, start, length, temperature, random):
    """A text of the model's own."""
    model.eval()
    numbers, hidden = list(encode(start)), None
    input = torch.from_numpy(np.array([numbers]))
    with torch.no_grad():
        for _ in range(length):
            output, hidden = model(input, hidden)
            weights = torch.softmax(output[0, -1] / temperature, 0)
            numbers.append(drawn(weights.numpy(), random))
            input = torch.from_numpy(np.array([numbers[-1:]]))
    model.train()
    return decode(numbers)


def main():
    parser = argparse.ArgumentParser(description="Char-RNN on The Devil's Dictionary")
    parser.add_argument("--steps", type=int, default=1500, help="how many batches to learn from")
    parser.add_argument("--batch-size", type=int, default=50)
    parser.add_argument("--bptt", type=int, default=50, help="characters in a row of a batch")
    parser.add_argument("--embedding", type=int, default=32)
    parser.add_argument("--hidden", type=int, default=128)
    parser.add_argument("--layers", type=int, default=1)
    parser.add_argument("--lr", type=float, default=0.005)
    parser.add_argument("--clip", type=float, default=5.0)
    parser.add_argument("--log-interval", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--length", type=int, default=400, help="characters to write at the end")
    parser.add_argument("--temperature", type=float, default=0.7)
    args = parser.parse_args()

    torch.manual_seed(args.seed)
    model = CharRNN(len(CHARACTERS), args.embedding, args.hidden, args.layers)
    train(model, args)
    print("\n" + sample(model, "PATIENCE, n.  ", args.length, args.temperature, np.random.RandomState(args.seed)))


if __name__ == "__main__":
    main()
