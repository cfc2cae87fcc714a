// Compiles WGSL with Tint, on Dawn's device that computes nothing: tint.mjs MODULE FILE...
//
// Prints a line of JSON for each file: null, or what the compiler says. The device has WebGPU's default
// limits, so that a pipeline beyond them is refused too.

import fs from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";

const [module, ...files] = process.argv.slice(2);
const { create, globals } = await import(pathToFileURL(path.join(module, "index.js")));
Object.assign(globalThis, globals);
const gpu = create(["backend=null"]);
const adapter = await gpu.requestAdapter();
const device = await adapter.requestDevice({ requiredFeatures: ["subgroups"] });

async function complaint(code) {
  device.pushErrorScope("validation");
  const module = device.createShaderModule({ code });
  device.createComputePipeline({ layout: "auto", compute: { module } });
  const error = await device.popErrorScope();
  return error && error.message;
}

for (const file of files) {
  console.log(JSON.stringify(await complaint(fs.readFileSync(file, "utf8"))));
}
process.exit(); // a device keeps the process alive
