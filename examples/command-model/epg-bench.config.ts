import { command, defineConfig, shapes } from "epg-bench";

export default defineConfig({
  dataset: shapes({ resolution: 32, train: 64, reference: 48, heldOut: 40 }),
  entries: {
    "my model": command({ command: ["python3", "model.py"], batchSeconds: 60 }),
  },
});
