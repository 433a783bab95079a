import type { BothLanguages } from '../rule.ts';

/** What each detector looks for, in a sentence; a test holds that none is left out. */
export const detectorWords: Readonly<Record<string, BothLanguages>> = {
  'stopped-but-running': {
    en: 'A machine, the machines behind a meter or the whole firm is said to be stopped, and the load is of the running kind.',
    zh: '设备、电表所带设备或整个企业称已停机，而用电负荷属于运行状态。',
  },
  'fake-offline': {
    en: 'Reports fall silent, freeze, repeat an earlier day or are all zero, and the load shows production.',
    zh: '上报中断、数值冻结、重放旧数据或全部为零，而用电负荷显示仍在生产。',
  },
  'hot-work': {
    en: 'Welding, sparks or flames without a permit, work past its permit, or production in the section while a permit holds.',
    zh: '无审批的焊接、火花或明火，超出审批时限的作业，或动火审批期间所在区域仍在生产。',
  },
  'dust-cleaning': {
    en: 'Cleaning that is due has no record, or the record is contradicted by load or camera.',
    zh: '应清扫而无记录，或清扫记录与用电负荷、视频相矛盾。',
  },
  'dust-collector': {
    en: 'Production without its dust collector, a collector that starts late or stops early, or a filter off its reference.',
    zh: '生产时除尘器未运行，除尘器启动过晚、停机过早，或滤袋压差偏离基准。',
  },
  'meter-tampering': {
    en: 'Meters contradict each other, physics or their own history.',
    zh: '电表读数相互矛盾、违背物理规律或与自身历史不符。',
  },
  limit: {
    en: 'An indicator is outside its limits, or changes too fast, for longer than its delay.',
    zh: '指标超出限值或变化过快，且持续时间超过延时。',
  },
  overcrowding: {
    en: 'More people are in a section than it may hold.',
    zh: '区域内人数超过允许人数。',
  },
  'camera-watch': {
    en: 'A section that needs a camera has none, or its camera is dark or blind.',
    zh: '应设视频监控的区域没有摄像机，或摄像机黑屏、被遮挡。',
  },
};
