"""A linear-chain conditional random field in PyTorch, trained with the network below it."""

import torch
from torch import Tensor, nn

from course_utils.data import ALPHABET, Letters
from course_utils.models import as_input
from course_utils.training import Augment, Fit, History, Recipe, logits, one_cycle, set_seed

CRF_RECIPE = Recipe(epochs=2, batch_size=32, max_lr=2e-3, weight_decay=1e-2)  # batches of words


class ChainCRF(nn.Module):
    """Scores for a sign, for a step from one to the next, and for the first and the last one.

    A path's score is the sum of its signs' scores (the network's), of its steps' (``transitions``,
    from a row's sign to a column's), of its first sign's ``start`` and of its last one's ``end``.
    Its probability is exp(score) divided by the sum over all paths of that length, so that the
    network and the steps are taught together which path is right. Starts with all steps alike.
    Words of a batch are padded to one length; ``mask`` (words, letters) is True where a letter is.
    Raises ValueError for fewer than one sign.
    Source: J. Lafferty, A. McCallum, F. Pereira, Conditional random fields (2001); with a network
    below, T. Do, T. Artières, Neural conditional random fields (2010).
    """

    def __init__(self, n_signs: int) -> None:
        super().__init__()
        if n_signs < 1:
            raise ValueError(f"expected 1 sign or more, got n_signs={n_signs}")
        self.transitions = nn.Parameter(torch.zeros(n_signs, n_signs))
        self.start = nn.Parameter(torch.zeros(n_signs))
        self.end = nn.Parameter(torch.zeros(n_signs))

    def forward(self, scores: Tensor, labels: Tensor, mask: Tensor) -> Tensor:
        """The logarithm of the probability of each word's labels (words,), to be made large.

        ``scores``: float (words, letters, signs). ``labels``: int64 (words, letters), anything
        where the mask is False. Raises ValueError as ``path_score`` does.
        """
        return self.path_score(scores, labels, mask) - self.log_partition(scores, mask)

    def path_score(self, scores: Tensor, labels: Tensor, mask: Tensor) -> Tensor:
        """The score of each word's labels (words,).

        Raises ValueError for shapes that do not fit, for words without a letter, and for a mask
        with a letter behind a gap.
        """
        self._check(scores, mask)
        if labels.shape != mask.shape or labels.dtype != torch.int64:
            raise ValueError(
                f"labels must be int64 of the mask's shape {tuple(mask.shape)}, got {labels.dtype} "
                f"of shape {tuple(labels.shape)}"
            )
        labels = labels.where(mask, 0)
        signs = scores.gather(2, labels.unsqueeze(2)).squeeze(2)
        steps = self.transitions[labels[:, :-1], labels[:, 1:]]
        last = labels.gather(1, mask.sum(1, keepdim=True) - 1).squeeze(1)
        inside = signs.where(mask, 0).sum(1) + steps.where(mask[:, 1:], 0).sum(1)
        return inside + self.start[labels[:, 0]] + self.end[last]

    def log_partition(self, scores: Tensor, mask: Tensor) -> Tensor:
        """The logarithm of the sum of exp(score) over all paths of each word (words,).

        The forward algorithm; where a shorter word has ended, nothing is added any more.
        Raises ValueError as ``path_score`` does.
        """
        self._check(scores, mask)
        forward = self.start + scores[:, 0]
        for k in range(1, scores.shape[1]):
            longer = (forward.unsqueeze(2) + self.transitions).logsumexp(1) + scores[:, k]
            forward = longer.where(mask[:, k : k + 1], forward)
        return (forward + self.end).logsumexp(1)

    @torch.no_grad()
    def decode(self, scores: Tensor, mask: Tensor) -> Tensor:
        """The best path of each word, int64 (words, letters); -1 where the mask is False.

        Viterbi's algorithm. Raises ValueError as ``path_score`` does.
        """
        self._check(scores, mask)
        best, came_from = self.start + scores[:, 0], []
        stay = torch.arange(scores.shape[2], device=scores.device).expand_as(best)
        for k in range(1, scores.shape[1]):
            longer, source = (best.unsqueeze(2) + self.transitions).max(1)
            here = mask[:, k : k + 1]
            best = (longer + scores[:, k]).where(here, best)
            came_from.append(source.where(here, stay))
        path = [(best + self.end).argmax(1)]
        for source in reversed(came_from):
            path.append(source.gather(1, path[-1].unsqueeze(1)).squeeze(1))
        return torch.stack(path[::-1], 1).where(mask, -1)

    def _check(self, scores: Tensor, mask: Tensor) -> None:
        n_signs = len(self.start)
        if scores.ndim != 3 or scores.shape[2] != n_signs or not scores.is_floating_point():
            raise ValueError(
                f"scores must be float (words, letters, {n_signs}), got {scores.dtype} of shape "
                f"{tuple(scores.shape)}"
            )
        if mask.shape != scores.shape[:2] or mask.dtype != torch.bool:
            raise ValueError(
                f"mask must be truth values of shape {tuple(scores.shape[:2])}, got {mask.dtype} "
                f"of shape {tuple(mask.shape)}"
            )
        if mask.numel() == 0 or not mask[:, 0].all() or (mask[:, 1:] & ~mask[:, :-1]).any():
            raise ValueError(
                "mask must be True for the letters of each word, one or more, and False behind "
                "them, got one with a gap or without a letter"
            )


def padded(values: Tensor, lengths: list[int]) -> tuple[Tensor, Tensor]:
    """Rows that follow one another, word by word, as a batch of words, and its mask.

    ``values``: (all letters, …), scores or labels. ``lengths``: of the words, adding up to all
    letters. Returns (words, longest, …), 0 behind a word, and bool (words, longest).
    Raises ValueError when the lengths do not add up, or one is below 1.
    """
    if not lengths or min(lengths) < 1 or sum(lengths) != len(values):
        raise ValueError(
            f"expected lengths of 1 or more that add up to {len(values):,} letters, got "
            f"{len(lengths):,} lengths of {sum(lengths):,} together"
        )
    batch = nn.utils.rnn.pad_sequence(list(values.split(lengths)), batch_first=True)
    places = torch.arange(batch.shape[1], device=values.device)
    return batch, places < torch.tensor(lengths, device=values.device).unsqueeze(1)


class LetterReader(nn.Module):
    """A network for letters and a chain CRF over its scores, trained as one."""

    def __init__(self, network: nn.Module, crf: ChainCRF) -> None:
        super().__init__()
        self.network, self.crf = network, crf

    def forward(self, images: Tensor) -> Tensor:
        """Letters (n, 1, 16, 8), 0 … 1, to the network's scores (n, signs)."""
        return self.network(images)


def teach_words(
    network: nn.Module, train: Letters, recipe: Recipe = CRF_RECIPE, augment: Augment | None = None
) -> Fit:
    """Teach a network that reads letters, and a new CRF above it, together by whole words.

    ``recipe``: epochs, words in a batch, highest rate, weight decay and seed; AdamW, its rate in
    one cycle. ``augment``: changes letters (n, 1, 16, 8), each by itself. The network is changed in
    place; the outcome's model is a ``LetterReader`` in evaluation mode.
    Raises ValueError when there is no word to learn from.
    """
    if len(train) == 0:
        raise ValueError("expected at least one word to learn from, got none")
    set_seed(recipe.seed)
    reader = LetterReader(network, ChainCRF(len(ALPHABET)))
    generator = torch.Generator().manual_seed(recipe.seed)
    optimiser = torch.optim.AdamW(reader.parameters(), weight_decay=recipe.weight_decay)
    images, labels = (values.split(train.word_lengths()) for values in (train.images, train.labels))
    steps, step = recipe.epochs * -(-len(images) // recipe.batch_size), 0
    history = History()
    reader.train()
    for _ in range(recipe.epochs):
        total = 0.0
        for chosen in torch.randperm(len(images), generator=generator).split(recipe.batch_size):
            ink = as_input(torch.cat([images[k] for k in chosen]))
            ink = ink if augment is None else augment(ink, generator)
            lengths = [len(labels[k]) for k in chosen]
            scores, mask = padded(reader(ink), lengths)
            truth, _ = padded(torch.cat([labels[k] for k in chosen]), lengths)
            loss = -reader.crf(scores, truth, mask).sum() / sum(lengths)
            for group in optimiser.param_groups:
                group["lr"] = one_cycle(step, steps, recipe.max_lr)[0]
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            step, total = step + 1, total + loss.item() * sum(lengths)
        history.train_loss.append(total / len(train))
    reader.eval()
    return Fit(reader, recipe, history, recipe.epochs)


@torch.no_grad()
def read_with_crf(reader: LetterReader, letters: Letters) -> Tensor:
    """The label (n,) of every letter on the best path of its word."""
    scores = logits(reader, letters.images)
    batch, mask = padded(scores, letters.word_lengths())
    return reader.crf.decode(batch, mask)[mask]
