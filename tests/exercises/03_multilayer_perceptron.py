"""Wrong answers to the exercises of chapter 3, and right ones in other styles."""

from tests.exercises import Right, Wrong

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
        r"with layers of \[5, 7, 6, 4\] the shape is right",
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
        r"the scores: expected shape \(4, 3\), got \(4,\)",
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
    Wrong(
        "bends only where the width changes",
        """
def forward(x, layers):
    for W, b in layers:
        x = x @ W + b
        if len(b) != len(layers[-1][1]):
            x = np.maximum(x, 0)
    return x
""",
        r"with layers of \[5, 3, 3\]|without ReLU between the layers",
    ),
    Wrong(
        "takes the last layer out of the list",
        """
def forward(x, layers):
    W, b = layers.pop()
    for V, c in layers:
        x = np.maximum(x @ V + c, 0)
    return x @ W + b
""",
        r"you changed `layers`, which was handed in",
    ),
    Wrong(
        "forgets the last bias",
        """
def forward(x, layers):
    for W, b in layers[:-1]:
        x = np.maximum(x @ W + b, 0)
    return x @ layers[-1][0]
""",
        r"the last layer has a bias, too",
    ),
    Wrong(
        "forgets the hidden biases",
        """
def forward(x, layers):
    for W, b in layers[:-1]:
        x = np.maximum(x @ W, 0)
    W, b = layers[-1]
    return x @ W + b
""",
        r"the hidden layers have biases, too",
    ),
    Wrong(
        "knows up to four layers",
        """
def forward(x, layers):
    for k, (W, b) in enumerate(layers, start=1):
        x = x @ W + b
        if k < len(layers) and k < 4:
            x = np.maximum(x, 0)
    return x
""",
        r"with layers of \[4, 6, 5, 7, 3, 2\] the shape is right",
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
        r"the loss is nan: subtract each row's own largest score",
    ),
    Wrong(
        "a stable softmax, but the logarithm of 0",
        """
def cross_entropy(scores, labels):
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    p = powers / powers.sum(axis=1, keepdims=True)
    return -np.log(p[np.arange(len(labels)), labels]).mean()
""",
        r"the logarithm of 0 was taken",
    ),
    Wrong(
        "clips the probabilities",
        """
def cross_entropy(scores, labels):
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    p = (powers / powers.sum(axis=1, keepdims=True))[np.arange(len(labels)), labels]
    return -np.log(np.maximum(p, 1e-300)).mean()
""",
        r"p was clipped",
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
        r"softmax runs over the classes \(axis=1\)",
    ),
    Wrong(
        "one loss per image",
        """
def cross_entropy(scores, labels):
    shifted = scores - scores.max(axis=1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return -log_p[np.arange(len(labels)), labels]
""",
        r"the loss must be one number, not float64 array of shape \(8,\)",
    ),
    Wrong(
        "one largest score for all images",
        """
def cross_entropy(scores, labels):
    shifted = scores - scores.max()
    log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return -log_p[np.arange(len(labels)), labels].mean()
""",
        r"each row's own largest was subtracted",
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
        r"p\[:, labels\] is an n × n table",
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
    Wrong(
        "shifts the scores in place",
        """
def cross_entropy(scores, labels):
    scores -= scores.max(axis=1, keepdims=True)
    log_p = scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))
    return -log_p[np.arange(len(labels)), labels].mean()
""",
        r"you changed `scores`, which was handed in",
    ),
    Wrong(
        "lets PyTorch do it",
        """
def cross_entropy(scores, labels):
    return nn.functional.cross_entropy(torch.tensor(scores * 1.0), torch.tensor(labels)).item()
""",
        r"cross_entropy` is not allowed here: compute it yourself",
    ),
    Wrong(
        "lets a tensor's method do it",
        """
def cross_entropy(scores, labels):
    log_p = torch.tensor(scores * 1.0).log_softmax(dim=1)
    return -log_p[range(len(labels)), labels].mean().item()
""",
        r"log_softmax` is not allowed here",
    ),
    Wrong(
        "naive, with more digits",
        """
def cross_entropy(scores, labels):
    powers = np.exp(scores.astype(np.longdouble))
    p = powers / powers.sum(axis=1, keepdims=True)
    return float(-np.log(p[np.arange(len(labels)), labels]).mean())
""",
        r"subtract each row's own largest score",
    ),
    Wrong(
        "one-hot, then the mean over all",
        """
def cross_entropy(scores, labels):
    shifted = scores - scores.max(axis=1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return -(np.eye(scores.shape[1])[labels] * log_p).mean()
""",
        r"you divided by n · k",
    ),
    Wrong(
        "one-hot as wide as the largest label",
        """
def cross_entropy(scores, labels):
    shifted = scores - scores.max(axis=1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return -(np.eye(labels.max() + 1)[labels] * log_p).sum(axis=1).mean()
""",
        r"stopped with ValueError: operands could not be broadcast",
    ),
    Wrong(
        "the logarithm on paper, but no shift",
        """
def cross_entropy(scores, labels):
    rows = np.arange(len(labels))
    return (np.log(np.exp(scores).sum(axis=1)) - scores[rows, labels]).mean()
""",
        r"the loss is inf: e\^z overflowed, or the logarithm of 0 was taken: hint 1, on scores",
    ),
    Wrong(
        "lets PyTorch's special functions do it",
        """
def cross_entropy(scores, labels):
    log_p = torch.special.log_softmax(torch.tensor(scores * 1.0), dim=1)
    return -log_p[range(len(labels)), labels].mean().item()
""",
        r"torch\.special\.log_softmax` is not allowed here",
    ),
    Wrong(
        "lets PyTorch's special logsumexp do it",
        """
def cross_entropy(scores, labels):
    sums = torch.special.logsumexp(torch.tensor(scores * 1.0), dim=1).numpy()
    return (sums - scores[np.arange(len(labels)), labels]).mean()
""",
        r"logsumexp` is not allowed here",
    ),
    Wrong(
        "lets SciPy do it",
        """
def cross_entropy(scores, labels):
    from scipy.special import logsumexp

    return (logsumexp(scores, axis=1) - scores[np.arange(len(labels)), labels]).mean()
""",
        r"scipy\.special\.logsumexp` is not allowed here",
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
        r"grad_a contains the division by the number of images already",
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
        r"not at the gradient's sign",
    ),
    Wrong(
        "one bias gradient per image",
        """
def layer_backward(x, W, b, grad_a, slope):
    delta = grad_a * np.where(x @ W + b > 0, 1, slope)
    return delta @ W.T, x.T @ delta, delta
""",
        r"the gradient of b: expected shape \(3,\), got \(6, 3\)",
    ),
    Wrong(
        "another order",
        """
def layer_backward(x, W, b, grad_a, slope):
    delta = grad_a * np.where(x @ W + b > 0, 1, slope)
    return x.T @ delta, delta.sum(axis=0), delta @ W.T
""",
        r"the gradient of x: expected shape \(6, 4\), got \(4, 3\)",
    ),
    Wrong(
        "the bent gradient for W and b only",
        """
def layer_backward(x, W, b, grad_a, slope):
    delta = grad_a * np.where(x @ W + b > 0, 1, slope)
    return grad_a @ W.T, x.T @ delta, delta.sum(axis=0)
""",
        r"the gradient of x must pass the bend",
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
    Wrong(
        "a factor of whole numbers",
        """
def layer_backward(x, W, b, grad_a, slope):
    z = x @ W + b
    factor = np.ones_like(z)
    factor[z <= 0] = slope
    delta = grad_a * factor
    return delta @ W.T, x.T @ delta, delta.sum(axis=0)
""",
        r"floats written into an array of whole numbers are cut off",
    ),
    Wrong(
        "a copy of whole numbers",
        """
def layer_backward(x, W, b, grad_a, slope):
    z, delta = x @ W + b, grad_a.copy()
    delta[z <= 0] = slope * delta[z <= 0]
    return delta @ W.T, x.T @ delta, delta.sum(axis=0)
""",
        r"floats written into an array of whole numbers are cut off",
    ),
    Wrong(
        "bends the gradient in place",
        """
def layer_backward(x, W, b, grad_a, slope):
    grad_a[x @ W + b <= 0] *= slope
    return grad_a @ W.T, x.T @ grad_a, grad_a.sum(axis=0)
""",
        r"you changed `grad_a`, which was handed in",
    ),
    Wrong(
        "makes a step as well",
        """
def layer_backward(x, W, b, grad_a, slope):
    delta = grad_a * np.where(x @ W + b > 0, 1, slope)
    gradients = delta @ W.T, x.T @ delta, delta.sum(axis=0)
    W -= 0.1 * gradients[1]
    return gradients
""",
        r"you changed `W`, which was handed in",
    ),
    Wrong(
        "always a slope of 0.1",
        """
def layer_backward(x, W, b, grad_a, slope):
    delta = grad_a * np.where(x @ W + b > 0, 1, 0.1)
    return delta @ W.T, x.T @ delta, delta.sum(axis=0)
""",
        r"slope is an argument: yours is always 0\.1",
    ),
    Wrong(
        "always a factor of whole numbers",
        """
def layer_backward(x, W, b, grad_a, slope):
    z = x @ W + b
    factor = (z > 0).astype(int)
    factor[z <= 0] = slope
    delta = grad_a * factor
    return delta @ W.T, x.T @ delta, delta.sum(axis=0)
""",
        r"or was slope written into an array of whole numbers\?",
    ),
    Wrong(
        "divides everything again",
        """
def layer_backward(x, W, b, grad_a, slope):
    delta = grad_a * np.where(x @ W + b > 0, 1, slope) / len(x)
    return delta @ W.T, x.T @ delta, delta.sum(axis=0)
""",
        r"grad_a contains the division by the number of images already",
    ),
    Wrong(
        "the mean for b",
        """
def layer_backward(x, W, b, grad_a, slope):
    delta = grad_a * np.where(x @ W + b > 0, 1, slope)
    return delta @ W.T, x.T @ delta, delta.mean(axis=0)
""",
        r"grad_a contains the division by the number of images already",
    ),
    Wrong(
        "1 and slope swapped",
        """
def layer_backward(x, W, b, grad_a, slope):
    delta = grad_a * np.where(x @ W + b > 0, slope, 1)
    return delta @ W.T, x.T @ delta, delta.sum(axis=0)
""",
        r"1 and slope are swapped",
    ),
    Wrong(
        "W from grad_a",
        """
def layer_backward(x, W, b, grad_a, slope):
    delta = grad_a * np.where(x @ W + b > 0, 1, slope)
    return delta @ W.T, x.T @ grad_a, delta.sum(axis=0)
""",
        r"the gradient of W must pass the bend",
    ),
    Wrong(
        "b from grad_a",
        """
def layer_backward(x, W, b, grad_a, slope):
    delta = grad_a * np.where(x @ W + b > 0, 1, slope)
    return delta @ W.T, x.T @ delta, grad_a.sum(axis=0)
""",
        r"the gradient of b must pass the bend",
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
        r"was in training mode: use model\.eval\(\)",
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
        r"leave `model` as it came: it came in training mode",
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
        r"leave `model` as it came: it came in evaluation mode",
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
        r"the share came out as 0: is it `//`",
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
        r"the model saw 48 images of 53: show each once, to the last",
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
        r"53 images in a batch, at most 16 allowed",
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
        r"you switched gradients on or off for good",
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
        r"your function returns nothing",
    ),
    Wrong(
        "evaluation mode for the outermost part only",
        """
def share_right(model, images, labels, batch_size):
    mode = model.training
    model.training = False
    right = 0
    with torch.no_grad():
        for x, y in zip(images.split(batch_size), labels.split(batch_size)):
            right += (model(x).argmax(dim=1) == y).sum().item()
    model.training = mode
    return right / len(images)
""",
        r"the model, or its dropout, was in training mode",
    ),
    Wrong(
        "freezes the parameters",
        """
def share_right(model, images, labels, batch_size):
    mode = model.training
    model.eval()
    for parameter in model.parameters():
        parameter.requires_grad_(False)
    right = 0
    with torch.no_grad():
        for x, y in zip(images.split(batch_size), labels.split(batch_size)):
            right += (model(x).argmax(dim=1) == y).sum().item()
    model.train(mode)
    return right / len(images)
""",
        r"requires_grad of its parameters is not what it was",
    ),
    Wrong(
        "divides by full batches",
        """
def share_right(model, images, labels, batch_size):
    mode = model.training
    model.eval()
    right = 0
    with torch.no_grad():
        for x, y in zip(images.split(batch_size), labels.split(batch_size)):
            right += (model(x).argmax(dim=1) == y).sum().item()
    model.train(mode)
    return right / (len(images.split(batch_size)) * batch_size)
""",
        r"divide by len\(images\), not by batches times batch_size",
    ),
    Wrong(
        "the share of errors",
        """
def share_right(model, images, labels, batch_size):
    mode = model.training
    model.eval()
    right = 0
    with torch.no_grad():
        for x, y in zip(images.split(batch_size), labels.split(batch_size)):
            right += (model(x).argmax(dim=1) == y).sum().item()
    model.train(mode)
    return 1 - right / len(images)
""",
        r"this is the share of errors",
    ),
    Wrong(
        "the rest by a negative slice",
        """
def share_right(model, images, labels, batch_size):
    mode, n = model.training, len(images)
    model.eval()
    right, rest = 0, n % batch_size
    parts = [slice(i, i + batch_size) for i in range(0, n - rest, batch_size)]
    parts += [slice(-rest, None)]
    with torch.no_grad():
        for part in parts:
            right += (model(images[part]).argmax(dim=1) == labels[part]).sum().item()
    model.train(mode)
    return right / n
""",
        r"the model saw 96 images of 48",
    ),
    Wrong(
        "no answer matches: compares scores with labels",
        """
def share_right(model, images, labels, batch_size):
    mode = model.training
    model.eval()
    right = 0
    with torch.no_grad():
        for x, y in zip(images.split(batch_size), labels.split(batch_size)):
            right += (model(x).max(dim=1).values == y).sum().item()
    model.train(mode)
    return right / len(images)
""",
        r"the share came out as 0: is it `//`, or does no answer match",
    ),
    Wrong(
        "rounds the share",
        """
def share_right(model, images, labels, batch_size):
    mode = model.training
    model.eval()
    right = 0
    with torch.no_grad():
        for x, y in zip(images.split(batch_size), labels.split(batch_size)):
            right += (model(x).argmax(dim=1) == y).sum().item()
    model.train(mode)
    return round(right / len(images), 2)
""",
        r"expected 0\.\d+, got 0\.\d\d?$",
    ),
]

TRAIN_BEST = [
    Wrong(
        "as it was found",
        """
def train_best(model, optimiser, train, validation, orders, batch_size):
    fewest, errors = len(validation[1]) + 1, []
    model.train()
    for order in orders:
        pass
        for index, truth in zip(order.split(batch_size), train[1].split(batch_size)):
            loss = nn.functional.cross_entropy(model(train[0][index]), truth)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        model.eval()
        with torch.no_grad():
            wrong = model(validation[0]).argmax(dim=1) != validation[1]
        errors.append(int(wrong.sum()))
        if errors[-1] < fewest:
            fewest, best = errors[-1], model.state_dict()
    model.load_state_dict(best)
    return errors
""",
        r"first epoch only.*were the tensors themselves copied.*their labels do not",
    ),
    Wrong(
        "dropout off from the second epoch on",
        """
def train_best(model, optimiser, train, validation, orders, batch_size):
    fewest, errors = len(validation[1]) + 1, []
    model.train()
    for order in orders:
        pass
        for index in order.split(batch_size):
            loss = nn.functional.cross_entropy(model(train[0][index]), train[1][index])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        model.eval()
        with torch.no_grad():
            wrong = model(validation[0]).argmax(dim=1) != validation[1]
        errors.append(int(wrong.sum()))
        if errors[-1] < fewest:
            fewest, best = errors[-1], copy.deepcopy(model.state_dict())
    model.load_state_dict(best)
    return errors
""",
        r"^dropout is on in the first epoch only[^;]*$",
    ),
    Wrong(
        "no copy of the best weights",
        """
def train_best(model, optimiser, train, validation, orders, batch_size):
    fewest, errors = len(validation[1]) + 1, []
    for order in orders:
        model.train()
        for index in order.split(batch_size):
            loss = nn.functional.cross_entropy(model(train[0][index]), train[1][index])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        model.eval()
        with torch.no_grad():
            wrong = model(validation[0]).argmax(dim=1) != validation[1]
        errors.append(int(wrong.sum()))
        if errors[-1] < fewest:
            fewest, best = errors[-1], model.state_dict()
    model.load_state_dict(best)
    return errors
""",
        r"^the weights at the end are the last[^;]*$",
    ),
    Wrong(
        "a copy of the dictionary, not of its tensors",
        """
def train_best(model, optimiser, train, validation, orders, batch_size):
    fewest, errors = len(validation[1]) + 1, []
    for order in orders:
        model.train()
        for index in order.split(batch_size):
            loss = nn.functional.cross_entropy(model(train[0][index]), train[1][index])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        model.eval()
        with torch.no_grad():
            wrong = model(validation[0]).argmax(dim=1) != validation[1]
        errors.append(int(wrong.sum()))
        if errors[-1] < fewest:
            fewest, best = errors[-1], model.state_dict().copy()
    model.load_state_dict(best)
    return errors
""",
        r"^the weights at the end are the last[^;]*$",
    ),
    Wrong(
        "new images, old labels",
        """
def train_best(model, optimiser, train, validation, orders, batch_size):
    fewest, errors = len(validation[1]) + 1, []
    for order in orders:
        model.train()
        for index, truth in zip(order.split(batch_size), train[1].split(batch_size)):
            loss = nn.functional.cross_entropy(model(train[0][index]), truth)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        model.eval()
        with torch.no_grad():
            wrong = model(validation[0]).argmax(dim=1) != validation[1]
        errors.append(int(wrong.sum()))
        if errors[-1] < fewest:
            fewest, best = errors[-1], copy.deepcopy(model.state_dict())
    model.load_state_dict(best)
    return errors
""",
        r"^the images come in a new order, their labels do not$",
    ),
    Wrong(
        "two of the three mended",
        """
def train_best(model, optimiser, train, validation, orders, batch_size):
    fewest, errors = len(validation[1]) + 1, []
    for order in orders:
        model.train()
        for index, truth in zip(order.split(batch_size), train[1].split(batch_size)):
            loss = nn.functional.cross_entropy(model(train[0][index]), truth)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        model.eval()
        with torch.no_grad():
            wrong = model(validation[0]).argmax(dim=1) != validation[1]
        errors.append(int(wrong.sum()))
        if errors[-1] < fewest:
            fewest, best = errors[-1], model.state_dict()
    model.load_state_dict(best)
    return errors
""",
        r"and loaded back\?; the images come in a new order",
    ),
    Wrong(
        "training mode after the loop only",
        """
def train_best(model, optimiser, train, validation, orders, batch_size):
    fewest, errors = len(validation[1]) + 1, []
    for order in orders:
        model.eval()
        for index in order.split(batch_size):
            loss = nn.functional.cross_entropy(model(train[0][index]), train[1][index])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        model.eval()
        with torch.no_grad():
            wrong = model(validation[0]).argmax(dim=1) != validation[1]
        errors.append(int(wrong.sum()))
        if errors[-1] < fewest:
            fewest, best = errors[-1], copy.deepcopy(model.state_dict())
    model.load_state_dict(best)
    model.train()
    return errors
""",
        r"^dropout is never on: call model\.train\(\)[^;]*$",
    ),
    Wrong(
        "an optimiser of its own",
        """
def train_best(model, optimiser, train, validation, orders, batch_size):
    optimiser = torch.optim.SGD(model.parameters(), lr=0.3)
    fewest, errors = len(validation[1]) + 1, []
    for order in orders:
        model.train()
        for index in order.split(batch_size):
            loss = nn.functional.cross_entropy(model(train[0][index]), train[1][index])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        model.eval()
        with torch.no_grad():
            wrong = model(validation[0]).argmax(dim=1) != validation[1]
        errors.append(int(wrong.sum()))
        if errors[-1] < fewest:
            fewest, best = errors[-1], copy.deepcopy(model.state_dict())
    model.load_state_dict(best)
    return errors
""",
        r"\(part 1: errors; part 2: the weights left\)",
    ),
    Wrong(
        "ends in training mode",
        """
def train_best(model, optimiser, train, validation, orders, batch_size):
    fewest, errors = len(validation[1]) + 1, []
    for order in orders:
        model.train()
        for index in order.split(batch_size):
            loss = nn.functional.cross_entropy(model(train[0][index]), train[1][index])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        model.eval()
        with torch.no_grad():
            wrong = model(validation[0]).argmax(dim=1) != validation[1]
        errors.append(int(wrong.sum()))
        if errors[-1] < fewest:
            fewest, best = errors[-1], copy.deepcopy(model.state_dict())
    model.load_state_dict(best)
    model.train()
    return errors
""",
        r"leave the model in evaluation mode",
    ),
    Wrong(
        "the last of equals",
        """
def train_best(model, optimiser, train, validation, orders, batch_size):
    fewest, errors = len(validation[1]) + 1, []
    for order in orders:
        model.train()
        for index in order.split(batch_size):
            loss = nn.functional.cross_entropy(model(train[0][index]), train[1][index])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        model.eval()
        with torch.no_grad():
            wrong = model(validation[0]).argmax(dim=1) != validation[1]
        errors.append(int(wrong.sum()))
        if errors[-1] <= fewest:
            fewest, best = errors[-1], copy.deepcopy(model.state_dict())
    model.load_state_dict(best)
    return errors
""",
        r"of equal epochs the first counts",
    ),
    Wrong(
        "shares in place of errors",
        """
def train_best(model, optimiser, train, validation, orders, batch_size):
    fewest, errors = len(validation[1]) + 1, []
    for order in orders:
        model.train()
        for index in order.split(batch_size):
            loss = nn.functional.cross_entropy(model(train[0][index]), train[1][index])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        model.eval()
        with torch.no_grad():
            wrong = model(validation[0]).argmax(dim=1) != validation[1]
        errors.append(float(wrong.float().mean()))
        if errors[-1] < fewest:
            fewest, best = errors[-1], copy.deepcopy(model.state_dict())
    model.load_state_dict(best)
    return errors
""",
        r"\(part 1: errors; part 2: the weights left\): part 1",
    ),
    Wrong(
        "shuffles the orders",
        """
def train_best(model, optimiser, train, validation, orders, batch_size):
    orders.reverse()
    fewest, errors = len(validation[1]) + 1, []
    for order in orders:
        model.train()
        for index in order.split(batch_size):
            loss = nn.functional.cross_entropy(model(train[0][index]), train[1][index])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        model.eval()
        with torch.no_grad():
            wrong = model(validation[0]).argmax(dim=1) != validation[1]
        errors.append(int(wrong.sum()))
        if errors[-1] < fewest:
            fewest, best = errors[-1], copy.deepcopy(model.state_dict())
    model.load_state_dict(best)
    return errors
""",
        r"you changed `orders`, which was handed in",
    ),
    Wrong(
        "breaks off when it gets worse",
        """
def train_best(model, optimiser, train, validation, orders, batch_size):
    fewest, errors = len(validation[1]) + 1, []
    for order in orders:
        model.train()
        for index in order.split(batch_size):
            loss = nn.functional.cross_entropy(model(train[0][index]), train[1][index])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        model.eval()
        with torch.no_grad():
            wrong = model(validation[0]).argmax(dim=1) != validation[1]
        errors.append(int(wrong.sum()))
        if errors[-1] > fewest:
            break
        if errors[-1] < fewest:
            fewest, best = errors[-1], copy.deepcopy(model.state_dict())
    model.load_state_dict(best)
    return errors
""",
        r"for 6 orders return 6 errors, not \(\d,\): run all epochs to the end",
    ),
    Wrong(
        "keeps the best weights, and never loads them",
        """
def train_best(model, optimiser, train, validation, orders, batch_size):
    fewest, errors = len(validation[1]) + 1, []
    for order in orders:
        model.train()
        for index in order.split(batch_size):
            loss = nn.functional.cross_entropy(model(train[0][index]), train[1][index])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        model.eval()
        with torch.no_grad():
            wrong = model(validation[0]).argmax(dim=1) != validation[1]
        errors.append(int(wrong.sum()))
        if errors[-1] < fewest:
            fewest, best = errors[-1], copy.deepcopy(model.state_dict())
    return errors
""",
        r"were the tensors themselves copied, and loaded back\?$",
    ),
]

WRONG = {
    "ex1": FORWARD,
    "ex2": CROSS_ENTROPY,
    "ex3": LAYER_BACKWARD,
    "ex4": SHARE_RIGHT,
    "ex5": TRAIN_BEST,
}

RIGHT = {
    "ex1": [
        Right(
            "with an index and an if",
            """
def forward(x, layers):
    z = np.asarray(x, dtype=np.float64)
    for k, (W, b) in enumerate(layers):
        if k > 0:
            z = np.where(z > 0, z, 0)
        z = np.dot(z, W) + b
    return z
""",
        ),
        Right(
            "recursive",
            """
def forward(x, layers):
    (W, b), *rest = layers
    z = x @ W + b
    return forward(np.clip(z, 0, None), rest) if rest else z
""",
        ),
        Right(
            "in float32",
            """
def forward(x, layers):
    x = x.astype(np.float32)
    for k, (W, b) in enumerate(layers, start=1):
        x = x @ W.astype(np.float32) + b.astype(np.float32)
        x = np.maximum(x, 0) if k < len(layers) else x
    return x
""",
        ),
    ],
    "ex2": [
        Right(
            "one-hot and a sum",
            """
def cross_entropy(scores, labels):
    shifted = scores - scores.max(axis=1)[:, None]
    log_p = shifted - np.log(np.exp(shifted).sum(axis=1))[:, None]
    return -(np.eye(scores.shape[1])[labels] * log_p).sum() / len(labels)
""",
        ),
        Right(
            "one image at a time",
            """
def cross_entropy(scores, labels):
    total = 0.0
    for z, label in zip(scores, labels):
        top = max(z)
        total += top + np.log(sum(np.exp(v - top) for v in z)) - z[label]
    return total / len(labels)
""",
        ),
    ],
    "ex3": [
        Right(
            "a list of three",
            """
def layer_backward(x, W, b, grad_a, slope):
    z = x @ W + b
    delta = grad_a * ((z > 0) + slope * (z <= 0))
    return [delta @ W.T, x.T @ delta, delta.sum(axis=0)]
""",
        ),
        Right(
            "where and einsum",
            """
def layer_backward(x, W, b, grad_a, slope):
    delta = np.where(np.dot(x, W) + b > 0, grad_a, slope * grad_a)
    return np.einsum('nh,dh->nd', delta, W), np.einsum('nd,nh->dh', x, delta), np.sum(delta, 0)
""",
        ),
    ],
    "ex4": [
        Right(
            "a copy in evaluation mode",
            """
import copy

def share_right(model, images, labels, batch_size):
    reader = copy.deepcopy(model).eval()
    hits = []
    with torch.no_grad():
        for start in range(0, len(images), batch_size):
            part = slice(start, start + batch_size)
            hits.append(reader(images[part]).argmax(dim=1) == labels[part])
    return torch.cat(hits).float().mean()
""",
        ),
        Right(
            "every part put back, in inference mode",
            """
@torch.inference_mode()
def share_right(model, images, labels, batch_size):
    modes = [(part, part.training) for part in model.modules()]
    model.eval()
    right = 0
    for x, y in zip(images.split(batch_size), labels.split(batch_size)):
        right += int((model(x).max(dim=1).indices == y).sum())
    for part, mode in modes:
        part.training = mode
    return right / len(labels)
""",
        ),
    ],
    "ex5": [
        Right(
            "clones",
            """
def train_best(model, optimiser, train, validation, orders, batch_size):
    fewest, errors = len(validation[1]) + 1, []
    for order in orders:
        model.train()
        for index in order.split(batch_size):
            loss = nn.functional.cross_entropy(model(train[0][index]), train[1][index])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        model.eval()
        with torch.no_grad():
            wrong = model(validation[0]).argmax(dim=1) != validation[1]
        errors.append(int(wrong.sum()))
        if errors[-1] < fewest:
            fewest, best = errors[-1], {k: v.clone() for k, v in model.state_dict().items()}
    model.load_state_dict(best)
    return errors
""",
        ),
        Right(
            "whole models kept, the first of the fewest taken",
            """
import copy

def train_best(model, optimiser, train, validation, orders, batch_size):
    (x, y), (x_val, y_val) = train, validation
    kept, errors = [], []
    for order in orders:
        model.train()
        for part in order.split(batch_size):
            optimiser.zero_grad()
            nn.CrossEntropyLoss()(model(x[part]), y[part]).backward()
            optimiser.step()
        kept.append(copy.deepcopy(model).eval())
        with torch.no_grad():
            errors.append((kept[-1](x_val).argmax(1) != y_val).sum().item())
    model.load_state_dict(kept[errors.index(min(errors))].state_dict())
    model.eval()
    return errors
""",
        ),
    ],
}
