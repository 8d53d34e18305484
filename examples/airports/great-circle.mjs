/**
 * Distances on a sphere by the haversine formula, which stays exact for points close together
 * (R. W. Sinnott, "Virtues of the Haversine", Sky and Telescope 68, 1984, p. 159).
 */

/** Mean radius R₁ of the WGS 84 ellipsoid (H. Moritz, Journal of Geodesy 74, 2000, p. 128–133). */
const earthRadiusKm = 6371.0088;
const degree = Math.PI / 180;

/** From every point to every other one in km: an n × n matrix, row by row. */
export function greatCircleDistances(lat, lon) {
  const n = lat.length;
  const cosLat = lat.map((degrees) => Math.cos(degrees * degree));
  const km = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      const acrossLat = Math.sin(((lat[j] - lat[i]) * degree) / 2);
      const acrossLon = Math.sin(((lon[j] - lon[i]) * degree) / 2);
      const haversine = acrossLat ** 2 + cosLat[i] * cosLat[j] * acrossLon ** 2;
      // Rounding can carry the sum past 1 between opposite ends of the Earth.
      km[i * n + j] = 2 * earthRadiusKm * Math.asin(Math.sqrt(Math.min(haversine, 1)));
    }
  }
  return km;
}
