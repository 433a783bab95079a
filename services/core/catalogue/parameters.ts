/** What each parameter of a rule means, in Chinese; their schemas hold the English. A test holds that none is left out. */
export const parameterWords: Readonly<Record<string, string>> = {
  claim: '与负荷对照的依据：设备上报状态（reported）、责令停产（ordered）或企业申报停产（declared，含节假日）。',
  confirmAfterMinutes: '矛盾持续多久后确认：设备时钟和上报会相差数分钟。',
  clearAfterMinutes: '多久没有矛盾后，已确认的矛盾视为结束。',
  falseAlarmsPerMonth: '误报上限：每个对象每 30 天受检时间内预期的误确认次数。',
};
