/** The Lorenz system with noise, as a series: one item of three numbers per step of time. */
export function lorenzOn(memory) {
  return memory.incremental({
    id: "lorenz",
    dtype: "<f8",
    itemShape: [3],
    *extend({ args: { rho, seed }, from, to, tail, state }) {
      // Where the trajectory ends is the last item; the generator of noise has to be kept beside.
      let [x, y, z] = from === 0 ? [1, 1, 1] : tail;
      let noise = state ?? seed;
      for (let at = from; at < to; at += 1000) {
        const data = new Float64Array(3000);
        for (let i = 0; i < data.length; i += 3) {
          noise = (noise * 48271) % 2147483647;
          const [dx, dy, dz] = [10 * (y - x), x * (rho - z) - y, x * y - (8 / 3) * z];
          x += 0.005 * dx + 0.01 * (noise / 2147483647 - 0.5);
          y += 0.005 * dy;
          z += 0.005 * dz;
          data.set([x, y, z], i);
        }
        yield { data, state: noise };
      }
    },
  });
}
