// Runs in the browser: each function measures one library and gives milliseconds.

/** As long a prompt as ours: a picture's tokens and a question. */
const PROMPT_TOKENS = 230;
const STEPS = 16;

const median = (values) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)];

/** wllama: milliseconds a token, behind a prompt of about as many tokens as ours. */
const wllama = async ({ threads, gpu, runs }) => {
  const { Wllama } = await import("/modules/@wllama/wllama/esm/index.js");
  const said = [];
  const hear = (...words) => said.push(words.join(" "));
  const logger = { debug: hear, log: hear, warn: hear, error: hear };
  const instance = new Wllama({ default: "/modules/@wllama/wllama/esm/wasm/wllama.wasm" }, { logger });
  const model = await (await fetch("/model.gguf")).blob();
  const load = (log_level) =>
    instance.loadModel([model], { n_threads: threads, n_gpu_layers: gpu ? 999 : 0, n_ctx: 1024, n_batch: 256, seed: 1, n_parallel: 1, log_level });
  if (gpu) {
    // It computes on the processor, without a word, where the adapter lacks something; only its
    // loudest log tells.
    await load(1);
    await instance.exit();
    if (!said.some((line) => /layer +\d+ assigned to device (?!CPU)/.test(line))) {
      throw new Error("llama.cpp put every layer on the processor: its WebGPU kernels need more than this adapter has (shader-f16)");
    }
  }
  await load(4);
  const samples = [];
  const prompts = [];
  for (let run = 0; run <= runs; run++) {
    // A word is a token; another first word each time, so that nothing of the prompt is reused.
    const prompt = `${run} ${" the".repeat(PROMPT_TOKENS - 2)}`;
    const { timings } = await instance.createCompletion({ prompt, max_tokens: STEPS + 1, temperature: 0, cache_prompt: false });
    // The first run warms up.
    if (run === 0) continue;
    samples.push(timings.predicted_per_token_ms);
    prompts.push(timings.prompt_ms);
  }
  const facts = { threads: instance.getNumThreads(), multithread: instance.isMultithread() };
  await instance.exit();
  return { median_ms: median(samples), prompt_ms: median(prompts), runs, ...facts };
};

/** onnxruntime-web: milliseconds a picture. */
const onnx = async ({ provider, threads, runs }) => {
  const file = provider === "webgpu" ? "ort.webgpu.min.mjs" : "ort.wasm.min.mjs";
  const ort = await import(`/modules/onnxruntime-web/dist/${file}`);
  ort.env.wasm.numThreads = threads;
  ort.env.wasm.wasmPaths = "/modules/onnxruntime-web/dist/";
  const session = await ort.InferenceSession.create("/vit.onnx", { executionProviders: [provider], graphOptimizationLevel: "all" });
  const input = new ort.Tensor("float32", Float32Array.from({ length: 3 * 224 * 224 }, (_, i) => ((i * 7919) % 255) / 127.5 - 1), [1, 3, 224, 224]);
  const samples = [];
  for (let run = 0; run < runs + 2; run++) {
    const begun = performance.now();
    const { features } = await session.run({ picture: input });
    await features.getData();
    if (run >= 2) samples.push(performance.now() - begun);
  }
  await session.release();
  return { median_ms: median(samples), runs, threads };
};

window.peers = { wllama, onnx };
