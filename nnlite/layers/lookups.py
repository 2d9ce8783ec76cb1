"""Vocabularies: of whole numbers, inside models, and of texts, for data."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from nnlite.eager import as_tensor
from nnlite.layers.adapting import batches_of
from nnlite.layers.base import Layer
from nnlite.layers.preparing import Encoding
from nnlite.types import Array, Shape
from nnlite.validation import check_argument, choice

_MODES = ("int", "one_hot", "multi_hot", "count")


class IntegerLookup(Encoding):
    """Replace whole numbers by their places in a vocabulary, as codes of categories that have gaps.

    Parameters
    ----------
    max_tokens : int, optional
        Largest size of the vocabulary that `adapt` makes, the place of unknown numbers included.
    num_oov_indices : {0, 1}, default 1
        Places of unknown numbers, before those of the vocabulary.
    mask_token : None
        Accepted for compatibility with Keras; only None is supported.
    oov_token : int, default -1
        What stands for unknown numbers in the vocabulary.
    vocabulary : sequence of int, optional
        The numbers; or `adapt` collects them, the most frequent first.
    output_mode : {"int", "one_hot", "multi_hot", "count"}, default "int"
        Places, or vectors as of `CategoryEncoding`.
    **settings
        See `Layer`.

    Examples
    --------
    >>> import numpy as np
    >>> from nnlite.layers import IntegerLookup
    >>> IntegerLookup(vocabulary=[10, 30])(np.array([[30.0], [7.0]])).tolist()
    [[2.0], [0.0]]
    """

    supports_masking = False

    def __init__(
        self,
        max_tokens: int | None = None,
        num_oov_indices: int = 1,
        mask_token: None = None,
        oov_token: int = -1,
        vocabulary: Sequence[int] | None = None,
        output_mode: str = "int",
        **settings: Any,
    ) -> None:
        super().__init__(**settings)
        check_argument(self, "num_oov_indices", num_oov_indices, choice(0, 1))
        check_argument(self, "mask_token", mask_token, choice(None))
        check_argument(self, "output_mode", output_mode, choice(*_MODES))
        self.max_tokens, self.num_oov_indices, self.oov_token = max_tokens, num_oov_indices, oov_token
        self.output_mode = output_mode
        self.vocabulary = None if vocabulary is None else [int(number) for number in vocabulary]

    def adapt(self, data: Any, batch_size: int | None = None, steps: int | None = None) -> None:  # noqa: ARG002
        """Set the vocabulary to the numbers of data, the most frequent first, equally frequent ones from the largest.

        Data and `steps` are those of `Normalization.adapt`.
        """
        given = np.concatenate([np.asarray(batch).astype(np.int64).ravel() for batch in batches_of(data, steps)])
        numbers, counts = np.unique(given, return_counts=True)
        most = None if self.max_tokens is None else self.max_tokens - self.num_oov_indices
        self.vocabulary = numbers[np.lexsort((numbers, counts))[::-1]][:most].tolist()

    def get_vocabulary(self, include_special_tokens: bool = True) -> list[int]:
        """Return the number of each place, `oov_token` for the unknown ones first, unless it is not wanted."""
        special = [self.oov_token] * self.num_oov_indices if include_special_tokens else []
        return special + (self.vocabulary or [])

    def vocabulary_size(self) -> int:
        """Return how many places there are."""
        return len(self.get_vocabulary())

    def build(self, input_shape: Shape) -> Shape:
        """Return the shape of the output."""
        if self.vocabulary is None:
            raise ValueError(f"layer {self.name!r} (IntegerLookup) has no vocabulary yet; call adapt(data) first")
        if self.output_mode == "int":
            return input_shape
        if self.output_mode == "one_hot" and input_shape[-1:] != (1,):
            return (*input_shape, self.vocabulary_size())
        return (*(input_shape[:-1] if len(input_shape) > 1 else input_shape), self.vocabulary_size())

    def forward(self, x: Array, training: bool = False) -> tuple[Array, Any]:  # noqa: ARG002
        """Find the places."""
        known = np.asarray(self.vocabulary, np.int64)
        order = np.argsort(known)
        given = x.astype(np.int64)
        at = order[np.minimum(np.searchsorted(known, given, sorter=order), len(known) - 1)]
        found = known[at] == given
        if not self.num_oov_indices and not found.all():
            raise ValueError(
                f"layer {self.name!r}: {given[~found][0]} is not in the vocabulary, and num_oov_indices is 0"
            )
        places = np.where(found, at + self.num_oov_indices, 0)
        return self._encoded(places, self.vocabulary_size(), self.output_mode, x.dtype), None

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        own = ("max_tokens", "num_oov_indices", "oov_token", "vocabulary", "output_mode")
        return {**super().get_config(), **{name: getattr(self, name) for name in own}}


class TextVectorization(Layer):
    """Replace texts by the numbers of their words. It is applied to lists of texts, not to symbolic tensors.

    Parameters
    ----------
    max_tokens : int, optional
        Largest size of the vocabulary that `adapt` makes, padding and unknown words included.
    standardize : {"lower_and_strip_punctuation", "lower", "strip_punctuation"}, callable or None
        What is done to the text first.
    split : {"whitespace", "character"}, default "whitespace"
        Where words end.
    output_mode : {"int", "multi_hot", "count"}, default "int"
        Numbers of the words in their order, 0 for padding and 1 for unknown words; or which words occur, or how often.
    output_sequence_length : int, optional
        Number of words that is kept or padded to; by default that of the longest text.
    vocabulary : sequence of str, optional
        The words; or `adapt` collects them, the most frequent first.
    **settings
        See `Layer`.

    Examples
    --------
    >>> from nnlite.layers import TextVectorization
    >>> layer = TextVectorization(output_sequence_length=3, vocabulary=["cat", "dog"])
    >>> layer(["A cat!", "Dog"]).tolist()
    [[1, 2, 0], [3, 0, 0]]
    """

    def __init__(
        self,
        max_tokens: int | None = None,
        standardize: Any = "lower_and_strip_punctuation",
        split: str = "whitespace",
        output_mode: str = "int",
        output_sequence_length: int | None = None,
        vocabulary: Sequence[str] | None = None,
        **settings: Any,
    ) -> None:
        super().__init__(**settings)
        check_argument(self, "split", split, choice("whitespace", "character"))
        check_argument(self, "output_mode", output_mode, choice("int", "multi_hot", "count"))
        self.max_tokens, self.standardize, self.split, self.output_mode = max_tokens, standardize, split, output_mode
        self.output_sequence_length = output_sequence_length
        self.vocabulary = None if vocabulary is None else [str(word) for word in vocabulary]

    @property
    def _special(self) -> list[str]:
        return ["", "[UNK]"] if self.output_mode == "int" else ["[UNK]"]

    def _words(self, text: Any) -> list[str]:
        text = self.standardize(text) if callable(self.standardize) else str(text)
        if self.standardize in ("lower", "lower_and_strip_punctuation"):
            text = text.lower()
        if self.standardize in ("strip_punctuation", "lower_and_strip_punctuation"):
            text = re.sub(r"""[!"#$%&()\*\+,-\./:;<=>?@\[\\\]^_`{|}~']""", "", text)
        return list(text) if self.split == "character" else str(text).split()

    def adapt(self, data: Any, batch_size: int | None = None, steps: int | None = None) -> None:  # noqa: ARG002
        """Set the vocabulary to the words of texts, the most frequent first, equally frequent ones from z to a."""
        texts = (
            [data] if isinstance(data, str) else [text for batch in batches_of(data, steps) for text in _flat(batch)]
        )
        counts = Counter(word for text in texts for word in self._words(text))
        ordered = sorted(sorted(counts, reverse=True), key=lambda word: -counts[word])
        self.vocabulary = ordered[: None if self.max_tokens is None else self.max_tokens - len(self._special)]

    def get_vocabulary(self, include_special_tokens: bool = True) -> list[str]:
        """Return the word of each number."""
        return (self._special if include_special_tokens else []) + (self.vocabulary or [])

    def vocabulary_size(self) -> int:
        """Return how many numbers there are."""
        return len(self.get_vocabulary())

    def set_vocabulary(self, vocabulary: Sequence[str]) -> None:
        """Set the words, without those for padding and unknown words."""
        self.vocabulary = [str(word) for word in vocabulary if word not in self._special]

    def __call__(self, inputs: Any, training: Any = None, *, mask: Any = None) -> Any:  # type: ignore[override]  # noqa: ARG002
        """Return the numbers of the words of a text or of several."""
        if self.vocabulary is None:
            raise ValueError(f"layer {self.name!r} (TextVectorization) has no vocabulary yet; call adapt(data) first")
        if hasattr(inputs, "node"):
            raise TypeError(
                f"layer {self.name!r} (TextVectorization) takes texts, which are no input of a model; apply it to the "
                "data before fit"
            )
        numbers = {word: number for number, word in enumerate(self.get_vocabulary())}
        unknown = numbers["[UNK]"]
        alone = isinstance(inputs, str) or np.ndim(inputs) == 0
        rows = [[numbers.get(word, unknown) for word in self._words(text)] for text in _flat(inputs)]
        if self.output_mode == "int":
            length = self.output_sequence_length or max((len(row) for row in rows), default=0)
            result = np.zeros((len(rows), length), np.int64)
            for row, own in zip(result, rows, strict=True):
                row[: len(own)] = own[:length]
        else:
            result = np.array([np.bincount(row, minlength=len(numbers)) for row in rows]).astype(self.dtype)
            result = np.minimum(result, 1) if self.output_mode == "multi_hot" else result
        return as_tensor(result[0] if alone else result)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        own = ("max_tokens", "standardize", "split", "output_mode", "output_sequence_length", "vocabulary")
        return {**super().get_config(), **{name: getattr(self, name) for name in own}}


def _flat(texts: Any) -> list[Any]:
    """Return texts of any nesting as a list."""
    return [texts] if isinstance(texts, str) else np.asarray(texts).ravel().tolist()
