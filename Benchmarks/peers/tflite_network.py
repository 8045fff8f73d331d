"""Our ONNX export as a TFLite model, for XNNPACK: NHWC, activations fused, the zeros told.

XNNPACK multiplies sparsely in 1x1 convolutions only, and only where a whole run of layers from a
3x3 stem to the global pool allows it (MobileNets); TFLite's delegate asks for that when a model has
weights stored as sparse tensors behind DENSIFY operators, so the pointwise ones are. LiteRT 2.3.0
accepts the model and its scores are right, but MobileNetV2 takes as long at 80 and 95 % as dense:
its build does not take the sparse path here.
"""
import flatbuffers
import numpy as np
import onnx
from ai_edge_litert import schema_py_generated as schema
from onnx import numpy_helper

RELU, RELU6 = schema.ActivationFunctionType.RELU, schema.ActivationFunctionType.RELU6
VALID, SAME = schema.Padding.VALID, schema.Padding.SAME
# Denser weights are not worth XNNPACK's sparse kernels: its own limit is two thirds of zeros.
LARGEST_SPARSE_DENSITY = 1 / 3


class Builder:
    def __init__(self):
        self.model, self.graph = schema.ModelT(), schema.SubGraphT()
        self.model.version, self.model.description = 3, "crisp"
        self.model.subgraphs, self.model.operatorCodes = [self.graph], []
        self.model.buffers = [schema.BufferT()]
        self.graph.tensors, self.graph.operators = [], []

    def tensor(self, name, shape, data=None, sparsity=None):
        tensor = schema.TensorT()
        tensor.name, tensor.shape, tensor.sparsity = name, list(shape), sparsity
        integers = data is not None and data.dtype == np.int32
        tensor.type = schema.TensorType.INT32 if integers else schema.TensorType.FLOAT32
        tensor.buffer = 0
        if data is not None:
            buffer = schema.BufferT()
            buffer.data = np.frombuffer(np.ascontiguousarray(data).tobytes(), np.uint8)
            tensor.buffer = len(self.model.buffers)
            self.model.buffers.append(buffer)
        self.graph.tensors.append(tensor)
        return len(self.graph.tensors) - 1

    def operator(self, kind, inputs, output, options=None):
        code = getattr(schema.BuiltinOperator, kind)
        codes = [c.builtinCode for c in self.model.operatorCodes]
        if code not in codes:
            entry = schema.OperatorCodeT()
            entry.builtinCode, entry.deprecatedBuiltinCode = code, min(code, 127)
            entry.version = 1
            self.model.operatorCodes.append(entry)
            codes.append(code)
        operator = schema.OperatorT()
        operator.opcodeIndex = codes.index(code)
        operator.inputs, operator.outputs = inputs, [output]
        if options is not None:
            name = type(options).__name__[:-1]
            operator.builtinOptionsType = getattr(schema.BuiltinOptions, name)
            operator.builtinOptions = options
        self.graph.operators.append(operator)

    def weights(self, name, values):
        """A constant; pointwise ones with few weights as a sparse tensor behind DENSIFY."""
        density = np.count_nonzero(values) / values.size
        if values.ndim != 4 or values.shape[1:3] != (1, 1) or density > LARGEST_SPARSE_DENSITY:
            return self.tensor(name, values.shape, values)
        rows = values.reshape(values.shape[0], -1)
        sparsity = schema.SparsityParametersT()
        sparsity.traversalOrder, sparsity.blockMap = [0, 1, 2, 3], []
        sparsity.dimMetadata = []
        for size in values.shape[:3]:
            dense = schema.DimensionMetadataT()
            dense.format, dense.denseSize = schema.DimensionType.DENSE, size
            sparsity.dimMetadata.append(dense)
        compressed = schema.DimensionMetadataT()
        compressed.format = schema.DimensionType.SPARSE_CSR
        for field, data in (("arraySegments", np.concatenate(
                [[0], np.cumsum(np.count_nonzero(rows, axis=1))])),
                            ("arrayIndices", np.nonzero(rows)[1])):
            vector = schema.Int32VectorT()
            vector.values = data.astype(np.int32)
            setattr(compressed, field, vector)
            setattr(compressed, field + "Type", schema.SparseIndexVector.Int32Vector)
        sparsity.dimMetadata.append(compressed)
        stored = self.tensor(name, values.shape, rows[rows != 0], sparsity)
        result = self.tensor(name + ".dense", values.shape)
        self.operator("DENSIFY", [stored], result, schema.DensifyOptionsT())
        return result

    def serialized(self):
        builder = flatbuffers.Builder(1 << 20)
        builder.Finish(self.model.Pack(builder), b"TFL3")
        return bytes(builder.Output())


class Converter:
    def __init__(self, path, batch):
        graph = onnx.load(path).graph
        self.constants = {t.name: numpy_helper.to_array(t) for t in graph.initializer}
        self.builder, self.batch = Builder(), batch
        self.nodes = list(graph.node)
        self.readers = {}
        for node in self.nodes:
            for name in node.input:
                self.readers.setdefault(name, []).append(node)
        self.index, self.shapes = {}, {}
        dims = [d.dim_value for d in graph.input[0].type.tensor_type.shape.dim][1:]
        self.define(graph.input[0].name, (batch, dims[1], dims[2], dims[0]))
        fused = set()
        for node in self.nodes:
            if node.output[0] not in fused:
                fused.update(self.add(node))
        self.builder.graph.inputs = [self.index[graph.input[0].name]]
        self.builder.graph.outputs = [self.index[graph.output[0].name]]

    def define(self, name, shape):
        self.shapes[name] = shape
        self.index[name] = self.builder.tensor(name, shape)
        return self.index[name]

    def activation(self, node):
        """The activation that alone reads a node, and the name of its value."""
        readers = self.readers.get(node.output[0], [])
        if len(readers) == 1 and readers[0].op_type in ("Relu", "Clip"):
            if readers[0].op_type == "Clip":
                limits = [float(self.constants[name]) for name in readers[0].input[1:]]
                assert limits == [0, 6], limits
            return RELU if readers[0].op_type == "Relu" else RELU6, readers[0].output[0]
        return schema.ActivationFunctionType.NONE, node.output[0]

    def padded(self, name, pads, kernel, stride):
        """TFLite's SAME pads like ours at stride 1 and odd kernels; else zeros are an operator."""
        if not any(pads):
            return name, VALID
        if stride == 1 and all(2 * p + 1 == k for p, k in zip(pads, kernel)):
            return name, SAME
        batch, height, width, channels = self.shapes[name]
        top, left, bottom, right = pads
        padding = np.array([[0, 0], [top, bottom], [left, right], [0, 0]], np.int32)
        result = f"{name}.padded"
        self.define(result, (batch, height + top + bottom, width + left + right, channels))
        self.builder.operator(
            "PAD", [self.index[name], self.builder.tensor(result + ".by", (4, 2), padding)],
            self.index[result], schema.PadOptionsT())
        return result, VALID

    def window(self, options, name, attributes):
        kernel, strides = attributes["kernel_shape"], attributes["strides"]
        x, options.padding = self.padded(name, attributes["pads"], kernel, strides[0])
        options.strideH, options.strideW = strides
        _, height, width, channels = self.shapes[x]
        if options.padding == VALID:
            height, width = height - kernel[0] + 1, width - kernel[1] + 1
        size = [-(-side // stride) for side, stride in zip((height, width), strides)]
        return x, (self.batch, *size, channels)

    def add(self, node):
        """Adds one operator; answers the values of nodes that it took with it."""
        attributes = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
        function, output = self.activation(node)
        builder, x = self.builder, node.input[0]
        taken = {output}
        if node.op_type == "Conv":
            weight, bias = (self.constants[name] for name in node.input[1:])
            depthwise = attributes.get("group", 1) > 1
            options = schema.DepthwiseConv2DOptionsT() if depthwise else schema.Conv2DOptionsT()
            options.dilationHFactor = options.dilationWFactor = 1
            options.fusedActivationFunction = function
            x, shape = self.window(options, x, attributes)
            if depthwise:
                assert weight.shape[1] == 1
                options.depthMultiplier = 1
                constant = builder.tensor(
                    node.input[1], (1, *weight.shape[2:], len(weight)),
                    weight[:, 0].transpose(1, 2, 0))
            else:
                constant = builder.weights(node.input[1], weight.transpose(0, 2, 3, 1))
            inputs = [self.index[x], constant, builder.tensor(node.input[2], bias.shape, bias)]
            builder.operator(
                "DEPTHWISE_CONV_2D" if depthwise else "CONV_2D", inputs,
                self.define(output, (*shape[:3], len(weight))), options)
        elif node.op_type == "Gemm":
            weight, bias = (self.constants[name] for name in node.input[1:])
            options = schema.FullyConnectedOptionsT()
            options.fusedActivationFunction = function
            if len(self.shapes[x]) == 4:  # what was flattened: channels last here
                _, height, width, channels = self.shapes[x]
                weight = weight.reshape(-1, channels, height, width).transpose(0, 2, 3, 1)
                weight = weight.reshape(len(weight), -1)
                flat = self.define(x + ".flat", (self.batch, weight.shape[1]))
                reshape = schema.ReshapeOptionsT()
                reshape.newShape = [self.batch, weight.shape[1]]
                target = builder.tensor(
                    x + ".shape", (2,), np.array(reshape.newShape, np.int32))
                builder.operator("RESHAPE", [self.index[x], target], flat, reshape)
                x += ".flat"
            inputs = [self.index[x], builder.tensor(node.input[1], weight.shape, weight),
                      builder.tensor(node.input[2], bias.shape, bias)]
            builder.operator("FULLY_CONNECTED", inputs,
                             self.define(output, (self.batch, len(weight))), options)
        elif node.op_type == "MaxPool":
            # Zeros for padding are right: what is pooled has passed a ReLU.
            options = schema.Pool2DOptionsT()
            options.filterHeight, options.filterWidth = attributes["kernel_shape"]
            x, shape = self.window(options, x, attributes)
            builder.operator("MAX_POOL_2D", [self.index[x]], self.define(output, shape), options)
        elif node.op_type == "GlobalAveragePool":
            options = schema.ReducerOptionsT()
            options.keepDims = True
            axes = builder.tensor(output + ".axes", (2,), np.array([1, 2], np.int32))
            shape = (self.batch, 1, 1, self.shapes[x][3])
            builder.operator("MEAN", [self.index[x], axes], self.define(output, shape), options)
        elif node.op_type == "Add":
            options = schema.AddOptionsT()
            options.fusedActivationFunction = function
            builder.operator("ADD", [self.index[name] for name in node.input],
                             self.define(output, self.shapes[x]), options)
        elif node.op_type == "Flatten":  # Gemm does it
            self.index[output], self.shapes[output] = self.index[x], self.shapes[x]
        else:
            raise ValueError(f"{node.op_type} is not translated")
        return taken


def convert(path, batch):
    """The bytes of a TFLite model for that batch."""
    return Converter(path, batch).builder.serialized()
