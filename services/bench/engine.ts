import type { Engine, InputRecord } from '../core/batch.ts';
import { createEngine, engineDefaults } from '../core/engine.ts';
import type { Power, SiteRegistration, Telemetry, WorkRecord } from '../core/records.ts';
import { type Codec, createCodec } from '../platform/avro.ts';
import { createEmbeddedRegistry } from '../platform/registry-embedded.ts';
import { loadRules } from '../platform/rules.ts';

export interface EngineWorld {
  readonly enterprises: number;
  /** Machines an enterprise; small dust firms have about seven points. */
  readonly machines: number;
  readonly reportIntervalMs: number;
}

const startMs = Date.UTC(2026, 0, 5);
const slotMs = 900_000;

/** Registrations of a world of small firms: one 15-minute total meter each. */
export function registrations(world: EngineWorld): SiteRegistration[] {
  return Array.from({ length: world.enterprises }, (_, e) => ({
    enterpriseId: enterpriseId(e),
    revision: 0,
    effectiveFromMs: startMs - 86_400_000,
    name: `企业 ${e}`,
    nameEn: '',
    regionCode: '330106',
    sector: 'DUST_EXPLOSION' as const,
    timeZone: 'Asia/Shanghai',
    equipment: Array.from({ length: world.machines }, (_, m) => ({
      equipmentId: equipmentId(m),
      name: `${m + 1}号机`,
      kind: 'PROCESS' as const,
      sectionId: '',
      ratedPowerKw: 20 + m,
      reportIntervalMs: world.reportIntervalMs,
      limits: [],
      serves: [],
      collector: null,
    })),
    meters: [
      {
        meterId: 'total',
        role: 'ENTERPRISE_TOTAL' as const,
        intervalMs: slotMs,
        installationId: '',
        feeds: Array.from({ length: world.machines }, (_, m) => equipmentId(m)),
        parentMeterId: null,
        deliveryDelayMs: 0,
        exports: false,
      },
    ],
    shifts: [],
    retired: false,
    sections: [],
    cameras: [],
    latitude: null,
    longitude: null,
    carrier: '',
  }));
}

/** All records of [fromMs, toMs) in arrival order: every machine reports, every meter closes its slots. */
export function* worldRecords(world: EngineWorld, fromMs: number, toMs: number): Generator<InputRecord> {
  let offset = 0;
  for (let ms = fromMs; ms < toMs; ms += world.reportIntervalMs) {
    for (let e = 0; e < world.enterprises; e++) {
      const running = isRunning(e, ms);
      for (let m = 0; m < world.machines; m++) {
        const value: Telemetry = {
          enterpriseId: enterpriseId(e),
          equipmentId: equipmentId(m),
          observedAtMs: ms,
          state: running ? 'RUNNING' : 'STOPPED',
          gatewayId: null,
          readings: [],
        };
        yield { topic: 'telemetry', offset: offset++, arrivalMs: ms + 1000, value };
      }
    }
    if (ms % slotMs !== 0) continue;
    for (let e = 0; e < world.enterprises; e++) {
      // Dust is cleaned away when work is over: else every firm would stand with a finding.
      if (!isRunning(e, ms - 3_600_000) || isRunning(e, ms)) continue;
      const value = cleaning(e, ms - (ms % 3_600_000));
      yield { topic: 'work-records', offset: offset++, arrivalMs: ms + 1500, value };
    }
    for (let e = 0; e < world.enterprises; e++) {
      const value: Power = {
        enterpriseId: enterpriseId(e),
        meterId: 'total',
        intervalStartMs: ms - slotMs,
        intervalMs: slotMs,
        // One firm in a hundred runs on the third day while it says that it does not.
        meanKw:
          isRunning(e, ms - slotMs) || (e % 100 === 0 && ms - startMs > 2 * 86_400_000) ? 95 + (e % 40) : 6 + (e % 3),
        quality: 'MEASURED',
        minKw: null,
        maxKw: null,
        meanKvar: null,
        registerKwh: null,
      };
      yield { topic: 'power', offset: offset++, arrivalMs: ms + 2000, value };
    }
  }
}

function cleaning(enterprise: number, startMs: number): WorkRecord {
  return {
    enterpriseId: enterpriseId(enterprise),
    recordId: `cleaning-${startMs}`,
    revision: 0,
    kind: 'CLEANING',
    startMs,
    endMs: startMs + 1_800_000,
    filedAtMs: startMs,
    sectionId: null,
    equipmentId: null,
    filedBy: null,
    regime: null,
    grade: null,
    withdrawn: false,
  };
}

export interface EngineMeasure {
  readonly eventsPerSecond: number;
  /** Heap of an equipment and its share of meter and enterprise, the ring of load slots left out, B. */
  readonly bytesAnEquipment: number;
  /** The ring: four bytes a slot of the horizon. */
  readonly slotBytesAMeter: number;
  readonly snapshotBytesAnEquipment: number;
}

type Rules = ReturnType<typeof loadRules>;

const machines = 7;

/** Events/s of the engine on one core, and the state that it holds, over steady worlds with all rules on. */
export async function measureEngine(rulesDir: string): Promise<EngineMeasure> {
  const rules = loadRules(rulesDir);
  const codec = await createCodec({ registry: createEmbeddedRegistry({ path: ':memory:' }) });
  const slotBytesAMeter = Math.ceil(engineDefaults.latenessHorizonMs / slotMs) * 4;
  // A first world of the same kind brings code and caches; what a larger one holds more than a smaller one is state.
  // More than the engine keeps derived places of: their weight is no one's share.
  const few = 1200;
  const many = 2800;
  steadyEngine(rules, codec, few);
  const before = heapBytes();
  const small = steadyEngine(rules, codec, few);
  const between = heapBytes();
  const large = steadyEngine(rules, codec, many);
  const grown = heapBytes() - between - (between - before);
  const bytesAnEquipment = (grown / (many - few) - slotBytesAMeter) / machines;
  const states = [...large.takeDirty().values()].reduce((sum, bytes) => sum + (bytes?.byteLength ?? 0), 0);
  small.takeDirty();
  return {
    eventsPerSecond: measureSpeed(rules, codec),
    bytesAnEquipment,
    slotBytesAMeter,
    snapshotBytesAnEquipment: states / (many * machines),
  };
}

/** An engine that has seen three days: the horizon is full, models are learned, some firms lie. */
function steadyEngine(rules: Rules, codec: Codec, enterprises: number): Engine {
  // Reports are few, so that a large world is soon made: runs of equal reports weigh the same however many they are.
  const world: EngineWorld = { enterprises, machines, reportIntervalMs: 900_000 };
  const engine = createEngine({ ...engineDefaults, ...rules });
  register(engine, codec, world);
  for (let hour = 0; hour < 72; hour++) advance(engine, world, startMs + hour * 3_600_000);
  return engine;
}

function measureSpeed(rules: Rules, codec: Codec): number {
  const world: EngineWorld = { enterprises: 200, machines, reportIntervalMs: 60_000 };
  const engine = createEngine({ ...engineDefaults, ...rules });
  register(engine, codec, world);
  for (let hour = 0; hour < 48; hour++) advance(engine, world, startMs + hour * 3_600_000);
  const fromMs = startMs + 48 * 3_600_000;
  const records = [...worldRecords(world, fromMs, fromMs + 12 * 3_600_000)];
  const batch = 20_000;
  const begin = process.hrtime.bigint();
  for (let at = 0; at < records.length; at += batch) {
    const chunk = records.slice(at, at + batch);
    engine.apply(chunk, chunk.at(-1)!.arrivalMs);
  }
  return records.length / (Number(process.hrtime.bigint() - begin) / 1e9);
}

function register(engine: Engine, codec: Codec, world: EngineWorld): void {
  const records = registrations(world).map((value, offset) => ({
    topic: 'site-registry' as const,
    offset,
    arrivalMs: startMs,
    // As it comes from the log: each registration with strings and lists of its own.
    value: codec.decode('site-registry', codec.encode('site-registry', value)),
  }));
  engine.apply(records, startMs);
}

function advance(engine: Engine, world: EngineWorld, fromMs: number): void {
  engine.apply(worldRecords(world, fromMs, fromMs + 3_600_000), fromMs + 3_600_000);
}

function heapBytes(): number {
  if (!globalThis.gc) throw new Error('run with node --expose-gc: state cannot be measured without it');
  // As at the last resort: else sources that were compiled, some 4 MB, are let go of at any one of the readings.
  for (let i = 0; i < 2; i++) globalThis.gc({ type: 'major', execution: 'sync', flavor: 'last-resort' });
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

/** Two shifts on workdays, staggered over the firms. */
function isRunning(enterprise: number, ms: number): boolean {
  const hour = Math.floor(ms / 3_600_000 + (enterprise % 5)) % 24;
  return hour >= 8 && hour < 22;
}

function enterpriseId(index: number): string {
  return `E${String(index).padStart(6, '0')}`;
}

function equipmentId(index: number): string {
  return `M${index}`;
}
