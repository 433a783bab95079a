import { Refusal } from '../core/batch.ts';

const earliestMs = Date.UTC(2000, 0, 1);
const latestMs = Date.UTC(2100, 0, 1);

/** Tables are partitioned by month: times that cannot be meant would leave partitions behind that nobody cleans up. */
export function refuseTimes(times: Readonly<Record<string, number | null>>): Refusal | undefined {
  for (const [field, ms] of Object.entries(times)) {
    if (ms !== null && !(ms >= earliestMs && ms < latestMs)) return timeRefusal(field, ms);
  }
  return undefined;
}

/** The same for one time, without the object, where there are hundreds of thousands a second. */
export function refuseTime(field: string, ms: number): Refusal | undefined {
  return ms >= earliestMs && ms < latestMs ? undefined : timeRefusal(field, ms);
}

function timeRefusal(field: string, ms: number): Refusal {
  return new Refusal('time-out-of-range', `${field} is ${ms}, not between the years 2000 and 2100`);
}
