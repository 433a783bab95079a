import type { FindingFacts } from '../detectors/detector.ts';
import type { BothLanguages } from '../rule.ts';
import { clock, durationEn, durationZh, figure, names, odds, reading } from './figures.ts';
import { indicatorWords } from './indicators.ts';

export function fakeOfflineSentence(facts: FindingFacts): BothLanguages {
  switch ((facts.rule.parameters as { sign: string }).sign) {
    case 'silent':
      return silent(facts);
    case 'flicker':
      return flicker(facts);
    case 'replayed':
      return replayed(facts);
    case 'identical':
      return identical(facts);
    default:
      return still(facts);
  }
}

function silent(facts: FindingFacts): BothLanguages {
  const { subjectKind, subjectName, machineNames, detail, firstMs, lastEndMs, timeZone } = facts;
  const since = clock(timeZone, firstMs);
  const count = number(detail.machines);
  const gateways = number(detail.gateways);
  const machines = names(machineNames);
  const subject = {
    ENTERPRISE: {
      en: `${subjectName} as a whole, all ${count} machines${gateways > 1 ? ` behind ${gateways} gateways` : ''},`,
      zh: `企业“${subjectName}”全部 ${count} 台设备${gateways > 1 ? `（经 ${gateways} 个网关）` : ''}`,
    },
    GATEWAY: {
      en: `Gateway ${subjectName} with all ${count} machines behind it (${machines})`,
      zh: `网关 ${subjectName} 及其所接全部 ${count} 台设备（${machines}）`,
    },
    METER: {
      en: `All machines behind meter ${facts.meterId} (${machines})`,
      zh: `电表 ${facts.meterId} 所带全部设备（${machines}）`,
    },
  }[subjectKind as string] ?? { en: `Machine ${subjectName}`, zh: `设备“${subjectName}”` };
  const minutes = (lastEndMs - firstMs) / 60_000;
  const others =
    subjectKind === 'ENTERPRISE'
      ? { en: '', zh: '' }
      : { en: ' while others at the site were heard', zh: '，而同厂其他设备数据正常' };
  const load = loadOf(facts);
  const filed = filedOf(facts);
  return {
    en: `${subject.en} ${count > 1 && subjectKind !== 'GATEWAY' ? 'were' : 'was'} not heard from ${since} on for ${durationEn(minutes)}${others.en}, but ${load.en}${filed.en}`,
    zh: `${subject.zh}自 ${since} 起 ${durationZh(minutes)}无数据上报${others.zh}，但${load.zh}${filed.zh}`,
  };
}

/** What the meter showed, what a stop explains, and how sure that is. */
function loadOf({ meterId, seen, bound, runningTypicalKw, logLikelihoodRatio }: FindingFacts): BothLanguages {
  const typical = runningTypicalKw === null ? undefined : figure(runningTypicalKw);
  const likelier = odds(logLikelihoodRatio);
  return {
    en:
      `meter ${meterId} showed ${figure(seen)} kW on average; a stop explains at most ${figure(bound)} kW` +
      `${typical ? `, running typically draws ${typical} kW` : ''}. Running is ${likelier} times likelier than a stop.`,
    zh:
      `电表 ${meterId} 平均负荷为 ${figure(seen)} kW；停机状态最多可解释 ${figure(bound)} kW` +
      `${typical ? `，正常运行约为 ${typical} kW` : ''}。运行的可能性是停机的 ${likelier} 倍。`,
  };
}

function filedOf({ reason, rule, detail, timeZone }: FindingFacts): BothLanguages {
  const at = clock(timeZone, number(detail.filedMs));
  if (reason === 'silent-past-fault') {
    const { faultGraceMinutes } = rule.parameters as { faultGraceMinutes: number };
    return {
      en: ` A gateway fault is on file since ${at}; it excuses ${durationEn(faultGraceMinutes)}.`,
      zh: `网关故障自 ${at} 起已报备，可免责 ${durationZh(faultGraceMinutes)}，现已超出。`,
    };
  }
  if (reason === 'silent-despite-cut') {
    return {
      en: ` A power cut is on file since ${at}, which this load belies.`,
      zh: `自 ${at} 起报备停电，与该负荷不符。`,
    };
  }
  return { en: '', zh: '' };
}

function flicker(facts: FindingFacts): BothLanguages {
  const { subjectName, detail, firstMs, lastEndMs, timeZone, minutes, meterId, seen, logLikelihoodRatio } = facts;
  const [from, to] = [clock(timeZone, firstMs), clock(timeZone, lastEndMs)];
  const usual = figure(number(detail.usualPerDay));
  const likelier = odds(logLikelihoodRatio);
  return {
    en:
      `All data of ${subjectName} dropped out again and again from ${from} to ${to}, ${durationEn(minutes)} in all, each time ` +
      `while meter ${meterId} showed a running load (${figure(seen)} kW); while nothing runs, its line drops in ${usual} ` +
      `quarter hours a day. Drops kept for production are ${likelier} times likelier than such a line.`,
    zh:
      `企业“${subjectName}”自 ${from} 至 ${to} 反复短时掉线，累计 ${durationZh(minutes)}，每次电表 ${meterId} 均显示运行负荷` +
      `（${figure(seen)} kW）；停产时其线路每天仅有 ${usual} 个刻钟掉线。专在生产时掉线的可能性是线路自身故障的 ${likelier} 倍。`,
  };
}

function still(facts: FindingFacts): BothLanguages {
  const { subjectName, detail, reason, minutes, meterId, seen, logLikelihoodRatio, timeZone, firstMs } = facts;
  const isZero = reason === 'readings-zero' || reason === 'load-between-modes';
  const indicators = listOf(detail);
  const since = clock(timeZone, firstMs);
  const likelier = odds(logLikelihoodRatio);
  const value = `${reading(number(detail.value))} ${indicators.unit}`.trim();
  const load =
    meterId === ''
      ? { en: 'it was reported running', zh: '设备上报运行' }
      : { en: `meter ${meterId} showed ${figure(seen)} kW`, zh: `电表 ${meterId} 显示 ${figure(seen)} kW` };
  return {
    en:
      `${indicators.count === 1 ? `${indicators.en} of ${subjectName}` : `All ${indicators.count} live readings of ${subjectName} (${indicators.en})`} ` +
      `${isZero ? 'showed zero' : `stood exactly still${indicators.count === 1 ? ` at ${value}` : ''}`} for ${durationEn(minutes)} from ${since} on, ` +
      `while ${load.en}; they never did for long while it worked. That is ${likelier} times likelier of data that is not live.`,
    zh:
      `设备“${subjectName}”的 ${indicators.count} 项实时读数（${indicators.zh}）自 ${since} 起连续 ${durationZh(minutes)}` +
      `${isZero ? '全部为零' : `完全不变${indicators.count === 1 ? `（${value}）` : ''}`}，而${load.zh}；以往运行时从未长时间如此。` +
      `数据非实时的可能性是正常情况的 ${likelier} 倍。`,
  };
}

function replayed(facts: FindingFacts): BothLanguages {
  const { subjectName, detail, minutes, logLikelihoodRatio, timeZone, firstMs } = facts;
  const list = listOf(detail);
  const lagMs = number(detail.lagMs);
  const [from, then] = [clock(timeZone, firstMs), clock(timeZone, firstMs - lagMs)];
  const lag = lagMs / 60_000;
  const likelier = odds(logLikelihoodRatio);
  return {
    en:
      `Readings of ${subjectName} (${list.en}) repeated those of ${durationEn(lag)} before, slot by slot, for ${durationEn(minutes)}: ` +
      `what came from ${from} on is what came from ${then} on. By its own history that is ${likelier} times likelier of a replay than by chance.`,
    zh:
      `设备“${subjectName}”的读数（${list.zh}）自 ${from} 起连续 ${durationZh(minutes)}与 ${durationZh(lag)}前（${then} 起）逐段完全相同；` +
      `按其历史数据，重放旧数据的可能性是偶然重合的 ${likelier} 倍。`,
  };
}

function identical(facts: FindingFacts): BothLanguages {
  const { subjectName, subjectKind, detail, minutes, logLikelihoodRatio, timeZone, firstMs, seen } = facts;
  const list = listOf(detail);
  const { count } = list;
  const from = clock(timeZone, firstMs);
  const likelier = odds(logLikelihoodRatio);
  const correlation = seen.toFixed(3);
  const where = subjectKind === 'ENTERPRISE' ? `企业“${subjectName}”` : `设备“${subjectName}”`;
  return {
    en:
      `${count} unrelated readings of ${subjectName} (${list.en}) moved as one from ${from} on for ${durationEn(minutes)} ` +
      `(correlation of their changes ${correlation}). That is ${likelier} times likelier of made-up data than of sensors.`,
    zh:
      `${where}的 ${count} 项互不相关的读数（${list.zh}）自 ${from} 起 ${durationZh(minutes)}内变化完全一致` +
      `（变化量相关系数 ${correlation}）。数据系编造的可能性是真实传感器的 ${likelier} 倍。`,
  };
}

/** Indicators of the detail, in words. */
function listOf(detail: FindingFacts['detail']): BothLanguages & { readonly count: number; readonly unit: string } {
  const indicators = String(detail.indicators ?? '')
    .split(',')
    .map(indicatorWords);
  return {
    en: names(indicators.map(({ en }) => en)),
    zh: names(indicators.map(({ zh }) => zh)),
    count: indicators.length,
    unit: indicators[0]!.unit,
  };
}

function number(value: string | number | undefined): number {
  return Number(value ?? 0);
}
