"""A peer that answers on command: one engine, one thread count, any number of loaded networks.

    worker.py ENGINE THREADS      ENGINE: onnxruntime openvino-f32 openvino-bf16 torch deepsparse tflite

Speaks the language of Sources/sparse-worker: load, run, scores, unload, memory. Every engine runs
in the latency settings that its documentation recommends, on exactly that many threads.
"""
import os
import sys
import time

import numpy as np


class OnnxRuntime:
    def __init__(self, threads):
        import onnxruntime
        self.engine, self.threads = onnxruntime, threads
        self.version = f"onnxruntime {onnxruntime.__version__}"

    def load(self, path, batch, images):
        options = self.engine.SessionOptions()
        options.intra_op_num_threads = self.threads
        options.inter_op_num_threads = 1
        options.graph_optimization_level = self.engine.GraphOptimizationLevel.ORT_ENABLE_ALL
        options.add_free_dimension_override_by_name("N", batch)
        session = self.engine.InferenceSession(path, options, ["CPUExecutionProvider"])
        names, feed = [session.get_outputs()[0].name], {session.get_inputs()[0].name: images}
        return lambda: session.run(names, feed)[0]


class OpenVINO:
    def __init__(self, threads, precision):
        import openvino
        self.engine, self.threads, self.precision = openvino, threads, precision
        self.version = f"openvino {openvino.__version__.split('-')[0]} {precision}"
        self.core = openvino.Core()
        if precision == "bf16":
            capabilities = self.core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
            if "BF16" not in capabilities:
                raise RuntimeError("this processor has no bf16 arithmetic")

    def load(self, path, batch, images):
        model = self.core.read_model(path)
        model.reshape([batch, *images.shape[1:]])
        compiled = self.core.compile_model(model, "CPU", {
            "PERFORMANCE_HINT": "LATENCY", "INFERENCE_NUM_THREADS": self.threads,
            "NUM_STREAMS": 1, "INFERENCE_PRECISION_HINT": self.precision})
        request = compiled.create_infer_request()
        tensor = self.engine.Tensor(images, shared_memory=True)
        request.set_input_tensor(tensor)

        def run(keep=(compiled, tensor, images)):  # the request owns none of them
            request.infer()
            return request.get_output_tensor().data
        return run


class Torch:
    def __init__(self, threads):
        import torch
        self.engine = torch
        torch.set_num_threads(threads)
        self.version = f"torch {torch.__version__}"

    def load(self, path, batch, images):
        from torch_network import OnnxNetwork
        torch = self.engine
        network = OnnxNetwork(path).eval().to(memory_format=torch.channels_last)
        x = torch.from_numpy(images).to(memory_format=torch.channels_last)
        with torch.inference_mode():
            network = torch.jit.freeze(torch.jit.trace(network, x))
            network = torch.jit.optimize_for_inference(network)

        def run():
            with torch.inference_mode():
                return network(x).numpy()
        return run


class DeepSparse:
    def __init__(self, threads):
        os.environ["NM_DISABLE_ANALYTICS"] = "true"
        os.environ["DO_NOT_TRACK"] = "true"
        import deepsparse
        self.engine, self.threads = deepsparse, threads
        self.version = f"deepsparse {deepsparse.__version__}"

    def load(self, path, batch, images):
        engine = self.engine.Engine(model=path, batch_size=batch, num_cores=self.threads)
        return lambda: engine.run([images], val_inp=False)[0]


class TFLite:
    """XNNPACK through LiteRT, with the zeros as sparse tensors."""

    def __init__(self, threads):
        from importlib.metadata import version
        from ai_edge_litert import interpreter
        self.engine, self.threads = interpreter, threads
        self.version = f"LiteRT {version('ai-edge-litert')} (XNNPACK)"

    def load(self, path, batch, images):
        from tflite_network import convert
        interpreter = self.engine.Interpreter(
            model_content=convert(path, batch), num_threads=self.threads)
        interpreter.allocate_tensors()
        interpreter.set_tensor(
            interpreter.get_input_details()[0]["index"],
            np.ascontiguousarray(images.transpose(0, 2, 3, 1)))
        output = interpreter.get_output_details()[0]["index"]

        def run():
            interpreter.invoke()
            return interpreter.tensor(output)()
        return run


ENGINES = {
    "onnxruntime": OnnxRuntime,
    "openvino-f32": lambda threads: OpenVINO(threads, "f32"),
    "openvino-bf16": lambda threads: OpenVINO(threads, "bf16"),
    "torch": Torch,
    "deepsparse": DeepSparse,
    "tflite": TFLite,
}


def answer(engine, slots, words):
    command, slot = words[0], words[1] if len(words) > 1 else ""
    if command == "load":
        batch, start = int(words[3]), time.perf_counter()
        channels, side = 3, int(words[5])
        images = np.fromfile(words[4], np.float32, batch * channels * side * side)
        slots[slot] = engine.load(
            words[2], batch, images.reshape(batch, channels, side, side))
        return f"ok load={(time.perf_counter() - start) * 1e3}"
    if command == "run":
        run, clock, times = slots[slot], time.perf_counter, []
        for _ in range(int(words[2])):
            run()
        for _ in range(int(words[3])):
            start = clock()
            run()
            times.append((clock() - start) * 1e3)
        return " ".join(map(str, times))
    if command == "scores":
        np.ascontiguousarray(slots[slot](), np.float32).tofile(words[2])
        return "ok"
    if command == "unload":
        slots.pop(slot, None)
        return "ok"
    if command == "memory":
        status = dict(l.split(":", 1) for l in open("/proc/self/status").read().splitlines())
        return " ".join(status[key].split()[0] for key in ("VmHWM", "VmRSS"))
    return f"error {command} is no command"


def main():
    # Engines print what they like: keep the pipe for answers alone.
    pipe = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    try:
        engine = ENGINES[sys.argv[1]](int(sys.argv[2]))
    except Exception as error:
        print("error", " ".join(str(error).split()), file=pipe)
        return
    slots = {}
    print(f"ready version={engine.version}", file=pipe)
    for line in sys.stdin:
        try:
            print(answer(engine, slots, line.split()), file=pipe)
        except Exception as error:
            print("error", type(error).__name__, " ".join(str(error).split())[:500], file=pipe)


main()
