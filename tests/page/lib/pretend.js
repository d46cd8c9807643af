// An engine that only says what it is told to: for what no machine here does, and for states that
// pass too quickly to be looked at.

/**
 * A worker that says these events when it is greeted, these when it is asked to load, and these to
 * a question.
 */
export const pretend = (greeting, loading = [], answering = []) => ({
  body: `self.onmessage = ({ data }) => {
    const events = ${JSON.stringify({ hello: greeting, load: loading, ask: answering })}[data.kind] ?? [];
    events.forEach((event) => self.postMessage(event));
  };`,
  headers: { "content-type": "text/javascript" },
});

/** A worker with a mind of its own: `handle(command, post, memory)` is called for every command. */
export const acting = (handle) => ({
  body: `const memory = {}; self.onmessage = ({ data }) => (${handle})(data, (event) => self.postMessage(event), memory);`,
  headers: { "content-type": "text/javascript" },
});

/**
 * What an acting engine says when it is greeted and asked to load; pictures are decoded to one
 * colour.
 */
export const POLITE = `(command, post) => {
  if (command.kind === "hello") post(READY);
  if (command.kind === "load") post(LOADED);
  if (command.kind === "picture") {
    const rgba = new Uint8Array(8 * 6 * 4).fill(200);
    post({ kind: "picture", picture: command.picture, width: 8, height: 6, preview: { width: 8, height: 6, rgba } });
  }
}`;

/**
 * An acting engine that is polite, and answers questions and stops as `more(command, post, memory)`
 * does.
 */
export const polite = (more) =>
  acting(`(command, post, memory) => {
    const [READY, LOADED] = ${JSON.stringify([READY, LOADED])};
    (${POLITE})(command, post);
    (${more})(command, post, memory);
  }`);

export const MACHINE = { backend: "webgpu", adapter: "a pretended GPU", software: false, dtype: "f32" };

const NAMES = ["SmolLM2-135M-Instruct.Q4_1.gguf", "sightline-vmamba-tiny/model.safetensors", "sightline-vit-tiny/model.safetensors"];

export const READY = {
  kind: "ready",
  version: Number(process.env.MESSAGES_VERSION),
  machine: MACHINE,
  models: [
    { id: "sightline-vmamba-tiny", encoder: "vmamba", title: "VMamba", name: "VMamba (state space)", about: "It scans.", palette: 0, weights: "a".repeat(64), kinds: [] },
    { id: "sightline-vit-tiny", encoder: "vit", title: "ViT", name: "ViT (attention)", about: "It compares.", palette: 1, weights: "b".repeat(64), kinds: [] },
  ],
  files: NAMES.map((name, i) => ({ name, model: [undefined, "VMamba", "ViT"][i], bytes: i ? 20e6 : 98e6, cached: 0, parts: i ? [16e6, 4e6] : [...Array(6).fill(16e6), 2e6] })),
  store: "opfs",
};

export const LOADED = {
  kind: "loaded",
  total_ms: 5000,
  compile_ms: [["language", 900], ...READY.models.map(({ id }) => [id, 1200])],
  device_bytes: 2e8,
  heap_bytes: 3e8,
  machine: MACHINE,
};

/** One file here, one half of it, one not begun. */
export const HALFWAY = [
  { kind: "progress", file: 0, downloaded: 82e6, cached: 16e6, verified: 98e6 },
  { kind: "progress", file: 1, downloaded: 9.5e6, cached: 0, verified: 8e6 },
];

export const ALL_HERE = READY.files.map(({ bytes }, file) => ({ kind: "progress", file, downloaded: bytes, cached: 0, verified: bytes }));
