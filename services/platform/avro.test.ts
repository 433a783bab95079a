import { beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Refusal } from '../core/batch.ts';
import type { TopicValues } from '../core/records.ts';
import { type Codec, createCodec, decodeRefusals } from './avro.ts';
import { schemaText, subjectOf, type Topic, topics } from './avro-schemas.ts';
import { avroType } from './avro-types.ts';
import { RegistryUnavailableError, type SchemaRegistry } from './registry.ts';
import { createEmbeddedRegistry } from './registry-embedded.ts';

let registry: SchemaRegistry;
let codec: Codec;
let nowMs: number;
let extras = 0;

beforeEach(async () => {
  nowMs = 1_000_000;
  registry = createEmbeddedRegistry({ path: ':memory:' });
  codec = await createCodec({ registry, nowMs: () => nowMs });
});

function aTelemetry(changes: Partial<TopicValues['telemetry']> = {}): TopicValues['telemetry'] {
  return {
    enterpriseId: 'ent-1',
    equipmentId: 'eq-1',
    observedAtMs: 1_764_000_000_123,
    state: 'RUNNING',
    gatewayId: null,
    readings: [{ indicator: 'fan_current_a', value: 12.5 }],
    ...changes,
  };
}

/** A record in wire format with any schema id and body. */
function wire(id: number, ...body: number[]): Buffer {
  const header = Buffer.alloc(5);
  header.writeUInt32BE(id, 1);
  return Buffer.concat([header, Buffer.from(body)]);
}

function idOf(encoded: Buffer): number {
  return encoded.readUInt32BE(1);
}

/** Registers the telemetry schema with one more field, under another subject, and returns its id. */
async function idWithExtraField(type: unknown): Promise<number> {
  const schema = JSON.parse(schemaText('telemetry'));
  schema.fields.unshift({ name: 'extra', type });
  return registry.register(`extra-${++extras}-value`, JSON.stringify(schema));
}

function reasonOf(decoded: unknown): string {
  expect(decoded).toBeInstanceOf(Refusal);
  return (decoded as Refusal).reason;
}

describe('encoding and decoding', () => {
  test('every topic reads back what was written, whatever the values', () => {
    for (const topic of topics) {
      const type = avroType(schemaText(topic));
      for (let round = 0; round < 200; round++) {
        const value = type.random() as unknown as TopicValues[Topic];
        const again = codec.decode(topic, codec.encode(topic, value));
        expect(JSON.stringify(again)).toBe(JSON.stringify(value));
      }
    }
  });

  test('strings that share a cache slot, a length or a prefix are told apart', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'grapheme', maxLength: 60 }), { maxLength: 40 }), (texts) => {
        const readings = texts.map((indicator) => ({ indicator, value: 1 }));
        const decoded = codec.decode('telemetry', codec.encode('telemetry', aTelemetry({ readings })));
        // Lone surrogates have no UTF-8 form, so `toWellFormed` is the most that can come back.
        expect((decoded as TopicValues['telemetry']).readings.map((reading) => reading.indicator)).toEqual(
          texts.map((text) => text.toWellFormed()),
        );
      }),
      { numRuns: 300 },
    );
    const names = Array.from({ length: 200_000 }, (_, i) => `meter-${i}`);
    for (const enterpriseId of [...names, ...names]) {
      const decoded = codec.decode('telemetry', codec.encode('telemetry', aTelemetry({ enterpriseId, readings: [] })));
      if ((decoded as TopicValues['telemetry']).enterpriseId !== enterpriseId) throw new Error(enterpriseId);
    }
  });

  test('integers of every size up to 2^52 read back exactly (past that the writer of avsc is not exact)', () => {
    fc.assert(
      fc.property(fc.integer({ min: -(2 ** 52) + 1, max: 2 ** 52 - 1 }), (observedAtMs) => {
        const decoded = codec.decode('telemetry', codec.encode('telemetry', aTelemetry({ observedAtMs })));
        expect(decoded).toMatchObject({ observedAtMs });
      }),
    );
  });

  test('NaN and infinities pass: what they mean is for the engine to say', () => {
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      const encoded = codec.encode('telemetry', aTelemetry({ readings: [{ indicator: 'x', value }] }));
      expect(codec.decode('telemetry', encoded)).toMatchObject({ readings: [{ value }] });
    }
  });

  test('a record larger than the slab is encoded whole, and its neighbours stay intact', () => {
    const small = codec.encode('telemetry', aTelemetry());
    const value = Buffer.alloc(700_000, 7);
    const letter: TopicValues['dead-letters'] = {
      deadLetterId: 'telemetry-0-1',
      reason: 'truncated',
      detail: '',
      service: 'detector',
      topic: 'telemetry',
      partition: 0,
      offset: 1,
      appendTimeMs: 1,
      refusedMs: 1,
      key: null,
      value: new Uint8Array(value),
      headers: { __proto__trap: 'a', ['__proto__']: 'b' },
    };
    const encoded = codec.encode('dead-letters', letter);
    const after = codec.encode('telemetry', aTelemetry({ equipmentId: 'eq-2' }));
    const decoded = codec.decode('dead-letters', encoded) as TopicValues['dead-letters'];
    expect(value.equals(decoded.value as Buffer)).toBe(true);
    expect(Object.entries(decoded.headers)).toEqual(Object.entries(letter.headers));
    expect(codec.decode('telemetry', small)).toEqual(aTelemetry());
    expect(codec.decode('telemetry', after)).toEqual(aTelemetry({ equipmentId: 'eq-2' }));
  });

  test('a value that lacks a field throws: that is a fault of the caller', () => {
    const { enterpriseId: _, ...rest } = aTelemetry();
    expect(() => codec.encode('telemetry', rest as TopicValues['telemetry'])).toThrow(/invalid "string"/);
    expect(codec.decode('telemetry', codec.encode('telemetry', aTelemetry()))).toEqual(aTelemetry());
  });
});

describe('bytes that cannot be used', () => {
  test('a first byte other than 0 is wrong-magic, and less than a header is truncated', () => {
    const encoded = Buffer.from(codec.encode('telemetry', aTelemetry()));
    encoded[0] = 1;
    expect(reasonOf(codec.decode('telemetry', encoded))).toBe('wrong-magic');
    expect(reasonOf(codec.decode('telemetry', Buffer.from('{"a":1}')))).toBe('wrong-magic');
    expect(reasonOf(codec.decode('telemetry', Buffer.alloc(4)))).toBe('truncated');
    expect(reasonOf(codec.decode('telemetry', Buffer.alloc(0)))).toBe('truncated');
  });

  test('cut anywhere, a record is truncated or hostile; with a byte more it has trailing bytes', () => {
    const encoded = codec.encode('telemetry', aTelemetry({ gatewayId: 'gw' }));
    for (let length = 5; length < encoded.length; length++) {
      expect(['truncated', 'hostile-length']).toContain(
        reasonOf(codec.decode('telemetry', encoded.subarray(0, length))),
      );
    }
    expect(reasonOf(codec.decode('telemetry', Buffer.concat([encoded, Buffer.from([0])])))).toBe('trailing-bytes');
  });

  test('an enum index, a union index, a boolean, an int and a long out of range are invalid values', () => {
    const id = idOf(codec.encode('telemetry', aTelemetry()));
    const head = [2, 0x61, 2, 0x61];
    expect(reasonOf(codec.decode('telemetry', wire(id, ...head, 2, 100, 0, 0)))).toBe('invalid-value');
    expect(reasonOf(codec.decode('telemetry', wire(id, ...head, 2, 0, 100, 0)))).toBe('invalid-value');
    const tenBytes = [0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01];
    expect(reasonOf(codec.decode('telemetry', wire(id, ...head, ...tenBytes, 0, 0, 0)))).toBe('invalid-value');
    const elevenBytes = [...Array(10).fill(0xff), 0x01];
    expect(reasonOf(codec.decode('telemetry', wire(id, ...head, ...elevenBytes, 0, 0, 0)))).toBe('invalid-value');
    const power = [2, 0x61, 2, 0x61, 2, 0xfe, 0xff, 0xff, 0xff, 0x1f, ...Array(8).fill(0), 4, 0, 0, 0, 0];
    expect(reasonOf(codec.decode('power', wire(idOf(codec.encode('power', aPower())), ...power)))).toBe(
      'invalid-value',
    );
    const permit = Buffer.from(codec.encode('work-records', aWorkRecord()));
    permit[permit.length - 1] = 2;
    expect(reasonOf(codec.decode('work-records', permit))).toBe('invalid-value');
  });

  test('negative lengths are hostile and never move the reader back', () => {
    const id = idOf(codec.encode('telemetry', aTelemetry()));
    expect(reasonOf(codec.decode('telemetry', wire(id, 1, 1, 1, 1)))).toBe('hostile-length');
  });

  test('counts beyond the bytes left are hostile, in arrays and maps, read or skipped', async () => {
    const telemetryId = idOf(codec.encode('telemetry', aTelemetry()));
    const millions = [0x80, 0x80, 0x80, 0x80, 0x08];
    const hugeArray = wire(telemetryId, 2, 0x61, 2, 0x61, 2, 0, 0, ...millions);
    expect(reasonOf(codec.decode('telemetry', hugeArray))).toBe('hostile-length');
    for (const type of [
      { type: 'array', items: 'null' },
      { type: 'map', values: 'null' },
      { type: 'array', items: { type: 'array', items: 'null' } },
    ]) {
      const id = await idWithExtraField(type);
      await codec.prepare([{ topic: 'telemetry', value: wire(id) }]);
      // The five bytes that block avsc's own reader for seconds.
      expect(reasonOf(codec.decode('telemetry', wire(id, ...millions)))).toBe('hostile-length');
    }
  });

  test('elements of no bytes cannot multiply: their sum over the record is bounded by its size', async () => {
    const id = await idWithExtraField({ type: 'array', items: { type: 'array', items: 'null' } });
    await codec.prepare([{ topic: 'telemetry', value: wire(id) }]);
    // 400,000 inner arrays of 1,000,000 nulls each would be 4e11 steps; every single count is below the bytes left.
    const count = (n: number) => avroType('"long"').toBuffer(n);
    const inner = Buffer.concat([count(1_000_000), count(0)]);
    const outer = Buffer.concat([wire(id), count(400_000), ...Array<Buffer>(400_000).fill(inner), count(0)]);
    expect(reasonOf(codec.decode('telemetry', outer))).toBe('hostile-length');
  });

  test('a skipped block whose size lies, or points back, does not mislead the reader', async () => {
    const id = await idWithExtraField({ type: 'array', items: 'int' });
    await codec.prepare([{ topic: 'telemetry', value: wire(id) }]);
    const rest = [2, 0x61, 2, 0x61, 2, 0, 0, 0];
    expect(reasonOf(codec.decode('telemetry', wire(id, 1, 3, 0, ...rest)))).toBe('hostile-length');
    expect(codec.decode('telemetry', wire(id, 1, 100, 0, 0, ...rest))).toMatchObject({ equipmentId: 'a' });
  });

  test('any bytes at all give a value or a refusal', () => {
    const ids = topics.map((topic) => {
      const value = avroType(schemaText(topic)).random() as unknown as TopicValues[Topic];
      return [topic, idOf(codec.encode(topic, value))] as const;
    });
    fc.assert(
      fc.property(fc.constantFrom(...ids), fc.uint8Array({ maxLength: 120 }), ([topic, id], bytes) => {
        const decoded = codec.decode(topic, wire(id, ...bytes));
        if (decoded instanceof Refusal) expect(decodeRefusals).toContain(decoded.reason);
        else expect(decoded).toBeInstanceOf(Object);
      }),
      { numRuns: 3_000 },
    );
  });
});

describe('schemas of other writers', () => {
  test('a newer writer is read after prepare has fetched its schema; new symbols fall to the default', async () => {
    const schema = JSON.parse(schemaText('telemetry'));
    schema.fields.push({ name: 'firmware', type: 'string', default: '' });
    schema.fields[3].type.symbols.push('STARTING');
    const id = await registry.register(subjectOf('telemetry'), JSON.stringify(schema));
    const body = avroType(JSON.stringify(schema)).toBuffer({ ...aTelemetry(), state: 'STARTING', firmware: '9' });
    const record = Buffer.concat([wire(id), body]);
    expect(reasonOf(codec.decode('telemetry', record))).toBe('unknown-schema-id');
    await codec.prepare([{ topic: 'telemetry', value: record }]);
    expect(codec.prepare([{ topic: 'telemetry', value: record }])).toBeUndefined();
    expect(codec.decode('telemetry', record)).toEqual(aTelemetry({ state: 'UNKNOWN' }));
  });

  test("another topic's schema is refused, and stays refused without being asked for again", async () => {
    const id = idOf(codec.encode('power', aPower()));
    await codec.prepare([{ topic: 'telemetry', value: wire(id, 0) }]);
    expect(reasonOf(codec.decode('telemetry', wire(id, 0)))).toBe('incompatible-schema');
    expect(codec.prepare([{ topic: 'telemetry', value: wire(id, 0) }])).toBeUndefined();
  });

  test('an id that nobody registered is unknown, and is asked for again only after 30 s', async () => {
    const records = [{ topic: 'telemetry', value: wire(4_000_000_000, 0) }];
    await codec.prepare(records);
    expect(reasonOf(codec.decode('telemetry', records[0]!.value))).toBe('unknown-schema-id');
    nowMs += 29_999;
    expect(codec.prepare(records)).toBeUndefined();
    nowMs += 1;
    expect(codec.prepare(records)).toBeInstanceOf(Promise);
  });

  test('known ids, foreign topics, tombstones and short values need no look-up', () => {
    const value = codec.encode('telemetry', aTelemetry());
    const records = [
      { topic: 'telemetry', value },
      { topic: 'telemetry', value: null },
      { topic: 'telemetry', value: Buffer.alloc(2) },
      { topic: 'wattness-changelog', value: wire(77) },
    ];
    expect(codec.prepare(records)).toBeUndefined();
  });

  test('an outage of the registry is an outage, not a bad record', async () => {
    const { createConfluentRegistry } = await import('./registry-confluent.ts');
    const down = createConfluentRegistry({ url: 'http://127.0.0.1:1' });
    const half = { ...registry, byId: (id: number) => down.byId(id) };
    const halfCodec = await createCodec({ registry: half });
    await expect(halfCodec.prepare([{ topic: 'telemetry', value: wire(99, 0) }])).rejects.toThrow(
      RegistryUnavailableError,
    );
  });
});

function aPower(): TopicValues['power'] {
  return {
    enterpriseId: 'ent-1',
    meterId: 'm-1',
    intervalStartMs: 1_764_000_000_000,
    intervalMs: 900_000,
    meanKw: 12.5,
    quality: 'MEASURED',
    minKw: null,
    maxKw: null,
    meanKvar: null,
    registerKwh: null,
  };
}

function aWorkRecord(): TopicValues['work-records'] {
  return {
    enterpriseId: 'ent-1',
    recordId: 'r-1',
    revision: 1,
    kind: 'CLEANING',
    startMs: 1_764_000_000_000,
    endMs: 1_764_000_600_000,
    filedAtMs: 1_764_000_700_000,
    sectionId: null,
    equipmentId: null,
    filedBy: null,
    regime: null,
    grade: null,
    withdrawn: false,
  };
}
