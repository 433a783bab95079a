import { instantToLocal, localToInstant, parseInstant } from '../core/recording-time.ts';

/** A time stamp as read: `localMs` is what the site's clock showed, written as if it were UTC. */
export type ReadStamp = (
  text: string,
  timeZone: string,
) => { readonly localMs: number; readonly ms: number } | undefined;

const fields = ['yyyy', 'MM', 'dd', 'HH', 'mm', 'ss'] as const;

/** The reader for a format: `iso`, `epoch-s`, `epoch-ms`, or a pattern such as `dd-MM-yyyy HH:mm`. */
export function timeFormat(format: string): ReadStamp | undefined {
  if (format === 'iso') return (text, zone) => absolute(parseInstant(text.replace(' ', 'T')), zone);
  if (format === 'epoch-s') return (text, zone) => absolute(text === '' ? undefined : Number(text) * 1000, zone);
  if (format === 'epoch-ms') return (text, zone) => absolute(text === '' ? undefined : Number(text), zone);
  const order: (typeof fields)[number][] = [];
  const source = format.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&').replace(/yyyy|MM|dd|HH|mm|ss/g, (field) => {
    order.push(field as (typeof fields)[number]);
    // People drop leading zeros: 1/2/2018 9:15 is as good as 01/02/2018 09:15.
    return field === 'yyyy' ? '(\\d{4})' : '(\\d{1,2})';
  });
  if (!fields.slice(0, 3).every((field) => order.includes(field))) return undefined;
  const pattern = new RegExp(`^${source}$`);
  return (text, zone) => {
    const match = pattern.exec(text);
    if (!match) return undefined;
    const part = (field: (typeof fields)[number]) =>
      order.includes(field) ? Number(match[order.indexOf(field) + 1]) : 0;
    const month = part('MM') - 1;
    const localMs = Date.UTC(part('yyyy'), month, part('dd'), part('HH'), part('mm'), part('ss'));
    const day = new Date(localMs);
    // 24:00 is a way to write midnight; 31-02 is not a way to write a day.
    const real = part('HH') === 24 ? part('mm') === 0 : part('HH') < 24 && day.getUTCDate() === part('dd');
    if (!real || month > 11 || part('mm') > 59 || part('ss') > 59) return undefined;
    return { localMs, ms: localToInstant(zone, localMs) };
  };
}

function absolute(ms: number | undefined, zone: string): ReturnType<ReadStamp> {
  if (ms === undefined || !Number.isFinite(ms)) return undefined;
  return { ms, localMs: instantToLocal(zone, ms) };
}
