import type { FindingFacts } from '../detectors/detector.ts';
import type { BothLanguages } from '../rule.ts';
import { clock, durationEn, durationZh, figure, odds, percent, reading } from './figures.ts';

export function meterTamperingSentence(facts: FindingFacts): BothLanguages {
  switch (facts.reason) {
    case 'parts-exceed-whole':
    case 'parts-near-whole':
      return exceeds(facts);
    case 'part-exceeds-whole':
      return partExceeds(facts);
    case 'rest-collapsed':
    case 'rest-low':
      return collapsed(facts);
    case 'phase-lost':
    case 'load-low':
    case 'estimates-low':
      return number(facts.detail.estimated) === 1 ? estimatesLow(facts) : phaseLost(facts);
    case 'load-flat':
    case 'flat-so-far':
      return flat(facts);
    case 'register-ran-backwards':
      return backwards(facts);
    case 'register-parts-from-means':
      return parted(facts);
    case 'estimated-for-days':
      return estimated(facts);
    default:
      return scaled(facts);
  }
}

function exceeds(facts: FindingFacts): BothLanguages {
  const { subjectName, seen, bound, detail } = facts;
  const parts = number(detail.parts);
  return {
    en:
      `Meter ${subjectName} showed ${figure(seen)} kW on average for ${durationEn(facts.minutes)}, but the ${parts === 1 ? 'meter' : `${parts} meters`} ` +
      `right below it measured ${figure(bound)} kW together: ${figure(bound - seen)} kW more than came through it. ${sure(facts).en}`,
    zh:
      `总表 ${subjectName} 在${durationZh(facts.minutes)}内平均仅显示 ${figure(seen)} kW，而其下 ${parts} 块分表合计为 ${figure(bound)} kW，` +
      `高出 ${figure(bound - seen)} kW；分表之和不可能大于总表。${sure(facts).zh}`,
  };
}

function partExceeds(facts: FindingFacts): BothLanguages {
  const { subjectName, seen, bound, detail } = facts;
  const whole = String(detail.wholeId);
  return {
    en:
      `Meter ${subjectName} measured ${figure(seen)} kW on average for ${durationEn(facts.minutes)}, but meter ${whole} above it ` +
      `let no more than ${figure(bound)} kW through for it: it shows more than passes. ${sure(facts).en}`,
    zh:
      `分表 ${subjectName} 在${durationZh(facts.minutes)}内平均显示 ${figure(seen)} kW，而其上级表 ${whole} 最多只能供给它 ${figure(bound)} kW，` +
      `读数偏大。${sure(facts).zh}`,
  };
}

function collapsed(facts: FindingFacts): BothLanguages {
  const { subjectName, seen, bound, detail } = facts;
  const rest = figure(number(detail.restKw));
  const usual = figure(number(detail.usualRestKw));
  return {
    en:
      `Meter ${subjectName} showed ${figure(seen)} kW on average for ${durationEn(facts.minutes)} while all machines behind it were reported running; ` +
      `beyond what its sub-meters measured it let ${rest} kW through, usually ${usual} kW, and at least ${figure(bound)} kW in all was to be expected. ${sure(facts).en}`,
    zh:
      `表 ${subjectName} 在其所带设备均上报运行的${durationZh(facts.minutes)}内平均仅显示 ${figure(seen)} kW；` +
      `扣除分表后余量仅 ${rest} kW，平时约 ${usual} kW，合计至少应有 ${figure(bound)} kW，疑有旁路用电。${sure(facts).zh}`,
  };
}

function phaseLost(facts: FindingFacts): BothLanguages {
  const { subjectName, seen, bound, detail, machineNames } = facts;
  const whole = String(detail.wholeId);
  const rest = figure(number(detail.restKw));
  const usual = figure(number(detail.usualRestKw));
  const share = percent(seen / bound);
  return {
    en:
      `Meter ${subjectName} showed ${figure(seen)} kW on average for ${durationEn(facts.minutes)} while its machines (${machineNames.slice(0, 5).join(', ')}) were reported running, ` +
      `${share} of their usual ${figure(bound)} kW; meter ${whole} above it let ${rest} kW through beyond its sub-meters, usually ${usual} kW: ` +
      `the current flows and is not measured. ${sure(facts).en}`,
    zh:
      `设备（${machineNames.slice(0, 5).join('、')}）上报运行的${durationZh(facts.minutes)}内，电表 ${subjectName} 平均仅显示 ${figure(seen)} kW，` +
      `为平时 ${figure(bound)} kW 的 ${share}；而上级表 ${whole} 扣除分表后的余量为 ${rest} kW，平时约 ${usual} kW：` +
      `电流仍在，未被计量，疑为失相或互感器被短接。${sure(facts).zh}`,
  };
}

function estimatesLow(facts: FindingFacts): BothLanguages {
  const { subjectName, seen, bound, detail, machineNames } = facts;
  const whole = String(detail.wholeId);
  const rest = figure(number(detail.restKw));
  const usual = figure(number(detail.usualRestKw));
  const share = percent(seen / bound);
  return {
    en:
      `Estimates of meter ${subjectName} were ${figure(seen)} kW on average for ${durationEn(facts.minutes)} while its machines (${machineNames.slice(0, 5).join(', ')}) were reported running, ` +
      `${share} of their usual ${figure(bound)} kW; meter ${whole} above it let ${rest} kW through beyond its sub-meters, usually ${usual} kW: ` +
      `the current flows and the estimates leave it out. ${sure(facts).en}`,
    zh:
      `设备（${machineNames.slice(0, 5).join('、')}）上报运行的${durationZh(facts.minutes)}内，电表 ${subjectName} 的估算值平均仅 ${figure(seen)} kW，` +
      `为平时 ${figure(bound)} kW 的 ${share}；而上级表 ${whole} 扣除分表后的余量为 ${rest} kW，平时约 ${usual} kW：` +
      `电流仍在，估算值明显偏低。${sure(facts).zh}`,
  };
}

function flat(facts: FindingFacts): BothLanguages {
  const { subjectName, seen, detail } = facts;
  const within = reading(number(detail.withinPercent));
  const usually = percent(number(detail.usuallyPercent) / 100);
  const kind = number(detail.working) === 1 ? { en: 'at work', zh: '工作' } : { en: 'at rest', zh: '停机' };
  return {
    en:
      `Meter ${subjectName} has shown ${figure(seen)} kW within ${within} % for ${durationEn(facts.minutes)} and longer; ` +
      `its load ${kind.en} stays so still from one quarter of an hour to the next in ${usually} of the time. ${sure(facts).en}`,
    zh:
      `电表 ${subjectName} 的读数在${durationZh(facts.minutes)}以上的时间内恒定为 ${figure(seen)} kW（变化不超过 ${within} %）；` +
      `该表${kind.zh}负荷相邻两刻钟不变的情形平时仅占 ${usually}。${sure(facts).zh}`,
  };
}

function backwards(facts: FindingFacts): BothLanguages {
  const { subjectName, detail, timeZone, lastEndMs } = facts;
  const from = kwh(number(detail.fromKwh));
  const to = kwh(number(detail.toKwh));
  const energy = number(detail.energyKwh);
  const at = clock(timeZone, lastEndMs);
  return {
    en:
      `The register of meter ${subjectName} fell from ${from} to ${to} kWh within ${durationEn(60 * number(detail.hours))} (last at ${at})` +
      `${energy >= 0 ? `, while its own readings add up to ${figure(energy)} kWh drawn` : ''}; no rollover and no change of the meter explains it.`,
    zh:
      `电表 ${subjectName} 的电能示值在${durationZh(60 * number(detail.hours))}内由 ${from} 降至 ${to} kWh（最近一次于 ${at}）` +
      `${energy >= 0 ? `，而同期读数累计用电 ${figure(energy)} kWh` : ''}；既非示值翻转，也无换表记录。`,
  };
}

function parted(facts: FindingFacts): BothLanguages {
  const { subjectName, seen, bound, minutes } = facts;
  return {
    en:
      `The register of meter ${subjectName} grew by ${figure(seen)} kWh an hour for ${durationEn(minutes)}, ` +
      `where its own readings call for ${figure(bound)} kWh an hour.`,
    zh: `电表 ${subjectName} 的电能示值在${durationZh(minutes)}内每小时增加 ${figure(seen)} kWh，而按其自身读数应为 ${figure(bound)} kWh。`,
  };
}

function estimated(facts: FindingFacts): BothLanguages {
  const { subjectName, detail } = facts;
  const hours = figure(number(detail.estimatedHours));
  const longest = figure(number(detail.longestHours));
  return {
    en: `All readings of meter ${subjectName} have been estimates for ${hours} h (${longest} h are an honest gap), while its machines were reported running.`,
    zh: `电表 ${subjectName} 已连续 ${hours} 小时只有估算值（正常缺数不超过 ${longest} 小时），而其所带设备上报运行。`,
  };
}

function scaled(facts: FindingFacts): BothLanguages {
  const { subjectName, detail, timeZone } = facts;
  const factor = number(detail.factor);
  const since = clock(timeZone, number(detail.sinceMs));
  const phases = phasesOf(factor);
  return {
    en:
      `Meter ${subjectName} has shown ${reading(factor)} times its usual loads since ${since}, at work and at rest alike` +
      `${phases.en}; no change of the meter or its transformers is on file. ${sure(facts).en}`,
    zh: `电表 ${subjectName} 自 ${since} 起的读数约为平时的 ${reading(factor)} 倍，工作与停机时一致${phases.zh}；未备案换表或更换互感器。${sure(facts).zh}`,
  };
}

/** One or two of three phases that are not measured leave two thirds or one third. */
function phasesOf(factor: number): BothLanguages {
  const near = (share: number): boolean => Math.abs(Math.log(factor / share)) < 0.12;
  if (near(2 / 3)) return { en: ', as when one of three phases is not measured', zh: '，与缺一相的情形相符' };
  if (near(1 / 3)) return { en: ', as when two of three phases are not measured', zh: '，与缺两相的情形相符' };
  return { en: '', zh: '' };
}

function sure({ logLikelihoodRatio }: FindingFacts): BothLanguages {
  return {
    en: `A meter that lies is ${odds(logLikelihoodRatio)} times likelier than one that is right.`,
    zh: `读数失实的可能性约为正常的 ${odds(logLikelihoodRatio)} 倍。`,
  };
}

function kwh(value: number): string {
  return value.toFixed(2);
}

function number(value: string | number | undefined): number {
  return typeof value === 'number' ? value : 0;
}
