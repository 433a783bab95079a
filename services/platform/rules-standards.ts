/**
 * Laws, orders and standards that rules may rest on, each with the words by which either language cites it. A rule that
 * cites another number adds it here, once somebody has looked it up.
 */
export interface Standard {
  readonly en: string;
  readonly zh: string;
}

/** Cited by number, the same in both languages. */
const numbered = [
  'GB 6222-2005', // Safety code for gas of industrial enterprises
  'GB 8958-2006', // Safety regulation of working under hazardous condition of oxygen deficiency
  'GB 9448-1999', // Safety in welding and cutting
  'GB 15577-2018', // Safety regulations for dust explosion prevention and protection
  'GB 30078-2013', // Safe production specification for wrought aluminium and aluminium alloy ingot casting
  'GB 30871-2022', // Safety specifications for special work of hazardous chemicals enterprises
  'GB 12801-2008', // General principles for the requirements of safety and health in production process
  'GB 17167-2006', // General principle for equipping and managing measuring instruments of energy in organisations
  'GB/T 15605-2008', // Guide for pressure venting of dust explosions
  'GB/T 28181-2022', // Technical requirements for video networking systems of public security
  'GB/T 50493-2019', // Design standard for detection and alarm of combustible and toxic gas in petrochemical industry
  'GBZ 2.1-2019', // Occupational exposure limits for hazardous agents in the workplace
  'AQ 2001-2018', // Safety regulations for steelmaking
  'AQ 2002-2018', // Safety regulations for ironmaking
  'AQ 2003-2018', // Safety regulations for steel rolling
  'AQ 4228-2012', // Safety specification for dust explosion prevention of wood processing systems
  'AQ 4272-2016', // Safety specification for dust explosion prevention in machining of aluminium and magnesium products
  'AQ 4273-2016', // Safety specification for dust removal systems at dust explosion hazard places
  'DL/T 448-2016', // Technical administrative code of electric energy metering
] as const;

/** Cited by name; the year of the edition or the number of the order stands beside it in the rule. */
const named: readonly Standard[] = [
  { en: 'Work Safety Law of the PRC', zh: '《中华人民共和国安全生产法》' },
  { en: 'Criminal Law of the PRC', zh: '《中华人民共和国刑法》' },
  { en: 'Fire Protection Law of the PRC', zh: '《中华人民共和国消防法》' },
  { en: 'Electric Power Law of the PRC', zh: '《中华人民共和国电力法》' },
  { en: 'Metrology Law of the PRC', zh: '《中华人民共和国计量法》' },
  { en: 'Regulations on Electric Power Supply and Utilisation', zh: '《电力供应与使用条例》' },
  // Ministry of Emergency Management, 2021.
  { en: 'MEM Order No. 6', zh: '《工贸企业粉尘防爆安全规定》' },
  // Ministry of Emergency Management, 2023.
  { en: 'MEM Order No. 10', zh: '《工贸企业重大事故隐患判定标准》' },
];

export const standards: readonly Standard[] = [...named, ...numbered.map((number) => ({ en: number, zh: number }))];

const anyNumber = /\b(?:GB|GBZ|AQ|DL|YB|YS|JB|HJ|TSG|XF|GA)(?:\/T)? ?\d+(?:\.\d+)?(?:[-—]\d{4})?/g;

/** Numbers of standards that a text cites. */
export function citedNumbers(text: string): string[] {
  return text.match(anyNumber) ?? [];
}
