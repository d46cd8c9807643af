// The worker's script: loads the engine and hands messages through. Those that come before it is
// ready wait.
const waiting = [];
let engine;
self.onmessage = ({ data }) => (engine ? engine.command(data) : waiting.push(data));
try {
  const { default: init, Engine } = await import("./sightline_web.js");
  await init({ module_or_path: new URL("./sightline_web_bg.wasm", import.meta.url) });
  engine = new Engine((event) => self.postMessage(event));
  waiting.splice(0).forEach((command) => engine.command(command));
} catch (error) {
  const { why } = await import("./why.js");
  self.postMessage(await why("The engine", error, ["sightline_web.js", "sightline_web_bg.wasm"]));
}
