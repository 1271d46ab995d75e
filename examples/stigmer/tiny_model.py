"""A language model of random numbers, so that a chat runs for real where no model can be downloaded.

    python3 tiny_model.py FILE            write it as GGUF
    python3 tiny_model.py --create NAME   write it and create it as NAME in the Ollama server at OLLAMA_HOST (default 127.0.0.1:11434)

The file format: ggml-org/ggml docs/gguf.md, version 3. The model: architecture "llama" with one layer; the names of its keys and tensors are
those of llama.cpp. It answers with words of a list, in an order that means nothing.
"""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import random
import struct
import sys
from pathlib import Path

WORDS = "the a this that container host network address port answer model agent runs works listens dials waits reaches and or with from to in".split()
WIDTH, HEADS, LAYERS, INNER, CONTEXT = 64, 2, 1, 128, 512
UINT32, FLOAT32, STRING, ARRAY, INT32 = 4, 6, 8, 9, 5
ALIGNMENT = 32


def text(value: str) -> bytes:
    data = value.encode()
    return struct.pack("<Q", len(data)) + data


def value(kind: int, content: object) -> bytes:
    if kind == STRING:
        return text(str(content))
    return struct.pack({UINT32: "<I", FLOAT32: "<f", INT32: "<i"}[kind], content)


def pair(key: str, kind: int, content: object) -> bytes:
    return text(key) + struct.pack("<I", kind) + value(kind, content)


def array(key: str, kind: int, items: list[object]) -> bytes:
    head = struct.pack("<IIQ", ARRAY, kind, len(items))
    return text(key) + head + b"".join(value(kind, item) for item in items)


def vocabulary() -> list[tuple[str, float, int]]:
    """Piece, score and type (1 normal, 2 unknown, 3 control, 6 byte) of every token; a space is written as U+2581."""
    tokens = [("<unk>", 0.0, 2), ("<s>", 0.0, 3), ("</s>", 0.0, 3), *((f"<0x{byte:02X}>", 0.0, 6) for byte in range(256))]
    return [*tokens, *((f"\u2581{word}", -float(index), 1) for index, word in enumerate(WORDS))]


def model(seed: int = 7) -> bytes:
    """The whole file."""
    dice = random.Random(seed)
    tokens = vocabulary()
    first_word = len(tokens) - len(WORDS)
    keys = [
        pair("general.architecture", STRING, "llama"), pair("general.name", STRING, "tiny"), pair("general.file_type", UINT32, 0),
        pair("llama.context_length", UINT32, CONTEXT), pair("llama.embedding_length", UINT32, WIDTH), pair("llama.block_count", UINT32, LAYERS),
        pair("llama.feed_forward_length", UINT32, INNER), pair("llama.attention.head_count", UINT32, HEADS),
        pair("llama.attention.head_count_kv", UINT32, HEADS), pair("llama.attention.layer_norm_rms_epsilon", FLOAT32, 1e-5),
        pair("llama.rope.dimension_count", UINT32, WIDTH // HEADS), pair("llama.vocab_size", UINT32, len(tokens)),
        pair("tokenizer.ggml.model", STRING, "llama"),
        array("tokenizer.ggml.tokens", STRING, [token for token, _, _ in tokens]),
        array("tokenizer.ggml.scores", FLOAT32, [score for _, score, _ in tokens]),
        array("tokenizer.ggml.token_type", INT32, [kind for _, _, kind in tokens]),
        pair("tokenizer.ggml.bos_token_id", UINT32, 1), pair("tokenizer.ggml.eos_token_id", UINT32, 2), pair("tokenizer.ggml.unknown_token_id", UINT32, 0),
    ]

    def noise(count: int, scale: float = 0.3) -> list[float]:
        return [dice.gauss(0.0, scale) for _ in range(count)]

    # Only words get a chance to be said: the rows of all other tokens are nought.
    said = [0.0] * (WIDTH * first_word) + noise(WIDTH * len(WORDS), 1.0)
    tensors: list[tuple[str, tuple[int, ...], list[float]]] = [
        ("token_embd.weight", (WIDTH, len(tokens)), noise(WIDTH * len(tokens))), ("output_norm.weight", (WIDTH,), [1.0] * WIDTH), ("output.weight", (WIDTH, len(tokens)), said),
    ]
    for layer in range(LAYERS):
        square = ("attn_q", "attn_k", "attn_v", "attn_output")
        tensors += [(f"blk.{layer}.{name}.weight", (WIDTH, WIDTH), noise(WIDTH * WIDTH)) for name in square]
        tensors += [(f"blk.{layer}.{name}.weight", (WIDTH,), [1.0] * WIDTH) for name in ("attn_norm", "ffn_norm")]
        tensors += [(f"blk.{layer}.{name}.weight", (WIDTH, INNER), noise(WIDTH * INNER)) for name in ("ffn_gate", "ffn_up")]
        tensors += [(f"blk.{layer}.ffn_down.weight", (INNER, WIDTH), noise(WIDTH * INNER))]
    infos, data = [], b""
    for name, shape, numbers in tensors:
        # Type 0 is 32-bit floating point; the offset counts from the beginning of the data.
        infos.append(text(name) + struct.pack("<I", len(shape)) + struct.pack(f"<{len(shape)}Q", *shape) + struct.pack("<IQ", 0, len(data)))
        raw = struct.pack(f"<{len(numbers)}f", *numbers)
        data += raw + b"\0" * (-len(raw) % ALIGNMENT)
    head = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(keys)) + b"".join(keys) + b"".join(infos)
    return head + b"\0" * (-len(head) % ALIGNMENT) + data


def create(name: str, data: bytes) -> None:
    """Create the model in a running Ollama (docs/api.md: push a blob, create a model from a GGUF file). Raises OSError where it refuses."""
    host = os.environ.get("OLLAMA_HOST", "127.0.0.1:11434").rpartition("//")[2].replace("0.0.0.0", "127.0.0.1")
    digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
    question = {
        "model": name, "files": {"tiny.gguf": digest}, "template": "{{ .Prompt }}", "parameters": {"num_predict": 12, "num_ctx": CONTEXT, "temperature": 0}, "stream": False,
    }
    for path, body in ((f"/api/blobs/{digest}", data), ("/api/create", json.dumps(question).encode())):
        connection = http.client.HTTPConnection(host, timeout=60)
        connection.request("POST", path, body)
        answer = connection.getresponse()
        said = answer.read().decode("utf-8", "replace")
        if answer.status not in (200, 201):
            raise OSError(f"POST {path}: {answer.status} {said}")
        connection.close()


def main(arguments: list[str]) -> int:
    if len(arguments) == 2 and arguments[0] == "--create":
        create(arguments[1], model())
        return 0
    if len(arguments) == 1:
        Path(arguments[0]).write_bytes(model())
        return 0
    sys.stderr.write(f"{__doc__}\n")
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
