"""An image classifier in PyTorch's words: `python examples/image_classifier/train.py`.

A small convolutional network learns to tell ten kinds of clothes apart.  Two worker processes load the images.  With
`--compile` each step of training runs as one program; with `--images` and `--epochs` it trains longer or shorter.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # batches of 4 images are too small to be shared by threads
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import argparse
import gzip
import tempfile
from pathlib import Path

import numpy as np

import trivium_api_dynamic as torch

nn, functional, optim = torch.nn, torch.nn.functional, torch.optim
DataLoader, Dataset = torch.utils.data.DataLoader, torch.utils.data.Dataset

DATA = Path(__file__).parents[1] / "fashion_mnist"
CLASSES = ("T-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot")


class Clothes(Dataset):
    """Photographs of clothes: (1, 28, 28) with grey from -1 to 1, and the number of the class."""

    def __init__(self, name, count=None):
        self.images = self.read(name, "images-idx3", 16).reshape(-1, 1, 28, 28)[:count]
        self.labels = self.read(name, "labels-idx1", 8)[:count]

    @staticmethod
    def read(name, what, header):
        """The bytes of an idx file behind its header."""
        content = gzip.decompress((DATA / f"{name}-{what}-ubyte.gz").read_bytes())
        return np.frombuffer(content, np.uint8, offset=header)

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, index):
        grey = torch.from_numpy(self.images[index].astype(np.float32))
        return (grey / 255 - 0.5) / 0.5, int(self.labels[index])


class Net(nn.Module):
    """Two convolutions, each followed by a pool, and three layers of units."""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 6, 5)
        self.pool = nn.MaxPool2d(2, 2)
        self.conv2 = nn.Conv2d(6, 16, 5)
        self.fc1 = nn.Linear(16 * 4 * 4, 120)
        self.fc2 = nn.Linear(120, 84)
        self.fc3 = nn.Linear(84, 10)

    def forward(self, x):
        x = self.pool(functional.relu(self.conv1(x)))
        x = self.pool(functional.relu(self.conv2(x)))
        x = x.view(-1, 16 * 4 * 4)
        x = functional.relu(self.fc1(x))
        x = functional.relu(self.fc2(x))
        return self.fc3(x)


def train(net, loader, epochs, every=500, is_compiled=False):
    """Train; print the mean of the loss now and then."""
    criterion = nn.CrossEntropyLoss()
    optimizer = optim.SGD(net.parameters(), lr=0.001, momentum=0.9)

    def step(images, labels):
        optimizer.zero_grad()
        loss = criterion(net(images), labels)
        loss.backward()
        optimizer.step()
        return loss

    if is_compiled:
        step = torch.compile(step)
    for epoch in range(epochs):
        running_loss = 0.0
        for i, (images, labels) in enumerate(loader, 1):
            running_loss += step(images, labels).item()
            if i % every == 0:
                print(f"epoch {epoch + 1}, batch {i:5}: loss {running_loss / every:.3f}", flush=True)
                running_loss = 0.0


def predict(net, loader):
    """The class that the network sees in each image, and the class that it is of."""
    predicted, actual = [], []
    with torch.no_grad():
        for images, labels in loader:
            predicted += net(images).argmax(1).tolist()
            actual += labels.tolist()
    return np.array(predicted), np.array(actual)


def main():
    """Train, save, load, and say how well each class is recognized."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--images", type=int, help="how many to learn from; all 6,000 if not said")
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--compile", action="store_true", help="run each step of training as one program")
    options = parser.parse_args()
    torch.manual_seed(0)
    trainloader = DataLoader(Clothes("train", options.images), batch_size=4, shuffle=True, num_workers=options.workers)
    testloader = DataLoader(Clothes("t10k"), batch_size=100, num_workers=options.workers)

    net = Net()
    train(net, trainloader, options.epochs, is_compiled=options.compile)

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "clothes.pth"
        torch.save(net.state_dict(), path)
        net = Net()
        net.load_state_dict(torch.load(path))

    predicted, actual = predict(net, testloader)
    print(f"accuracy on {len(actual)} test images: {(predicted == actual).mean():.1%}")
    for number, name in enumerate(CLASSES):
        print(f"  {name:10} {(predicted == actual)[actual == number].mean():6.1%}")


if __name__ == "__main__":
    main()
