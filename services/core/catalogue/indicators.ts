import type { BothLanguages } from '../rule.ts';

export interface IndicatorWords extends BothLanguages {
  /** As it is written after a figure; empty where the figure is a number of its own. */
  readonly unit: string;
}

/** Indicators that enterprises of the three sectors send, as people call them, with their units. */
const words: Readonly<Record<string, IndicatorWords>> = {
  differential_pressure_pa: { en: 'filter differential pressure', zh: '除尘器进出口压差', unit: 'Pa' },
  pulse_jet_pressure_mpa: { en: 'pulse-jet air pressure', zh: '脉冲清灰气源压力', unit: 'MPa' },
  inlet_temperature_c: { en: 'inlet temperature', zh: '除尘器进风口温度', unit: '°C' },
  outlet_temperature_c: { en: 'outlet temperature', zh: '除尘器出风口温度', unit: '°C' },
  ash_hopper_temperature_c: { en: 'ash-hopper temperature', zh: '除尘器灰斗温度', unit: '°C' },
  duct_wind_speed_m_s: { en: 'wind speed in the duct', zh: '除尘风管风速', unit: 'm/s' },
  airlock_running: { en: 'running signal of the airlock', zh: '锁气卸灰装置运行信号', unit: '' },
  fan_running: { en: 'running signal of the fan', zh: '风机运行信号', unit: '' },
  fan_load_kw: { en: 'load of the fan', zh: '风机负荷', unit: 'kW' },
  water_level_m: { en: 'water level', zh: '湿式除尘器水位', unit: 'm' },
  water_flow_m3_s: { en: 'flow of circulating water', zh: '湿式除尘器循环水流量', unit: 'm³/s' },
  hydrogen_lel_percent: { en: 'hydrogen', zh: '氢气浓度', unit: '%LEL' },
  co_ppm: { en: 'carbon monoxide', zh: '一氧化碳浓度', unit: 'ppm' },
  o2_percent: { en: 'oxygen', zh: '氧含量', unit: '%' },
  cooling_water_outlet_temperature_c: {
    en: 'outlet temperature of the cooling water',
    zh: '冷却水出水温度',
    unit: '°C',
  },
  cooling_water_flow_difference_m3_h: {
    en: 'difference of cooling water between inlet and outlet',
    zh: '冷却水进出水流量差',
    unit: 'm³/h',
  },
  inlet_water_pressure_mpa: {
    en: 'inlet water pressure of the crystalliser',
    zh: '结晶器进水压力',
    unit: 'MPa',
  },
  inlet_water_flow_m3_h: { en: 'inlet water flow of the crystalliser', zh: '结晶器进水流量', unit: 'm³/h' },
  water_temperature_c: { en: 'water temperature of the crystalliser', zh: '结晶器冷却水温度', unit: '°C' },
  mould_metal_level_mm: { en: 'metal level in the mould', zh: '结晶器内铝液液位', unit: 'mm' },
  trough_metal_level_mm: { en: 'metal level in the trough', zh: '流槽铝液液位', unit: 'mm' },
  casting_speed_mm_min: { en: 'casting speed', zh: '铸造速度', unit: 'mm/min' },
  casting_length_mm: { en: 'casting length', zh: '铸造长度', unit: 'mm' },
  well_water_level_m: { en: 'water level in the well', zh: '铸造井水位', unit: 'm' },
};

/** Words for an indicator; its own name, without a unit, where nobody named it. */
export function indicatorWords(indicator: string): IndicatorWords {
  return words[indicator] ?? { en: indicator, zh: indicator, unit: '' };
}

/** Names of all indicators that have words. */
export const namedIndicators: readonly string[] = Object.keys(words);
