import type { FindingFacts } from '../detectors/detector.ts';
import type { BothLanguages } from '../rule.ts';
import { clock, durationEn, durationZh, names, percent, reading } from './figures.ts';

export function dustCleaningSentence(facts: FindingFacts): BothLanguages {
  switch (facts.reason) {
    case 'run-hours-exceeded':
      return exceeded(facts);
    case 'line-ran-while-cleaned':
      return ran(facts);
    case 'cleaning-not-seen':
      return notSeen(facts);
    case 'layer-too-deep':
      return tooDeep(facts);
    case 'blown-with-air':
      return blown(facts);
    default:
      return missed(facts);
  }
}

function missed(facts: FindingFacts): BothLanguages {
  const { detail, reason, firstMs, lastEndMs } = facts;
  const where = whereOf(facts);
  const [from, to] = spanOf(facts, firstMs, lastEndMs);
  const ran = number(detail.ranMinutes);
  const metered = number(detail.meteredMinutes);
  const shift = String(detail.shift ?? '');
  const due = clock(facts.timeZone, number(detail.dueMs));
  const late = reason === 'cleaning-filed-too-late';
  return {
    en:
      `${where.en}: the line ran for ${durationEn(ran)}${metered > 0 ? ` (${durationEn(metered)} of it by the meter alone)` : ''} ` +
      `in ${shift ? `shift ${shift}, ` : 'the day '}${from} to ${to}, and ` +
      (late
        ? `its cleaning, due by ${due}, was filed too late to count.`
        : `no cleaning is on file, which was due by ${due}.`),
    zh:
      `${where.zh}在${shift ? `班次“${shift}”` : '当日'}（${from} 至 ${to}）内运行 ${durationZh(ran)}` +
      `${metered > 0 ? `（其中 ${durationZh(metered)}仅由电表显示）` : ''}，` +
      (late ? `应于 ${due} 前完成的清扫补报过晚，不予认可。` : `应于 ${due} 前完成清扫，但无清扫记录。`),
  };
}

function exceeded(facts: FindingFacts): BothLanguages {
  const { detail } = facts;
  const where = whereOf(facts);
  const ran = number(detail.ranMinutes);
  const allowed = reading(number(detail.allowedHours));
  const atLeast = number(detail.atLeast) === 1;
  return {
    en: `${where.en}: ${atLeast ? 'at least ' : ''}${durationEn(ran)} of production since the last cleaning on file; cleaning is due after ${allowed} h.`,
    zh: `${where.zh}自上次清扫记录以来已${atLeast ? '至少' : ''}生产 ${durationZh(ran)}；按规定每生产 ${allowed} 小时应清扫一次。`,
  };
}

function ran(facts: FindingFacts): BothLanguages {
  const { detail } = facts;
  const where = whereOf(facts);
  const [from, to] = spanOf(facts, number(detail.claimFromMs), number(detail.claimToMs));
  const minutes = number(detail.ranMinutes);
  const metered = number(detail.meteredMinutes);
  const machines = names(facts.machineNames);
  return {
    en:
      `${where.en}: a cleaning is on file for ${from} to ${to}, but the line (${machines}) ran for ${durationEn(minutes)} of it` +
      `${metered > 0 ? `, ${durationEn(metered)} by the meter alone` : ', as it reported itself'}; dust is not cleaned while it is made.`,
    zh:
      `${where.zh}记录在 ${from} 至 ${to} 清扫，但其间生产设备（${machines}）运行 ${durationZh(minutes)}` +
      `${metered > 0 ? `，其中 ${durationZh(metered)}仅由电表显示` : '（设备自报）'}；生产中不可能完成清扫。`,
  };
}

function notSeen(facts: FindingFacts): BothLanguages {
  const { detail, cameras } = facts;
  const where = whereOf(facts);
  const [from, to] = spanOf(facts, number(detail.claimFromMs), number(detail.claimToMs));
  const deny = cameras.filter(({ supports }) => supports);
  const who = names([...new Set(deny.map(({ sourceId }) => sourceId))]);
  const watched = percent(number(detail.watchedPercent) / 100);
  const sure = deny.flatMap(({ confidence }) => (confidence === null ? [] : [confidence]));
  const least = sure.length > 0 ? percent(Math.min(...sure)) : undefined;
  return {
    en:
      `${where.en}: a cleaning is on file for ${from} to ${to}, but camera ${who} watched ${watched} of that time and saw none` +
      `${least ? ` (confidence ${least})` : ''}; no other camera saw any.`,
    zh:
      `${where.zh}记录在 ${from} 至 ${to} 清扫，但摄像机 ${who} 覆盖其中 ${watched} 的时间，未见清扫` +
      `${least ? `（置信度 ${least}）` : ''}；其他摄像机亦未见。`,
  };
}

function tooDeep(facts: FindingFacts): BothLanguages {
  const where = whereOf(facts);
  const depth = reading(number(facts.detail.depthMm));
  const highest = reading(facts.bound);
  const at = clock(facts.timeZone, facts.firstMs);
  const source = String(facts.detail.source ?? '');
  return {
    en: `${where.en}: a dust layer of ${depth} mm was measured at ${at}${source ? ` by ${source}` : ''}; from ${highest} mm on work stops until it is cleaned.`,
    zh: `${where.zh}于 ${at}${source ? `由 ${source} ` : ''}测得积尘厚度 ${depth} 毫米；超过 ${highest} 毫米应停止作业并清扫。`,
  };
}

function blown(facts: FindingFacts): BothLanguages {
  const where = whereOf(facts);
  const at = clock(facts.timeZone, facts.firstMs);
  const source = String(facts.detail.source ?? '');
  const confidence = number(facts.detail.confidence);
  const sure = confidence < 0 ? undefined : percent(confidence);
  return {
    en:
      `${where.en}: compressed air was used on dust from ${at} for ${durationEn(facts.minutes)}` +
      `${source ? `, seen by ${source}` : ''}${sure ? ` (confidence ${sure})` : ''}; it raises the dust that may explode.`,
    zh:
      `${where.zh}自 ${at} 起使用压缩空气吹扫粉尘 ${durationZh(facts.minutes)}` +
      `${source ? `（${source} 发现${sure ? `，置信度 ${sure}` : ''}）` : ''}；吹扫会扬起可爆粉尘。`,
  };
}

function whereOf({ subjectKind, subjectName }: FindingFacts): BothLanguages {
  return subjectKind === 'SECTION'
    ? { en: `Section ${subjectName}`, zh: `“${subjectName}”` }
    : { en: `Site of ${subjectName}`, zh: `企业“${subjectName}”` };
}

function spanOf({ timeZone }: FindingFacts, fromMs: number, toMs: number): readonly [string, string] {
  const [from, to] = [clock(timeZone, fromMs), clock(timeZone, toMs)];
  // The day once, where both are on it.
  return [from, to.slice(0, 5) === from.slice(0, 5) ? to.slice(6) : to];
}

function number(value: string | number | undefined): number {
  return typeof value === 'number' ? value : 0;
}
