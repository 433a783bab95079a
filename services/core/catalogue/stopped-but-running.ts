import type { FindingFacts } from '../detectors/detector.ts';
import type { BothLanguages } from '../rule.ts';
import { durationEn, durationZh, figure, names, odds } from './figures.ts';

type Claim = 'reported' | 'ordered' | 'declared';

const claimed: Readonly<Record<Claim, BothLanguages>> = {
  reported: { en: 'reported stopped', zh: '上报停机' },
  ordered: { en: 'ordered to stop', zh: '被责令停产' },
  declared: { en: 'declared stopped', zh: '申报停产' },
};

export function stoppedButRunningSentence(facts: FindingFacts): BothLanguages {
  const claim = claimed[(facts.rule.parameters as { claim: Claim }).claim];
  const seen = figure(facts.seen);
  const upper = figure(facts.bound);
  const typical = facts.runningTypicalKw === null ? undefined : figure(facts.runningTypicalKw);
  const likelier = odds(facts.logLikelihoodRatio);
  const subject = subjectOf(facts, claim);
  return {
    en:
      `${subject.en}, but meter ${facts.meterId} showed ${seen} kW on average for ${durationEn(facts.minutes)}; ` +
      `a stop explains at most ${upper} kW${typical ? `, running typically draws ${typical} kW` : ''}. ` +
      `Running is ${likelier} times likelier than a stop.`,
    zh:
      `${subject.zh}，但电表 ${facts.meterId} 在${durationZh(facts.minutes)}内平均负荷为 ${seen} kW；` +
      `停机状态最多可解释 ${upper} kW${typical ? `，正常运行约为 ${typical} kW` : ''}。运行的可能性是停机的 ${likelier} 倍。`,
  };
}

function subjectOf({ subjectKind, subjectName, meterId, machineNames }: FindingFacts, claim: BothLanguages) {
  const machines = names(machineNames);
  switch (subjectKind) {
    case 'ENTERPRISE':
      return {
        en: `${subjectName} as a whole was ${claim.en}`,
        zh: `企业“${subjectName}”整体${claim.zh.replace('停机', '停产')}`,
      };
    case 'METER':
      return {
        en: `All machines behind meter ${meterId} (${machines}) were ${claim.en}`,
        zh: `电表 ${meterId} 所带设备（${machines}）均${claim.zh}`,
      };
    default:
      return { en: `Machine ${subjectName} was ${claim.en}`, zh: `设备“${subjectName}”${claim.zh}` };
  }
}
