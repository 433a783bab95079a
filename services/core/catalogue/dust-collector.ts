import type { FindingFacts } from '../detectors/detector.ts';
import type { BothLanguages } from '../rule.ts';
import { clock, durationEn, durationZh, figure, odds, reading } from './figures.ts';

export function dustCollectorSentence(facts: FindingFacts): BothLanguages {
  switch (facts.reason) {
    case 'collector-load-absent':
    case 'collector-pressure-absent':
      return absent(facts);
    case 'collector-started-late':
      return late(facts);
    case 'collector-stopped-early':
      return early(facts);
    case 'pressure-left-reference':
      return drifted(facts);
    case 'airlock-off':
      return airlock(facts);
    default:
      return off(facts);
  }
}

function off({ subjectName, detail, minutes, firstMs, timeZone }: FindingFacts): BothLanguages {
  const line = String(detail.line);
  const byMeter = detail.byMeter === 1;
  const at = clock(timeZone, firstMs);
  return {
    en:
      `Collector ${subjectName} reported itself off from ${at} for ${durationEn(minutes)} while its line (${line}) ran` +
      `${byMeter ? ', as its meter shows' : ''}; dust is made only while it is drawn off.`,
    zh:
      `除尘器“${subjectName}”自 ${at} 起上报停机 ${durationZh(minutes)}，其间所服务设备（${line}）` +
      `${byMeter ? '由电表显示' : ''}仍在运行；除尘器未运行时不得生产。`,
  };
}

function absent(facts: FindingFacts): BothLanguages {
  const { subjectName, detail, minutes, meterId, seen, bound, logLikelihoodRatio } = facts;
  const line = String(detail.line);
  const likelier = odds(logLikelihoodRatio);
  const shown = shownOf(facts);
  const usual = typeof detail.usualKw === 'number' ? figure(detail.usualKw) : undefined;
  const byMeter = meterId !== '';
  return {
    en:
      `The line (${line}) of collector ${subjectName} ran for ${durationEn(minutes)} while ` +
      (byMeter
        ? `meter ${meterId} of the collector showed ${reading(seen)} kW; a fan that turns draws over ${reading(bound)} kW` +
          `${usual ? `, usually ${usual} kW` : ''}`
        : shown.en) +
      `. That it stood is ${likelier} times likelier than that it ran, and it was not reported off.`,
    zh:
      `除尘器“${subjectName}”所服务设备（${line}）运行 ${durationZh(minutes)}，其间` +
      (byMeter
        ? `除尘器电表 ${meterId} 负荷为 ${reading(seen)} kW；风机运转时应高于 ${reading(bound)} kW${usual ? `，通常约 ${usual} kW` : ''}`
        : shown.zh) +
      `。风机停转的可能性是运转的 ${likelier} 倍，而除尘器并未上报停机。`,
  };
}

function shownOf({ detail }: FindingFacts): BothLanguages {
  if (typeof detail.fanKw === 'number') {
    const fan = reading(detail.fanKw);
    const bound = reading(Number(detail.fanBoundKw));
    return {
      en: `its fan drew at most ${fan} kW, where one that turns draws over ${bound} kW`,
      zh: `其风机负荷最高 ${fan} kW，运转时应高于 ${bound} kW`,
    };
  }
  const least = reading(Number(detail.leastPressurePa));
  return {
    en: `the differential pressure of its filter was not above ${least} Pa, as without any flow`,
    zh: `其滤袋压差不超过 ${least} Pa，相当于没有气流`,
  };
}

function late({ subjectName, detail, timeZone }: FindingFacts): BothLanguages {
  const [line, fan] = [clock(timeZone, Number(detail.lineMs)), clock(timeZone, Number(detail.fanMs))];
  const due = Number(detail.dueMinutes);
  const machines = String(detail.line);
  return {
    en: `The line (${machines}) started about ${line} and its collector ${subjectName} about ${fan}; the fan must start ${due} min before the line, and by the reports it cannot have.`,
    zh: `生产设备（${machines}）约于 ${line} 启动，除尘器“${subjectName}”约于 ${fan} 启动；风机应先于生产设备 ${due} 分钟启动，上报记录表明未做到。`,
  };
}

function early({ subjectName, detail, timeZone }: FindingFacts): BothLanguages {
  const [line, fan] = [clock(timeZone, Number(detail.lineMs)), clock(timeZone, Number(detail.fanMs))];
  const due = Number(detail.dueMinutes);
  const machines = String(detail.line);
  return {
    en: `The line (${machines}) stopped about ${line} and its collector ${subjectName} about ${fan}; the fan must run on for ${due} min, and by the reports it cannot have.`,
    zh: `生产设备（${machines}）约于 ${line} 停机，除尘器“${subjectName}”约于 ${fan} 停机；风机应在生产设备停机后继续运行 ${due} 分钟，上报记录表明未做到。`,
  };
}

function drifted({ subjectName, detail, minutes, seen, bound }: FindingFacts): BothLanguages {
  const reference = Number(detail.referencePa);
  const percent = reading(Number(detail.driftPercent));
  const allowed = reading(Number(detail.allowedPa));
  const hours = reading(Number(detail.referenceHours));
  const up = seen > reference;
  return {
    en:
      `Differential pressure of collector ${subjectName} averaged ${reading(seen)} Pa over ${durationEn(minutes)} of running, ` +
      `${up ? 'above' : 'below'} ${reading(bound)} Pa: it left its reference of ${reading(reference)} Pa (first ${hours} h of use) ` +
      `by more than ${percent} % of the allowed ${allowed} Pa.`,
    zh:
      `除尘器“${subjectName}”运行 ${durationZh(minutes)}内平均压差 ${reading(seen)} Pa，${up ? '高于' : '低于'} ${reading(bound)} Pa：` +
      `相对初始 ${hours} 小时基准 ${reading(reference)} Pa 的偏离超过允许值 ${allowed} Pa 的 ${percent} %。`,
  };
}

function airlock({ subjectName, minutes, firstMs, timeZone }: FindingFacts): BothLanguages {
  const at = clock(timeZone, firstMs);
  return {
    en: `The airlock valve of collector ${subjectName} stood from ${at} for ${durationEn(minutes)} while the collector ran; dust gathers in its hopper.`,
    zh: `除尘器“${subjectName}”运行期间，锁气卸灰装置自 ${at} 起停转 ${durationZh(minutes)}；灰斗内粉尘堆积。`,
  };
}
