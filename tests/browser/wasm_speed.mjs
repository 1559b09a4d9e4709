// Milliseconds of frame graphs in ONNX Runtime Web's WebAssembly build, one thread, as in a page that is not isolated:
// node tests/browser/wasm_speed.mjs HEIGHT WIDTH FRAME.onnx…
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const require = createRequire(new URL('../../webapp/page/package.json', import.meta.url));
const ort = require('onnxruntime-web/wasm');
const ROUNDS = 20;

const [height, width, ...files] = process.argv.slice(2);
ort.env.wasm.numThreads = 1;
const pixels = Float32Array.from({ length: 3 * height * width }, Math.random);
const frame = new ort.Tensor('float32', pixels, [1, 3, +height, +width]);
const graphs = [];
for (const file of files) {
  const session = await ort.InferenceSession.create(readFileSync(file), { executionProviders: ['wasm'] });
  const d = session.inputMetadata.find((input) => input.name === 'style').shape[1];
  graphs.push({ file, session, style: new ort.Tensor('float32', new Float32Array(d).fill(1), [1, d]), times: [] });
}
for (let round = 0; round <= ROUNDS; round++) {
  for (const { session, style, times } of graphs) {
    const began = performance.now();
    await session.run({ frame, style });
    if (round) times.push(performance.now() - began); // the first run warms up
  }
}
for (const { file, times } of graphs) console.log(`${Math.min(...times).toFixed(1)} ms  ${file}`);
