/** A noisy, damped oscillator: position over time. */
export function simulate({ damping, seed, steps, log = false }) {
  const path = new Float64Array(steps);
  let [x, v, noise] = [1, 0, seed];
  for (let i = 0; i < steps; i++) {
    noise = (noise * 48271) % 2147483647;
    v += (-x - damping * v) * 0.01 + (noise / 2147483647 - 0.5) * 0.001;
    x += v * 0.01;
    path[i] = x;
  }
  if (log) console.error(`damping ${damping}, seed ${seed}: ends at ${x.toFixed(3)}`);
  return path;
}
