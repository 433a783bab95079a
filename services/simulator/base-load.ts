import type { Random } from './random.ts';

const minuteMs = 60_000;
const dayMs = 86_400_000;

/** Mean kW of each minute from a local wall-clock start (written as if UTC). */
export type MinuteLoad = (localStartMs: number, minutes: number, random: Random) => Float64Array;

/** A dormitory of some 120 people: breakfast, a long evening, quiet nights, more in the cold and in the heat. */
export const dormitoryLoad: MinuteLoad = (localStartMs, minutes, random) => {
  const load = new Float64Array(minutes);
  let drift = 0;
  for (let i = 0; i < minutes; i++) {
    const localMs = localStartMs + i * minuteMs;
    const hour = (localMs % dayMs) / 3_600_000;
    const yearShare = (localMs / dayMs / 365.25) % 1;
    // Coldest in mid January, hottest at the end of July: both draw current.
    const heating = Math.max(0, Math.cos(2 * Math.PI * (yearShare - 0.04))) * 14;
    const cooling = Math.max(0, Math.cos(2 * Math.PI * (yearShare - 0.57))) ** 2 * 18;
    const people = 6 + 11 * bump(hour, 6.7, 0.9) + 5 * bump(hour, 12.3, 0.8) + 24 * bump(hour, 20.3, 2.1);
    const asleep = bump(hour, 3, 2.5);
    drift += -drift / 90 + random.normal() * 0.45;
    load[i] = Math.max(3, people + (heating + cooling) * (0.55 + 0.45 * (1 - asleep)) + drift);
  }
  return load;
};

/** Two banks of heaters, one always on and one switched by a thermostat: near-constant, with cycling. */
export const holdingFurnaceLoad = furnaceLoad({ constantKw: 40, switchedKw: 45, bandK: 4, lidLossKw: 18 });

/** One bank, all of it switched: a quarter of an hour may hold nothing or the whole 120 kW. The hardest neighbour. */
export const onOffFurnaceLoad = furnaceLoad({ constantKw: 0, switchedKw: 120, bandK: 10, lidLossKw: 35 });

interface Furnace {
  readonly constantKw: number;
  readonly switchedKw: number;
  /** Between switching off and on. */
  readonly bandK: number;
  /** Lost besides while the lid is open. */
  readonly lidLossKw: number;
}

/** Heat in a bath of metal against losses that follow the lid. */
function furnaceLoad({ constantKw, switchedKw, bandK, lidLossKw }: Furnace): MinuteLoad {
  const controlsKw = 4;
  const closedLossKw = 62;
  // 4.5 t of melt at 1.1 kJ/(kg K): a kilowatt for a minute is 0.0121 K.
  const kelvinPerKwMinute = 60 / (4500 * 1.1);
  return (_localStartMs, minutes, random) => {
    const load = new Float64Array(minutes);
    let belowUpperK = random.between(0, bandK);
    let heating = true;
    let lidOpenMinutes = 0;
    for (let i = 0; i < minutes; i++) {
      if (lidOpenMinutes > 0) lidOpenMinutes--;
      else if (random.next() < 1 / 240) lidOpenMinutes = Math.round(random.between(4, 14));
      const lossKw = closedLossKw + random.normal() * 2 + (lidOpenMinutes > 0 ? lidLossKw : 0);
      if (belowUpperK <= 0) heating = false;
      else if (belowUpperK >= bandK) heating = true;
      const kw = constantKw + (heating ? switchedKw * (1 + random.normal() * 0.01) : 0);
      belowUpperK -= (kw - lossKw) * kelvinPerKwMinute;
      load[i] = kw + controlsKw;
    }
    return load;
  };
}

/** A smooth rise and fall around an hour of the day, 0 to 1, across midnight as well. */
function bump(hour: number, centre: number, width: number): number {
  const off = Math.abs(hour - centre);
  const distance = Math.min(off, 24 - off);
  return Math.exp(-0.5 * (distance / width) ** 2);
}

/** Means over whole intervals of minutes. */
export function foldMinutes(load: Float64Array, perInterval: number): number[] {
  const means: number[] = [];
  for (let from = 0; from + perInterval <= load.length; from += perInterval) {
    let sum = 0;
    for (let i = from; i < from + perInterval; i++) sum += load[i]!;
    means.push(sum / perInterval);
  }
  return means;
}
