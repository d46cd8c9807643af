"""Runs a small convolutional ONNX graph (YOLOX-nano) in PyTorch, on any device and in any float dtype."""

from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F


class OnnxGraph(torch.nn.Module):
    """The graph's nodes in their order; one input, one output. Operations it does not know are named in an error."""

    def __init__(self, path: Path, device="cpu", dtype=torch.float32):
        super().__init__()
        import onnx
        from onnx import numpy_helper

        graph = onnx.load(str(path)).graph
        self.place = device, dtype
        self.constants: dict[str, torch.Tensor] = {}
        for tensor in graph.initializer:
            self._put(tensor.name, numpy_helper.to_array(tensor))
        self.nodes = []
        for node in graph.node:
            attributes = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
            if node.op_type == "Constant":
                self._put(node.output[0], numpy_helper.to_array(attributes["value"]))
            elif node.op_type in OPERATIONS:
                self.nodes.append((node.op_type, list(node.input), node.output[0], attributes))
            else:
                raise NotImplementedError(f"{path}: the operation {node.op_type} of node {node.name!r}")
        self.input, self.output = graph.input[0].name, graph.output[0].name

    def _put(self, name: str, array) -> None:
        value = torch.from_numpy(np.array(array))
        self.constants[name] = value.to(*self.place) if value.is_floating_point() else value

    @torch.no_grad()
    def forward(self, x):
        values = self.constants | {self.input: x}
        for operation, inputs, output, attributes in self.nodes:
            values[output] = OPERATIONS[operation]([values.get(name) for name in inputs], attributes)
        return values[self.output]


def _convolution(v, a):
    top, left, bottom, right = a.get("pads", [0, 0, 0, 0])
    if (top, left) != (bottom, right):
        raise NotImplementedError("a convolution whose padding differs between two sides")
    bias = v[2] if len(v) > 2 else None
    return F.conv2d(v[0], v[1], bias, a.get("strides", 1), (top, left), a.get("dilations", 1), a.get("group", 1))


def _slice(v, _):
    starts, ends, axes = (t.tolist() for t in v[1:4])
    steps = v[4].tolist() if len(v) > 4 and v[4] is not None else [1] * len(starts)
    index = [slice(None)] * v[0].dim()
    for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
        index[axis] = slice(start, min(end, v[0].shape[axis]), step)
    return v[0][tuple(index)]


def _reshape(v, _):
    """The batch stays free: published graphs fix it at 1."""
    shape = v[1].tolist()
    first = v[0].shape[0] if shape[0] in (0, 1) else shape[0]
    rest = [v[0].shape[i] if size == 0 else size for i, size in enumerate(shape)][1:]
    return v[0].reshape([first, *rest])


OPERATIONS = {
    "Add": lambda v, a: v[0] + v[1],
    "Concat": lambda v, a: torch.cat([t.to(v[0].device) for t in v], a["axis"]),
    "Conv": _convolution,
    "MaxPool": lambda v, a: F.max_pool2d(v[0], a["kernel_shape"], a["strides"], a["pads"][:2]),
    "Mul": lambda v, a: v[0] * v[1],
    "Reshape": _reshape,
    "Resize": lambda v, a: F.interpolate(v[0], scale_factor=2, mode="nearest"),
    "Shape": lambda v, a: torch.tensor(v[0].shape),
    "Sigmoid": lambda v, a: v[0].sigmoid(),
    "Slice": _slice,
    "Transpose": lambda v, a: v[0].permute(a["perm"]),
}
