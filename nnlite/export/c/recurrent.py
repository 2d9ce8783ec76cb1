"""Recurrent layers, from states of 0, step by step."""

from __future__ import annotations

from typing import Any

from nnlite.export.c.activations import function_name
from nnlite.export.c.dense import dense_function
from nnlite.export.c.loops import View, loop, strides_of, whole
from nnlite.export.c.merging import join
from nnlite.export.c.program import CProgram, Tensor, c_rule, literal, refusal, sizes_of
from nnlite.layers import GRU, LSTM, Bidirectional, SimpleRNN

_ADD_PRODUCT = """static void @(int n, int m, int width, const float *x, const float *w, float *y) {
  for (int i = 0; i < n; i++)
    for (int j = 0; j < m; j++) y[j] += x[i] * w[i * width + j];
}"""

_BEGIN = """static void @(int steps, int n, int units, int backwards, int all, const float *x, const float *w,
    const float *u, const float *b, {more}float *h, float *y) {{
  for (int j = 0; j < {states}; j++) h[j] = 0.0f;
  for (int t = 0; t < steps; t++) {{
    const float *now = x + (backwards ? steps - 1 - t : t) * n;
"""

_END = """
    if (all) for (int j = 0; j < units; j++) y[t * units + j] = h[j];
  }
  if (!all) for (int j = 0; j < units; j++) y[j] = h[j];
}"""

_SIMPLE = """    dense(1, n, units, now, w, b, a);
    add_product(units, units, units, h, u, a);
    for (int j = 0; j < units; j++) h[j] = f(a[j]);"""

_LSTM = """    float *c = h + units;
    dense(1, n, 4 * units, now, w, b, a);
    add_product(units, 4 * units, 4 * units, h, u, a);
    for (int j = 0; j < units; j++) {
      c[j] = g(a[units + j]) * c[j] + g(a[j]) * f(a[2 * units + j]);
      h[j] = g(a[3 * units + j]) * f(c[j]);
    }"""

_GRU_AFTER = """    float *v = a + 3 * units;
    dense(1, n, 3 * units, now, w, b, a);
    for (int j = 0; j < 3 * units; j++) v[j] = b ? b[3 * units + j] : 0.0f;
    add_product(units, 3 * units, 3 * units, h, u, v);
    for (int j = 0; j < units; j++) {
      const float z = g(a[j] + v[j]), r = g(a[units + j] + v[units + j]);
      h[j] = z * h[j] + (1.0f - z) * f(a[2 * units + j] + r * v[2 * units + j]);
    }"""

_GRU_BEFORE = """    float *v = a + 3 * units;
    dense(1, n, 3 * units, now, w, b, a);
    add_product(units, 2 * units, 3 * units, h, u, a);
    for (int j = 0; j < units; j++) v[j] = g(a[units + j]) * h[j];
    add_product(units, units, 3 * units, v, u + 2 * units, a + 2 * units);
    for (int j = 0; j < units; j++) {
      const float z = g(a[j]);
      h[j] = z * h[j] + (1.0f - z) * f(a[2 * units + j]);
    }"""


@c_rule(SimpleRNN)
def _simple_rnn(program: CProgram, layer: Any, inputs: list[Tensor]) -> str:
    return _run(program, layer, inputs, "simple_rnn", _SIMPLE, 1)


@c_rule(LSTM)
def _lstm(program: CProgram, layer: Any, inputs: list[Tensor]) -> str:
    """Gates i, f, c, o."""
    return _run(program, layer, inputs, "lstm", _LSTM, 4)


@c_rule(GRU)
def _gru(program: CProgram, layer: Any, inputs: list[Tensor]) -> str:
    """Gates z, r, h."""
    if layer.reset_after:
        return _run(program, layer, inputs, "gru", _GRU_AFTER, 6)
    return _run(program, layer, inputs, "gru_before", _GRU_BEFORE, 4)


def _run(program: CProgram, layer: Any, inputs: list[Tensor], name: str, body: str, work: int) -> str:
    """Call the loop over steps; `work` is the length of the intermediate results of one step, in units."""
    if len(inputs) > 1 or layer.return_state:
        raise refusal(
            layer,
            "takes or returns a state, which C does not have here: make the layer without initial_state and with "
            "return_state=False, or export the model as ONNX",
        )
    functions = [function_name(program, layer, layer.activation)]
    if hasattr(layer, "recurrent_activation"):
        functions.append(function_name(program, layer, layer.recurrent_activation))
    body = body.replace("dense(", f"{dense_function(program, layer.kernel.shape[-1])}(")
    program.function("add_product", _ADD_PRODUCT)
    steps, n = sizes_of(inputs[0])
    units = layer.units
    states = 2 if name == "lstm" else 1
    # The function of a gate or a state is named in the text: calls through pointers would be slow on small machines.
    for letter, function in zip("fg", functions, strict=False):
        body = body.replace(f" {letter}(", f" {function}(")
    text = _BEGIN.format(more="float *a, ", states="2 * units" if states == 2 else "units") + body + _END
    a, h = program.buffer(work * units), program.buffer(states * units)
    y = program.buffer(steps * units if layer.return_sequences else units)
    kernel, recurrent = (program.floats(one.value) for one in (layer.kernel, layer.recurrent_kernel))
    bias = program.floats(layer.bias.value) if layer.use_bias else "0"
    settings = [steps, n, units, int(layer.go_backwards), int(layer.return_sequences)]
    operations = steps * (layer.kernel.value.size + layer.recurrent_kernel.value.size + 5 * units)
    program.call(name, text, *settings, inputs[0].name, kernel, recurrent, bias, a, h, y, operations=operations)
    return y


@c_rule(Bidirectional)
def _bidirectional(program: CProgram, layer: Any, inputs: list[Tensor]) -> list[str]:
    """Run both layers, reverse the outputs of the second one in time, and merge."""
    if len(inputs) > 1:
        raise refusal(layer, "takes a state, which C does not have here; leave initial_state out")
    (first,) = program.apply(layer.forward_layer, inputs)
    (second,) = program.apply(layer.backward_layer, inputs)
    shape = sizes_of(first)
    count = shape[0] * (shape[1] if len(shape) > 1 else 1)
    if layer.return_sequences:
        name, (ahead, one) = program.buffer(count), strides_of(shape)
        source = View(second.name, (-ahead, one), (shape[0] - 1) * ahead)
        loop(program, shape, whole(name, shape), [source], "{0}")
        second = Tensor(name, second.shape)
    if layer.merge_mode is None:
        return [first.name, second.name]
    if layer.merge_mode == "concat":
        return [join(program, [first, second], len(shape) - 1)]
    y = program.buffer(count)
    expression = {"mul": "{0} * {1}", "sum": "{0} + {1}", "ave": f"({{0}} + {{1}}) / {literal(2)}"}[layer.merge_mode]
    views = [whole(one.name, [count]) for one in (first, second)]
    loop(program, [count], whole(y, [count]), views, expression, 2)
    return [y]
