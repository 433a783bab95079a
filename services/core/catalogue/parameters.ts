/** What each parameter of a rule means, in Chinese; their schemas hold the English. A test holds that none is left out. */
export const parameterWords: Readonly<Record<string, string>> = {
  claim: '与负荷对照的依据：设备上报状态（reported）、责令停产（ordered）或企业申报停产（declared，含节假日）。',
  confirmAfterMinutes: '矛盾持续多久后确认：设备时钟和上报会相差数分钟。',
  clearAfterMinutes: '多久没有矛盾后，已确认的矛盾视为结束。',
  falseAlarmsPerMonth: '误报上限：每个对象每 30 天受检时间内预期的误确认次数。',
  sign: '要查找的情形；每种情形各有其参数。',
  leastConfidence: '来源置信度（0 至 1）低于此值的事件不予采用。',
  afterShiftMinutes: '班次结束后多久内完成清扫仍算按时。',
  afterDayMinutes: '未登记班次时按生产日计；清扫可晚多久。',
  leastRunMinutes: '班次内生产至少达到此时长，才有清扫义务。',
  lateFilingHours: '逾期后多久内补报的清扫记录仍予认可；更晚的不予认可。',
  runToleranceMinutes: '两次清扫之间超出登记生产时长的容许值。',
  overlapMinutes: '声称的清扫时段内容许的生产时长：时钟有偏差，主轴需惰转停止。',
  leastSeenPercent: '摄像机至少覆盖所称清扫时段的百分之几而未见清扫，才作认定。',
  waitMinutes: '所称清扫结束后，等待其他摄像机作证的时间。',
  highestLayerMm: '容许的最大积尘厚度。',
};
