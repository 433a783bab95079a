import type { FindingFacts } from '../detectors/detector.ts';
import type { BothLanguages } from '../rule.ts';
import { durationEn, durationZh, reading } from './figures.ts';
import { indicatorWords } from './indicators.ts';

/**
 * What an indicator showed against its limit: the value is the mean of its five-minute peaks over the time outside, a
 * rate that of its minutes.
 */
export function limitSentence(facts: FindingFacts): BothLanguages {
  const { subjectName, minutes, reason, detail } = facts;
  const { en, zh, unit } = indicatorWords(facts.indicator ?? '');
  const seen = withUnit(facts.seen, unit);
  const bound = withUnit(facts.bound, unit);
  const source =
    detail.limitFrom === 'site' ? { en: 'the registered limit', zh: '登记限值' } : { en: 'the limit', zh: '限值' };
  const forEn = `for ${durationEn(minutes)} in all`;
  const forZh = `累计${durationZh(minutes)}`;
  if (reason === 'changes-too-fast') {
    return {
      en: `Machine ${subjectName}: ${en} changed by ${seen} within a minute, ${forEn}; ${source.en} is ${bound} a minute.`,
      zh: `设备“${subjectName}”${zh}每分钟变化 ${seen}，${forZh}；${source.zh}为每分钟 ${bound}。`,
    };
  }
  const above = reason === 'above-limit';
  return {
    en:
      `Machine ${subjectName}: ${en} was ${above ? 'above' : 'below'} ${source.en} of ${bound} ${forEn}, ` +
      `with ${above ? 'peaks' : 'lows'} of ${seen} on average.`,
    zh:
      `设备“${subjectName}”${zh}${above ? '高于' : '低于'}${source.zh} ${bound}，${forZh}，` +
      `${above ? '峰值' : '谷值'}平均为 ${seen}。`,
  };
}

function withUnit(value: number, unit: string): string {
  return unit === '' ? reading(value) : `${reading(value)} ${unit}`;
}
