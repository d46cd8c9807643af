"""The shipped ViT's shape as ONNX with random weights: what onnxruntime-web is given.

python make_vit.py OUT.onnx

224 px, patch 16, width 384, 8 blocks of 6 heads, last block with norm, no class token; f32, as our encoder computes.
"""

import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

SIDE, PATCH, WIDTH, DEPTH, HEADS = 224, 16, 384, 8, 6
GRID = SIDE // PATCH
TOKENS = GRID * GRID
HEAD = WIDTH // HEADS


class Graph:
    """Nodes and weights being put together."""

    def __init__(self) -> None:
        self.nodes, self.weights, self.random = [], [], np.random.default_rng(1)

    def weight(self, name: str, values: np.ndarray) -> str:
        self.weights.append(numpy_helper.from_array(values, name))
        return name

    def floats(self, name: str, shape: tuple[int, ...], scale: float, offset: float = 0.0) -> str:
        return self.weight(name, (self.random.standard_normal(shape) * scale + offset).astype(np.float32))

    def ints(self, name: str, values: list[int]) -> str:
        return self.weight(name, np.array(values, np.int64))

    def node(self, kind: str, inputs: list[str], name: str, **attributes: object) -> str:
        self.nodes.append(helper.make_node(kind, inputs, [name], name, **attributes))
        return name

    def linear(self, key: str, x: str, rows: int, cols: int) -> str:
        y = self.node("MatMul", [x, self.floats(f"{key}.w", (cols, rows), cols**-0.5)], f"{key}.mm")
        return self.node("Add", [y, self.floats(f"{key}.b", (rows,), 0.02)], f"{key}.out")

    def norm(self, key: str, x: str) -> str:
        scale, bias = self.floats(f"{key}.w", (WIDTH,), 0.05, 1.0), self.floats(f"{key}.b", (WIDTH,), 0.02)
        return self.node("LayerNormalization", [x, scale, bias], f"{key}.out", epsilon=1e-6, axis=-1)

    def gelu(self, key: str, x: str) -> str:
        return self.node("Gelu", [x], f"{key}.gelu")

    def attention(self, key: str, x: str) -> str:
        qkv = self.linear(f"{key}.qkv", x, 3 * WIDTH, WIDTH)
        qkv = self.node("Reshape", [qkv, self.ints(f"{key}.s1", [1, TOKENS, 3, HEADS, HEAD])], f"{key}.split")
        qkv = self.node("Transpose", [qkv], f"{key}.heads", perm=[2, 0, 3, 1, 4])
        parts = [
            self.node("Gather", [qkv, self.weight(f"{key}.i{i}", np.array(i, np.int64))], f"{key}.{i}", axis=0)
            for i in range(3)
        ]
        keys = self.node("Transpose", [parts[1]], f"{key}.kt", perm=[0, 1, 3, 2])
        scores = self.node("MatMul", [parts[0], keys], f"{key}.qk")
        scale = self.weight(f"{key}.scale", np.array(HEAD**-0.5, np.float32))
        scores = self.node("Mul", [scores, scale], f"{key}.scaled")
        mixed = self.node("MatMul", [self.node("Softmax", [scores], f"{key}.soft", axis=-1), parts[2]], f"{key}.av")
        mixed = self.node("Transpose", [mixed], f"{key}.back", perm=[0, 2, 1, 3])
        mixed = self.node("Reshape", [mixed, self.ints(f"{key}.s2", [1, TOKENS, WIDTH])], f"{key}.join")
        return self.linear(f"{key}.proj", mixed, WIDTH, WIDTH)

    def block(self, key: str, x: str) -> str:
        x = self.node("Add", [x, self.attention(f"{key}.attn", self.norm(f"{key}.norm1", x))], f"{key}.mid")
        hidden = self.gelu(key, self.linear(f"{key}.fc1", self.norm(f"{key}.norm2", x), 4 * WIDTH, WIDTH))
        return self.node("Add", [x, self.linear(f"{key}.fc2", hidden, WIDTH, 4 * WIDTH)], f"{key}.end")


def model() -> onnx.ModelProto:
    graph = Graph()
    fan_in = 3 * PATCH * PATCH
    kernel = graph.floats("patch.w", (WIDTH, 3, PATCH, PATCH), fan_in**-0.5)
    x = graph.node("Conv", ["picture", kernel], "patch", kernel_shape=[PATCH, PATCH], strides=[PATCH, PATCH])
    x = graph.node("Reshape", [x, graph.ints("patch.s", [1, WIDTH, TOKENS])], "patch.flat")
    x = graph.node("Transpose", [x], "patch.tokens", perm=[0, 2, 1])
    x = graph.node("Add", [x, graph.floats("positions", (1, TOKENS, WIDTH), 0.02)], "tokens")
    for i in range(DEPTH):
        x = graph.block(f"blocks.{i}", x)
    graph.node("Identity", [graph.norm("norm", x)], "features")
    return helper.make_model(
        helper.make_graph(
            graph.nodes,
            "vit",
            [helper.make_tensor_value_info("picture", TensorProto.FLOAT, [1, 3, SIDE, SIDE])],
            [helper.make_tensor_value_info("features", TensorProto.FLOAT, [1, TOKENS, WIDTH])],
            graph.weights,
        ),
        opset_imports=[helper.make_opsetid("", 20)],
        ir_version=9,
    )


if __name__ == "__main__":
    made = model()
    onnx.checker.check_model(made, full_check=True)
    onnx.save(made, sys.argv[1])
