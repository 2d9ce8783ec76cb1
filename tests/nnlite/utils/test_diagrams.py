"""Models as SVG."""

from xml.etree import ElementTree

from nnlite import Input, Model, Sequential
from nnlite.layers import Add, Dense
from nnlite.utils.diagrams import network_svg


def _texts(svg):
    return [element.text for element in ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]


def test_a_chain_has_a_box_for_each_layer_with_shape_and_weights():
    model = Sequential([Input(shape=(3,)), Dense(4, name="<wide>"), Dense(1)])
    texts = _texts(network_svg(model))
    assert texts[2:4] == ["Dense (<wide>)", "(None, 4), 16 weights"]
    assert len(texts) == 6
    assert network_svg(model).count("<line") == 2
    assert model._repr_html_().startswith("<p><strong>Sequential</strong>, 21 weights</p><svg")


def test_branches_stand_side_by_side_and_join():
    inputs = Input(shape=(3,))
    joined = Add()([Dense(2)(inputs), Dense(2)(inputs)])
    svg = network_svg(Model(inputs, joined))
    boxes = [box.attrib for box in ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}rect")]
    assert len({box["y"] for box in boxes}) == 3
    assert len(boxes) == 4
    assert svg.count("<line") == 4


def test_a_model_without_a_graph_is_an_empty_picture():
    assert _texts(network_svg(Sequential([Dense(2)]))) == []
