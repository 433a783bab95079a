/**
 * Where the sun stands: enough to say when photovoltaics cannot generate. Formulas of NOAA's solar calculator after
 * Meeus, Astronomical Algorithms (1998), chapters 25 and 28; within 0.02 degrees of VSOP87 over China, 2000 to 2035.
 */

const minuteMs = 60_000;
const dayMs = 86_400_000;
/** Noon of 1 January 2000, from which the formulas count Julian centuries. */
const j2000Ms = Date.UTC(2000, 0, 1, 12);
const centuryMs = 36_525 * dayMs;
const radiansPerDegree = Math.PI / 180;

/**
 * The sun's centre at sunrise and sunset, degrees: its radius and the refraction at the horizon. A degree more, some
 * seven minutes at 40 degrees north, for what twilight yields, for hills and for coordinates that are a little off.
 */
const horizonDeg = -0.833;
const marginDeg = 1;
const darkSine = sine(horizonDeg - marginDeg);

/** A box that holds the mainland of China, degrees. */
const mainland = { south: 18, north: 53.6, west: 73.5, east: 135.1 };

/** Both null when a site has not stated where it is. */
export interface Coordinates {
  /** Degrees north. */
  readonly latitude: number | null;
  /** Degrees east. */
  readonly longitude: number | null;
}

/** The place that has the sun in its zenith, degrees; around midnight of UTC a little past 180 east or west. */
interface SubsolarPoint {
  readonly latitude: number;
  readonly longitude: number;
}

/** Height of the sun's centre above the horizon, degrees, without refraction. */
export function solarElevationDeg(latitude: number, longitude: number, ms: number): number {
  const elevationSine = elevationSineAt(subsolarPoint(ms), latitude, longitude);
  // Rounding takes the zenith a hair past 1.
  return Math.asin(Math.min(1, Math.max(-1, elevationSine))) / radiansPerDegree;
}

/**
 * True when photovoltaics at the site cannot generate. Without coordinates, or with impossible ones, only when it is
 * dark in all of mainland China: nearly nine hours of the longest night, two and a half of the shortest.
 */
export function isDark({ latitude, longitude }: Coordinates, ms: number): boolean {
  const sun = subsolarPoint(ms);
  const placed = latitude !== null && longitude !== null && Math.abs(latitude) <= 90 && Math.abs(longitude) <= 180;
  return (placed ? elevationSineAt(sun, latitude, longitude) : highestSineInMainland(sun)) < darkSine;
}

function elevationSineAt(sun: SubsolarPoint, latitude: number, longitude: number): number {
  return (
    sine(latitude) * sine(sun.latitude) + cosine(latitude) * cosine(sun.latitude) * cosine(longitude - sun.longitude)
  );
}

/** Along a parallel the sun is highest nearest to its own meridian; along that meridian the sine is a cosine wave. */
function highestSineInMainland(sun: SubsolarPoint): number {
  const { south, north, west, east } = mainland;
  const inside = sun.longitude >= west && sun.longitude <= east;
  const hourCosine = inside ? 1 : Math.max(cosine(sun.longitude - west), cosine(sun.longitude - east));
  const a = sine(sun.latitude);
  const b = cosine(sun.latitude) * hourCosine;
  const crestLatitude = Math.atan2(a, b) / radiansPerDegree;
  if (crestLatitude >= south && crestLatitude <= north) return Math.hypot(a, b);
  return Math.max(a * sine(south) + b * cosine(south), a * sine(north) + b * cosine(north));
}

function subsolarPoint(ms: number): SubsolarPoint {
  const centuries = (ms - j2000Ms) / centuryMs;
  const meanLongitude = 280.46646 + centuries * (36_000.76983 + centuries * 0.0003032);
  const meanAnomaly = 357.52911 + centuries * (35_999.05029 - centuries * 0.0001537);
  const eccentricity = 0.016708634 - centuries * (0.000042037 + centuries * 0.0000001267);
  const centre =
    sine(meanAnomaly) * (1.914602 - centuries * (0.004817 + centuries * 0.000014)) +
    sine(2 * meanAnomaly) * (0.019993 - centuries * 0.000101) +
    sine(3 * meanAnomaly) * 0.000289;
  const node = 125.04 - 1934.136 * centuries;
  const apparentLongitude = meanLongitude + centre - 0.00569 - 0.00478 * sine(node);
  const meanObliquity = 23.4392911 - centuries * (0.0130042 + centuries * (0.00000016 - centuries * 0.000000504));
  const obliquity = meanObliquity + 0.00256 * cosine(node);
  const latitude = Math.asin(sine(obliquity) * sine(apparentLongitude)) / radiansPerDegree;

  // Smart's series for the equation of time (Meeus, 28.3), turned from radians into minutes, four a degree.
  const y = Math.tan((obliquity / 2) * radiansPerDegree) ** 2;
  const equationOfTimeMinutes =
    (4 / radiansPerDegree) *
    (y * sine(2 * meanLongitude) -
      2 * eccentricity * sine(meanAnomaly) +
      4 * eccentricity * y * sine(meanAnomaly) * cosine(2 * meanLongitude) -
      0.5 * y * y * sine(4 * meanLongitude) -
      1.25 * eccentricity * eccentricity * sine(2 * meanAnomaly));
  const minutesOfDay = (((ms % dayMs) + dayMs) % dayMs) / minuteMs;
  return { latitude, longitude: (720 - minutesOfDay - equationOfTimeMinutes) / 4 };
}

function sine(degrees: number): number {
  return Math.sin(degrees * radiansPerDegree);
}

function cosine(degrees: number): number {
  return Math.cos(degrees * radiansPerDegree);
}
