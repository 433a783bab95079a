import { dayMs, yearShare } from './china-days.ts';
import { hash01, wander } from './noise.ts';

const { PI, asin, cos, exp, floor, sin } = Math;

const degree = PI / 180;

/**
 * Height of the sun over the horizon, degrees, without refraction: declination after Cooper (1969) and the equation of
 * time after Spencer (1971). Within half a degree, which for a roof is much better than its dust.
 */
export function sunHeightDeg(ms: number, latitude: number, longitude: number): number {
  const turn = 2 * PI * yearShare(ms);
  const declination = 23.45 * degree * sin(turn - (2 * PI * 81) / 365);
  const equationMinutes =
    229.18 *
    (0.000075 + 0.001868 * cos(turn) - 0.032077 * sin(turn) - 0.014615 * cos(2 * turn) - 0.040849 * sin(2 * turn));
  const solarHours = ((ms % dayMs) / 3_600_000 + longitude / 15 + equationMinutes / 60) % 24;
  const hourAngle = (solarHours - 12) * 15 * degree;
  const lat = latitude * degree;
  const sine = sin(lat) * sin(declination) + cos(lat) * cos(declination) * cos(hourAngle);
  return asin(sine) / degree;
}

/** Power of a roof as a share of its rating: clear-sky irradiance (Haurwitz 1945) times what the clouds of the day let through. */
export function photovoltaicKw(ms: number, seed: number, place: { latitude: number; longitude: number }): number {
  const height = sunHeightDeg(ms, place.latitude, place.longitude);
  if (height <= 0) return 0;
  const sine = sin(height * degree);
  const clear = 1.098 * sine * exp(-0.057 / sine);
  const overcast = hash01(seed, floor(ms / dayMs));
  const passing = 0.5 + 0.5 * wander(seed, ms / 60_000 / 9);
  const through =
    overcast > 0.75 ? 0.12 + 0.15 * passing : overcast > 0.4 ? 1 - 0.65 * passing ** 2 : 0.96 + 0.04 * passing;
  return 0.86 * clear * through;
}
