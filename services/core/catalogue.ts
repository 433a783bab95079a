import type { BothLanguages } from './rule.ts';

/** Every sentence that a supervisor reads, in English and Chinese, from this one place. */

export interface StoppedButRunningFacts {
  readonly subjectKind: 'ENTERPRISE' | 'METER' | 'EQUIPMENT';
  readonly subjectName: string;
  readonly machineNames: readonly string[];
  readonly meterId: string;
  readonly minutes: number;
  readonly seenKw: number;
  readonly stoppedUpperKw: number;
  readonly runningTypicalKw: number | null;
  readonly logLikelihoodRatio: number;
}

const decimals = new Intl.NumberFormat('en-US', { maximumFractionDigits: 1 });

export function stoppedButRunningSummary(facts: StoppedButRunningFacts): BothLanguages {
  const seen = decimals.format(facts.seenKw);
  const upper = decimals.format(facts.stoppedUpperKw);
  const typical = facts.runningTypicalKw === null ? undefined : decimals.format(facts.runningTypicalKw);
  const odds = oddsOf(facts.logLikelihoodRatio);
  const machines = facts.machineNames.slice(0, 5).join(', ');
  const subject: Record<StoppedButRunningFacts['subjectKind'], BothLanguages> = {
    ENTERPRISE: {
      en: `${facts.subjectName} as a whole was reported stopped`,
      zh: `企业“${facts.subjectName}”整体上报停产`,
    },
    METER: {
      en: `All machines behind meter ${facts.meterId} (${machines}) were reported stopped`,
      zh: `电表 ${facts.meterId} 所带设备（${machines}）均上报停机`,
    },
    EQUIPMENT: { en: `Machine ${facts.subjectName} was reported stopped`, zh: `设备“${facts.subjectName}”上报停机` },
  };
  return {
    en:
      `${subject[facts.subjectKind].en}, but meter ${facts.meterId} showed ${seen} kW on average for ` +
      `${durationEn(facts.minutes)}; a stop explains at most ${upper} kW` +
      `${typical ? `, running typically draws ${typical} kW` : ''}. Running is ${odds} times likelier than a stop.`,
    zh:
      `${subject[facts.subjectKind].zh}，但电表 ${facts.meterId} 在${durationZh(facts.minutes)}内平均负荷为 ${seen} kW；` +
      `停机状态最多可解释 ${upper} kW${typical ? `，正常运行约为 ${typical} kW` : ''}。运行的可能性是停机的 ${odds} 倍。`,
  };
}

function oddsOf(logLikelihoodRatio: number): string {
  const power = Math.floor(logLikelihoodRatio / Math.LN10);
  return power < 4 ? decimals.format(Math.round(Math.exp(logLikelihoodRatio))) : `10^${power}`;
}

function durationEn(minutes: number): string {
  const hours = Math.floor(minutes / 60);
  const rest = Math.round(minutes % 60);
  return hours === 0 ? `${rest} min` : rest === 0 ? `${hours} h` : `${hours} h ${rest} min`;
}

function durationZh(minutes: number): string {
  const hours = Math.floor(minutes / 60);
  const rest = Math.round(minutes % 60);
  return hours === 0 ? `${rest} 分钟` : rest === 0 ? `${hours} 小时` : `${hours} 小时 ${rest} 分钟`;
}
