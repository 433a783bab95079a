import type { FindingFacts } from '../detectors/detector.ts';
import type { BothLanguages } from '../rule.ts';
import { clock, durationEn, durationZh, figure, odds } from './figures.ts';

export function hotWorkSentence(facts: FindingFacts): BothLanguages {
  switch (facts.reason) {
    case 'line-runs-under-permit':
    case 'line-reported-running-under-permit':
    case 'line-partly-unseen':
    case 'load-between-modes':
      return facts.detail.stoppedKw === undefined ? lineRuns(facts) : suspected(facts);
    case 'arcs-without-permit':
    case 'arcs-past-permit':
    case 'few-bursts':
      return arcs(facts);
    case 'welder-load-suspected':
      return suspected(facts);
    default:
      return seen(facts);
  }
}

/** What was seen, by kind: once, several times, and beside other kinds. */
interface Sight {
  readonly once: string;
  readonly often: string;
  readonly zh: string;
  readonly among: BothLanguages;
}

const sights: Readonly<Record<string, Sight>> = {
  FLAME: {
    once: 'a flame was seen',
    often: 'flames were seen',
    zh: '发现明火',
    among: { en: 'flames', zh: '明火' },
  },
  SPARK: {
    once: 'sparks were seen',
    often: 'sparks were seen',
    zh: '发现火花',
    among: { en: 'sparks', zh: '火花' },
  },
  WELDER_START: {
    once: 'a welding set was started',
    often: 'welding sets were started',
    zh: '电焊机启动',
    among: { en: 'starts of a welding set', zh: '电焊机启动' },
  },
};

function seen(facts: FindingFacts): BothLanguages {
  const { detail, timeZone, firstMs, lastEndMs } = facts;
  const where = whereOf(facts);
  const kinds = String(detail.kinds).split(' ');
  const known = kinds.flatMap((kind) => sights[kind] ?? []);
  const [sight] = known;
  const times = number(detail.sightings);
  const what = {
    en:
      known.length === 1
        ? `${sight!.often} ${times} times`
        : `hot work was seen ${times} times (${known.map(({ among }) => among.en).join(', ')})`,
    zh:
      known.length === 1
        ? `${sight!.zh} ${times} 次`
        : `发现动火迹象 ${times} 次（${known.map(({ among }) => among.zh).join('、')}）`,
  };
  const from = clock(timeZone, firstMs);
  const to = clock(timeZone, lastEndMs);
  const why = whyNot(facts);
  const source = String(detail.source ?? '');
  const confidence = number(detail.confidence);
  const sure = confidence < 0 ? '' : figureOf(confidence);
  const by = {
    en: source && ` (source ${source}${sure && `, confidence ${sure}`})`,
    zh: source && `（来源 ${source}${sure && `，置信度 ${sure}`}）`,
  };
  return {
    en:
      times > 1
        ? `${where.en}: ${what.en} from ${from} to ${to}${by.en}; ${why.en}.`
        : `${where.en}: ${sight?.once ?? what.en} at ${from}${by.en}; ${why.en}.`,
    zh:
      times > 1
        ? `${where.zh}在 ${from} 至 ${to} ${what.zh}${by.zh}；${why.zh}。`
        : `${where.zh}在 ${from} ${sight?.zh ?? what.zh}${by.zh}；${why.zh}。`,
  };
}

function lineRuns(facts: FindingFacts): BothLanguages {
  const { detail, timeZone, minutes, reason } = facts;
  const where = whereOf(facts);
  const from = clock(timeZone, number(detail.permitFromMs));
  const to = clock(timeZone, number(detail.validUntilMs));
  const meter = String(detail.meter ?? '');
  const machine = String(detail.machine ?? '');
  const load = { kw: figure(facts.seen), upper: figure(facts.bound) };
  const likelier = odds(facts.logLikelihoodRatio);
  const reported = reason === 'line-reported-running-under-permit';
  return {
    en:
      `${where.en}: hot work is permitted from ${from} to ${to} (permit ${detail.permit}), so its line must stand; but ` +
      (reported
        ? `machine ${machine} was reported running for ${durationEn(minutes)}.`
        : `meter ${meter} showed ${load.kw} kW on average for ${durationEn(minutes)}, and a stop with welding explains at ` +
          `most ${load.upper} kW. Running is ${likelier} times likelier than a stop.`),
    zh:
      `${where.zh}在 ${from} 至 ${to} 已审批动火（作业票 ${detail.permit}），其间该区域生产设备应当停机；但` +
      (reported
        ? `设备“${machine}”上报运行 ${durationZh(minutes)}。`
        : `电表 ${meter} 在${durationZh(minutes)}内平均负荷为 ${load.kw} kW，停机加焊接最多可解释 ${load.upper} kW。` +
          `运行的可能性是停机的 ${likelier} 倍。`),
  };
}

function arcs(facts: FindingFacts): BothLanguages {
  const { detail, minutes } = facts;
  const where = whereOf(facts);
  const why = whyNot(facts);
  const meter = String(detail.meter ?? '');
  const kw = figure(facts.seen);
  const least = figure(facts.bound);
  const bursts = figure(number(detail.cycleBursts));
  const likelier = odds(facts.logLikelihoodRatio);
  return {
    en:
      `${where.en}: over ${durationEn(minutes)} meter ${meter} leapt from a steady floor by ${kw} kW and fell back, about ` +
      `${bursts} times in ten minutes, as arc welding does (grinders stay under ${least} kW); ${why.en}. Welding is ` +
      `${likelier} times likelier than what leaps there by itself.`,
    zh:
      `${where.zh}：电表 ${meter} 在${durationZh(minutes)}内由平稳底值反复跃升 ${kw} kW 后回落，每十分钟约 ${bursts} 次，` +
      `符合电弧焊特征（角磨机低于 ${least} kW）；${why.zh}。焊接的可能性是该电表自身波动的 ${likelier} 倍。`,
  };
}

function suspected(facts: FindingFacts): BothLanguages {
  const { detail, minutes, meterId, machineNames } = facts;
  const kw = figure(facts.seen);
  const stopped = figure(number(detail.stoppedKw));
  const rated = figure(number(detail.ratedKw));
  const least = figure(number(detail.leastKw));
  const most = figure(number(detail.mostKw));
  const sets = machineNames.join(', ');
  return {
    en:
      `Suspicion only: meter ${meterId} showed ${kw} kW on average for ${durationEn(minutes)} while all else behind it was ` +
      `reported stopped; a stop typically shows ${stopped} kW, and welding at ${sets} (${rated} kW) adds ${least} to ` +
      `${most} kW on average. No hot-work permit covers it.`,
    zh:
      `仅为疑点：电表 ${meterId} 在${durationZh(minutes)}内平均负荷为 ${kw} kW，而所带其他设备均上报停机；停机时通常为 ` +
      `${stopped} kW，${sets}（额定 ${rated} kW）焊接时平均增加 ${least} 至 ${most} kW。该时段无有效动火审批。`,
  };
}

/** Why the permits on file do not cover it. */
function whyNot({ reason, detail, timeZone }: FindingFacts): BothLanguages {
  const permit = String(detail.permit ?? '');
  const until = permit === '' ? '' : clock(timeZone, number(detail.validUntilMs));
  const late = number(detail.filedLateMinutes);
  if (reason === 'permit-expired-by-grade') {
    return {
      en: `permit ${permit} of grade ${detail.grade} holds until ${until} and no longer`,
      zh: `作业票 ${permit}（${detail.grade} 级）有效期至 ${until} 止`,
    };
  }
  if (permit !== '' && late > 0) {
    return {
      en: `permit ${permit} was filed ${durationEn(late)} after it, too late to count`,
      zh: `作业票 ${permit} 在其后 ${durationZh(late)}才补报，不予认可`,
    };
  }
  if (permit !== '') {
    return { en: `permit ${permit} had ended at ${until}`, zh: `作业票 ${permit} 已于 ${until} 到期` };
  }
  return { en: 'no hot-work permit is on file for it', zh: '该时段无动火作业审批记录' };
}

function whereOf({ subjectKind, subjectName }: FindingFacts): BothLanguages {
  return subjectKind === 'SECTION'
    ? { en: `Section ${subjectName}`, zh: `区域“${subjectName}”` }
    : { en: `${subjectName}, no section known`, zh: `企业“${subjectName}”（区域不明）` };
}

function figureOf(confidence: number): string {
  return String(Math.round(confidence * 100) / 100);
}

function number(value: string | number | undefined): number {
  return typeof value === 'number' ? value : 0;
}
