/** Makes one dataset, in a process of its own that takes its memory with it: make.mjs NAME FOLDER. */
import { datasets } from "./datasets.mjs";
import { writeDataset } from "./files.mjs";

const [name, folder] = process.argv.slice(2);
writeDataset(name, await datasets[name](), folder);
