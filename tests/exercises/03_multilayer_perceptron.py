"""Wrong answers to the exercises of chapter 3."""

from tests.exercises import Wrong

FORWARD = [
    Wrong(
        "a ReLU behind the last layer, too",
        """
def forward(x, layers):
    for W, b in layers:
        x = np.maximum(x @ W + b, 0)
    return x
""",
        r"the last layer has no ReLU",
    ),
    Wrong(
        "no ReLU at all",
        """
def forward(x, layers):
    for W, b in layers:
        x = x @ W + b
    return x
""",
        r"without ReLU between the layers",
    ),
    Wrong(
        "forgets the biases",
        """
def forward(x, layers):
    for W, b in layers[:-1]:
        x = np.maximum(x @ W, 0)
    return x @ layers[-1][0]
""",
        r"the biases are missing",
    ),
    Wrong(
        "takes the absolute value",
        """
def forward(x, layers):
    for W, b in layers[:-1]:
        x = np.abs(x @ W + b)
    W, b = layers[-1]
    return x @ W + b
""",
        r"you took the absolute value",
    ),
    Wrong(
        "knows two layers only",
        """
def forward(x, layers):
    (W1, b1), (W2, b2) = layers[0], layers[-1]
    a = np.maximum(x @ W1 + b1, 0)
    if a.shape[1] != W2.shape[0]:
        a = a[:, : W2.shape[0]]
    return a @ W2 + b2
""",
        r"with 3 layers the shapes are right, the numbers are not",
    ),
    Wrong(
        "returns the digits",
        """
def forward(x, layers):
    for W, b in layers[:-1]:
        x = np.maximum(x @ W + b, 0)
    W, b = layers[-1]
    return (x @ W + b).argmax(axis=1)
""",
        r"expected scores of shape \(4, 3\), got \(4,\)",
    ),
    Wrong(
        "keeps what is below",
        """
def forward(x, layers):
    for W, b in layers[:-1]:
        x = np.minimum(x @ W + b, 0)
    W, b = layers[-1]
    return x @ W + b
""",
        r"you kept what is below",
    ),
    Wrong(
        "bends the images",
        """
def forward(x, layers):
    for W, b in layers:
        x = np.maximum(x, 0) @ W + b
    return x
""",
        r"the images go in as they are",
    ),
    Wrong(
        "bends before the bias",
        """
def forward(x, layers):
    for W, b in layers[:-1]:
        x = np.maximum(x @ W, 0) + b
    W, b = layers[-1]
    return x @ W + b
""",
        r"bias first, then ReLU",
    ),
    Wrong(
        "a softmax at the end",
        """
def forward(x, layers):
    for W, b in layers[:-1]:
        x = np.maximum(x @ W + b, 0)
    W, b = layers[-1]
    powers = np.exp(x @ W + b)
    return powers / powers.sum(axis=1, keepdims=True)
""",
        r"no softmax at the end",
    ),
    Wrong(
        "the first layer always bends",
        """
def forward(x, layers):
    W, b = layers[0]
    x = np.maximum(x @ W + b, 0)
    for k, (W, b) in enumerate(layers[1:], start=2):
        x = x @ W + b
        if k < len(layers):
            x = np.maximum(x, 0)
    return x
""",
        r"the last layer has no ReLU",
    ),
]

CROSS_ENTROPY = [
    Wrong(
        "straight from the formula",
        """
def cross_entropy(scores, labels):
    p = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    return -np.log(p[np.arange(len(labels)), labels]).mean()
""",
        r"subtract each row's largest score before np.exp",
    ),
    Wrong(
        "a stable softmax, but the logarithm of 0",
        """
def cross_entropy(scores, labels):
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    p = powers / powers.sum(axis=1, keepdims=True)
    return -np.log(p[np.arange(len(labels)), labels]).mean()
""",
        r"instead of the logarithm of a rounded p",
    ),
    Wrong(
        "clips the probabilities",
        """
def cross_entropy(scores, labels):
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    p = (powers / powers.sum(axis=1, keepdims=True))[np.arange(len(labels)), labels]
    return -np.log(np.maximum(p, 1e-300)).mean()
""",
        r"do not clip",
    ),
    Wrong(
        "sums over the images",
        """
def cross_entropy(scores, labels):
    shifted = scores - scores.max(axis=1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return -log_p[np.arange(len(labels)), labels].sum()
""",
        r"you summed over the images: take the mean",
    ),
    Wrong(
        "forgets the sign",
        """
def cross_entropy(scores, labels):
    shifted = scores - scores.max(axis=1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return log_p[np.arange(len(labels)), labels].mean()
""",
        r"the sign is wrong",
    ),
    Wrong(
        "averages over all classes",
        """
def cross_entropy(scores, labels):
    shifted = scores - scores.max(axis=1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return -log_p.mean()
""",
        r"only the true class counts",
    ),
    Wrong(
        "softmax over the images",
        """
def cross_entropy(scores, labels):
    shifted = scores - scores.max(axis=0, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=0, keepdims=True))
    return -log_p[np.arange(len(labels)), labels].mean()
""",
        r"over the classes of one image \(axis=1\)",
    ),
    Wrong(
        "one loss per image",
        """
def cross_entropy(scores, labels):
    shifted = scores - scores.max(axis=1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return -log_p[np.arange(len(labels)), labels]
""",
        r"return one number, the mean over the images",
    ),
    Wrong(
        "one largest score for all images",
        """
def cross_entropy(scores, labels):
    shifted = scores - scores.max()
    log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return -log_p[np.arange(len(labels)), labels].mean()
""",
        r"subtract each row's own largest score",
    ),
    Wrong(
        "the logarithm to base 10",
        """
def cross_entropy(scores, labels):
    shifted = scores - scores.max(axis=1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return -log_p[np.arange(len(labels)), labels].mean() / np.log(10)
""",
        r"you took log10",
    ),
    Wrong(
        "a table instead of one per image",
        """
def cross_entropy(scores, labels):
    shifted = scores - scores.max(axis=1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return -log_p[:, labels].mean()
""",
        r"write p\[np.arange\(n\), labels\]",
    ),
    Wrong(
        "the largest not taken from the true score",
        """
def cross_entropy(scores, labels):
    shifted = scores - scores.max(axis=1, keepdims=True)
    log_p = scores - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return -log_p[np.arange(len(labels)), labels].mean()
""",
        r"must be taken from z_k too",
    ),
]

LAYER_BACKWARD = [
    Wrong(
        "an ordinary ReLU",
        """
def layer_backward(x, W, b, grad_a, slope):
    delta = grad_a * (x @ W + b > 0)
    return delta @ W.T, x.T @ delta, delta.sum(axis=0)
""",
        r"a leaky ReLU passes slope times the gradient back, not nothing",
    ),
    Wrong(
        "forgets the bend",
        """
def layer_backward(x, W, b, grad_a, slope):
    return grad_a @ W.T, x.T @ grad_a, grad_a.sum(axis=0)
""",
        r"you forgot the bend",
    ),
    Wrong(
        "divides by the number of images again",
        """
def layer_backward(x, W, b, grad_a, slope):
    delta = grad_a * np.where(x @ W + b > 0, 1, slope)
    return delta @ W.T, x.T @ delta / len(x), delta.mean(axis=0)
""",
        r"grad_a contains that already",
    ),
    Wrong(
        "forgets the bias in z",
        """
def layer_backward(x, W, b, grad_a, slope):
    delta = grad_a * np.where(x @ W > 0, 1, slope)
    return delta @ W.T, x.T @ delta, delta.sum(axis=0)
""",
        r"the bend looks at z = x @ W \+ b, with the bias",
    ),
    Wrong(
        "bends the gradient at its own sign",
        """
def layer_backward(x, W, b, grad_a, slope):
    delta = np.where(grad_a > 0, grad_a, slope * grad_a)
    return delta @ W.T, x.T @ delta, delta.sum(axis=0)
""",
        r"not at the sign of the gradient",
    ),
    Wrong(
        "one bias gradient per image",
        """
def layer_backward(x, W, b, grad_a, slope):
    delta = grad_a * np.where(x @ W + b > 0, 1, slope)
    return delta @ W.T, x.T @ delta, delta
""",
        r"the gradient of b must have the shape of b, \(3,\), but has \(6, 3\)",
    ),
    Wrong(
        "another order",
        """
def layer_backward(x, W, b, grad_a, slope):
    delta = grad_a * np.where(x @ W + b > 0, 1, slope)
    return x.T @ delta, delta.sum(axis=0), delta @ W.T
""",
        r"the gradient of x must have the shape of x",
    ),
    Wrong(
        "the bent gradient for W and b only",
        """
def layer_backward(x, W, b, grad_a, slope):
    delta = grad_a * np.where(x @ W + b > 0, 1, slope)
    return grad_a @ W.T, x.T @ delta, delta.sum(axis=0)
""",
        r"the gradient of x is wrong, though its shape is right",
    ),
    Wrong(
        "z instead of the gradient below 0",
        """
def layer_backward(x, W, b, grad_a, slope):
    z = x @ W + b
    delta = np.where(z > 0, grad_a, slope * z)
    return delta @ W.T, x.T @ delta, delta.sum(axis=0)
""",
        r"by the slope, 1 or s, not by z",
    ),
    Wrong(
        "multiplies by the activation",
        """
def layer_backward(x, W, b, grad_a, slope):
    z = x @ W + b
    delta = grad_a * np.where(z > 0, z, slope * z)
    return delta @ W.T, x.T @ delta, delta.sum(axis=0)
""",
        r"by the slope, 1 or s, not by z",
    ),
]

SHARE_RIGHT = [
    Wrong(
        "stays in training mode",
        """
def share_right(model, images, labels, batch_size):
    right = 0
    with torch.no_grad():
        for x, y in zip(images.split(batch_size), labels.split(batch_size)):
            right += (model(x).argmax(dim=1) == y).sum().item()
    return right / len(images)
""",
        r"switch to evaluation mode",
    ),
    Wrong(
        "leaves the model in evaluation mode",
        """
def share_right(model, images, labels, batch_size):
    model.eval()
    right = 0
    with torch.no_grad():
        for x, y in zip(images.split(batch_size), labels.split(batch_size)):
            right += (model(x).argmax(dim=1) == y).sum().item()
    return right / len(images)
""",
        r"leave the model in the mode in which it came",
    ),
    Wrong(
        "always goes back to training mode",
        """
def share_right(model, images, labels, batch_size):
    model.eval()
    right = 0
    with torch.no_grad():
        for x, y in zip(images.split(batch_size), labels.split(batch_size)):
            right += (model(x).argmax(dim=1) == y).sum().item()
    model.train()
    return right / len(images)
""",
        r"leave the model in the mode in which it came",
    ),
    Wrong(
        "records the gradient",
        """
def share_right(model, images, labels, batch_size):
    mode = model.training
    model.eval()
    right = 0
    for x, y in zip(images.split(batch_size), labels.split(batch_size)):
        right += (model(x).argmax(dim=1) == y).sum().item()
    model.train(mode)
    return right / len(images)
""",
        r"the gradient was recorded",
    ),
    Wrong(
        "averages the batches",
        """
def share_right(model, images, labels, batch_size):
    mode = model.training
    model.eval()
    shares = []
    with torch.no_grad():
        for x, y in zip(images.split(batch_size), labels.split(batch_size)):
            shares.append((model(x).argmax(dim=1) == y).float().mean().item())
    model.train(mode)
    return sum(shares) / len(shares)
""",
        r"you averaged the batches' shares",
    ),
    Wrong(
        "integer division",
        """
def share_right(model, images, labels, batch_size):
    mode = model.training
    model.eval()
    right = 0
    with torch.no_grad():
        for x, y in zip(images.split(batch_size), labels.split(batch_size)):
            right += (model(x).argmax(dim=1) == y).sum().item()
    model.train(mode)
    return right // len(images)
""",
        r"// drops the fraction",
    ),
    Wrong(
        "drops the last batch",
        """
def share_right(model, images, labels, batch_size):
    mode = model.training
    model.eval()
    right = 0
    with torch.no_grad():
        for i in range(len(images) // batch_size):
            part = slice(i * batch_size, (i + 1) * batch_size)
            right += (model(images[part]).argmax(dim=1) == labels[part]).sum().item()
    model.train(mode)
    return right / len(images)
""",
        r"do not drop the last, smaller batch",
    ),
    Wrong(
        "all images at once",
        """
def share_right(model, images, labels, batch_size):
    mode = model.training
    model.eval()
    with torch.no_grad():
        right = (model(images).argmax(dim=1) == labels).sum().item()
    model.train(mode)
    return right / len(images)
""",
        r"a batch had 50 images, at most 16",
    ),
    Wrong(
        "the number instead of the share",
        """
def share_right(model, images, labels, batch_size):
    mode = model.training
    model.eval()
    right = 0
    with torch.no_grad():
        for x, y in zip(images.split(batch_size), labels.split(batch_size)):
            right += (model(x).argmax(dim=1) == y).sum().item()
    model.train(mode)
    return right
""",
        r"this is the number of right answers",
    ),
    Wrong(
        "switches gradients off for good",
        """
def share_right(model, images, labels, batch_size):
    mode = model.training
    model.eval()
    torch.set_grad_enabled(False)
    right = 0
    for x, y in zip(images.split(batch_size), labels.split(batch_size)):
        right += (model(x).argmax(dim=1) == y).sum().item()
    model.train(mode)
    return right / len(images)
""",
        r"you switched gradients off for good",
    ),
    Wrong(
        "a tensor of one number",
        """
def share_right(model, images, labels, batch_size):
    mode = model.training
    model.eval()
    right = 0
    with torch.no_grad():
        for x, y in zip(images.split(batch_size), labels.split(batch_size)):
            right += (model(x).argmax(dim=1) == y).sum()
    model.train(mode)
    return right / len(images)
""",
        r"return a number, use \.item\(\)",
    ),
    Wrong(
        "returns nothing",
        """
def share_right(model, images, labels, batch_size):
    mode = model.training
    model.eval()
    right = 0
    with torch.no_grad():
        for x, y in zip(images.split(batch_size), labels.split(batch_size)):
            right += (model(x).argmax(dim=1) == y).sum().item()
    model.train(mode)
    print(right / len(images))
""",
        r"return a number: the share of right answers",
    ),
]

TRAIN_EPOCH = [
    Wrong(
        "as it was found",
        """
def train_epoch(model, optimiser, images, labels, order, batch_size):
    model.train()
    total = 0.0
    for index in order.split(batch_size):
        probabilities = torch.softmax(model(images[index]), dim=1)
        loss = nn.functional.cross_entropy(probabilities, labels[index])
        loss.backward()
        optimiser.step()
        total += loss.item()
    return total / len(images)
""",
        r"gradients pile up, and the loss gets a softmax too many",
    ),
    Wrong(
        "still one softmax too many",
        """
def train_epoch(model, optimiser, images, labels, order, batch_size):
    model.train()
    total = 0.0
    for index in order.split(batch_size):
        probabilities = torch.softmax(model(images[index]), dim=1)
        loss = nn.functional.cross_entropy(probabilities, labels[index])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        total += loss.item() * len(index)
    return total / len(images)
""",
        r"cross_entropy has a softmax inside",
    ),
    Wrong(
        "gradients still pile up",
        """
def train_epoch(model, optimiser, images, labels, order, batch_size):
    model.train()
    total = 0.0
    for index in order.split(batch_size):
        loss = nn.functional.cross_entropy(model(images[index]), labels[index])
        loss.backward()
        optimiser.step()
        total += loss.item() * len(index)
    return total / len(images)
""",
        r"gradients pile up from batch to batch",
    ),
    Wrong(
        "the mean of the batches' means",
        """
def train_epoch(model, optimiser, images, labels, order, batch_size):
    model.train()
    losses = []
    for index in order.split(batch_size):
        loss = nn.functional.cross_entropy(model(images[index]), labels[index])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    return sum(losses) / len(losses)
""",
        r"the weights are right, the loss is not",
    ),
    Wrong(
        "zeroes after backward",
        """
def train_epoch(model, optimiser, images, labels, order, batch_size):
    model.train()
    total = 0.0
    for index in order.split(batch_size):
        loss = nn.functional.cross_entropy(model(images[index]), labels[index])
        loss.backward()
        optimiser.zero_grad()
        optimiser.step()
        total += loss.item() * len(index)
    return total / len(images)
""",
        r"you cleared the gradient before step could use it",
    ),
    Wrong(
        "ignores the order",
        """
def train_epoch(model, optimiser, images, labels, order, batch_size):
    model.train()
    total = 0.0
    for x, y in zip(images.split(batch_size), labels.split(batch_size)):
        loss = nn.functional.cross_entropy(model(x), y)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        total += loss.item() * len(x)
    return total / len(images)
""",
        r"take the images in the order that is handed in",
    ),
    Wrong(
        "returns a tensor",
        """
def train_epoch(model, optimiser, images, labels, order, batch_size):
    model.train()
    total = 0.0
    for index in order.split(batch_size):
        loss = nn.functional.cross_entropy(model(images[index]), labels[index])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        total += loss.detach() * len(index)
    return total / len(images)
""",
        r"return the loss as a number",
    ),
    Wrong(
        "forgets the training mode",
        """
def train_epoch(model, optimiser, images, labels, order, batch_size):
    total = 0.0
    for index in order.split(batch_size):
        loss = nn.functional.cross_entropy(model(images[index]), labels[index])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        total += loss.item() * len(index)
    return total / len(images)
""",
        r"put the model in training mode",
    ),
]

WRONG = {
    "ex1": FORWARD,
    "ex2": CROSS_ENTROPY,
    "ex3": LAYER_BACKWARD,
    "ex4": SHARE_RIGHT,
    "ex5": TRAIN_EPOCH,
}
