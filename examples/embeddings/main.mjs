/**
 * Many small results: a vector for each piece of text. They live in the index, not in files, and
 * calls that come while one is under way wait for it.
 *
 *   node examples/embeddings/main.mjs
 */
import { Memory } from "bloscache";

const memory = new Memory({ location: new URL(".cache", import.meta.url) });

/** Stands for a model or a service that takes its time. */
const embed = memory.memoize(
  async function embed(text, { model }) {
    await new Promise((resolve) => setTimeout(resolve, 5));
    const vector = new Float32Array(384);
    for (const letter of text.toLowerCase()) {
      vector[(letter.codePointAt(0) * model.length) % 384] += 1;
    }
    const norm = Math.hypot(...vector);
    return vector.map((x) => x / norm);
  },
  { normalize: ([text, options]) => [text.trim(), options] },
);

const texts = ["the quick brown fox", "a slow brown dog", " the quick brown fox ", "an orange cat"];
memory.clear();
const model = { model: "letters-1" };
const vectors = await Promise.all(texts.map((text) => embed(text, model)));
const similarity = (a, b) => a.reduce((sum, x, i) => sum + x * b[i], 0);
const [query, ...others] = vectors;
console.log(others.map((vector) => similarity(query, vector).toFixed(2)).join(" "));

const before = performance.now();
for (const text of texts) await embed(text, model);
const { misses, savedMs } = embed.stats();
console.log(`${misses.absent} of ${texts.length} texts embedded`);
console.log(
  `asking again was ${savedMs > performance.now() - before ? "faster" : "slower"} than embedding`,
);
