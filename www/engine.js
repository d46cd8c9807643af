// The worker's script: loads the engine and hands messages through. Those that come before it is ready wait.
import init, { Engine } from "./sightline_web.js";

const waiting = [];
let engine;
self.onmessage = ({ data }) => (engine ? engine.command(data) : waiting.push(data));
try {
  await init({ module_or_path: new URL("./sightline_web_bg.wasm", import.meta.url) });
  engine = new Engine((event) => self.postMessage(event));
  waiting.splice(0).forEach((command) => engine.command(command));
} catch (error) {
  self.postMessage({
    kind: "broken",
    sentence: `The engine could not be started (${error?.message ?? error}). Check the connection and start it again.`,
    remedy: "restart",
  });
}
