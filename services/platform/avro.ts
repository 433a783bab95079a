import type avro from 'avsc';
import { Refusal } from '../core/batch.ts';
import type { TopicValues } from '../core/records.ts';
import { Cursor } from './avro-cursor.ts';
import { schemaText, subjectOf, type Topic, topics } from './avro-schemas.ts';
import { asReader, avroType, type Reader } from './avro-types.ts';
import type { SchemaRegistry } from './registry.ts';

/** Why a value could not be decoded: the reasons of the codec's refusals. */
export const decodeRefusals = [
  'wrong-magic',
  'unknown-schema-id',
  'incompatible-schema',
  'truncated',
  'trailing-bytes',
  'hostile-length',
  'invalid-value',
] as const;

export interface Codec {
  /**
   * Looks at the schema ids of records that are about to be decoded. All known: `undefined`, at the cost of one
   * comparison a record. Else a promise that settles when the unknown ones have been asked of the registry; it rejects
   * with `RegistryUnavailableError` when the registry does not answer, as nobody can say then whether they exist.
   */
  prepare(records: readonly { readonly topic: string; readonly value: Buffer | null }[]): Promise<void> | undefined;
  /** Never throws, never blocks: work is bounded by the length of `value`. */
  decode<T extends Topic>(topic: T, value: Buffer): TopicValues[T] | Refusal;
  /**
   * Confluent wire format with the schema id of this build. The bytes lie in a shared slab: do not write to them.
   * Throws when the value does not have the shape that its schema demands, which is a fault of the caller.
   */
  encode<T extends Topic>(topic: T, value: TopicValues[T]): Buffer;
}

const headerBytes = 5;
const slabBytes = 256 * 1024;
/** How long an id that the registry does not know is not asked about again: poison must not become load on it. */
const unknownForMs = 30_000;
/** Ids are 32 bits that anyone may write: what is remembered of unknown ones is bounded. */
const mostUnknownIds = 10_000;

interface TopicCodec {
  readonly type: avro.Type;
  readonly id: number;
  readonly readers: Map<number, Reader | Refusal>;
  lastId: number;
  lastReader: Reader;
}

/** Registers the schemas of all topics (a no-op where they are) and returns a codec that knows their ids. */
export async function createCodec(options: {
  readonly registry: SchemaRegistry;
  readonly nowMs?: () => number;
}): Promise<Codec> {
  const { registry, nowMs = Date.now } = options;
  const codecs = new Map<string, TopicCodec>();
  for (const topic of topics) {
    const text = schemaText(topic);
    const id = await registry.register(subjectOf(topic), text);
    const type = avroType(text);
    const reader = asReader(type);
    codecs.set(topic, { type, id, readers: new Map([[id, reader]]), lastId: id, lastReader: reader });
  }
  const unknownUntilMs = new Map<number, number>();
  const cursor = new Cursor();
  let slab = Buffer.allocUnsafeSlow(slabBytes);
  let used = 0;

  async function learn(id: number, waiting: ReadonlySet<TopicCodec>): Promise<void> {
    const text = await registry.byId(id);
    if (text === undefined) {
      if (unknownUntilMs.size >= mostUnknownIds) unknownUntilMs.delete(unknownUntilMs.keys().next().value!);
      unknownUntilMs.set(id, nowMs() + unknownForMs);
      return;
    }
    unknownUntilMs.delete(id);
    for (const codec of waiting) codec.readers.set(id, readerFor(codec.type, id, text));
  }

  async function learnAll(wanted: ReadonlyMap<number, ReadonlySet<TopicCodec>>): Promise<void> {
    // One after the other: the registry's client queues look-ups by id anyway.
    for (const [id, waiting] of wanted) await learn(id, waiting);
  }

  return {
    prepare(records) {
      let wanted: Map<number, Set<TopicCodec>> | undefined;
      for (const { topic, value } of records) {
        const codec = codecs.get(topic);
        if (codec === undefined || value === null || value.length < headerBytes || value[0] !== 0) continue;
        const id = schemaId(value);
        if (id === codec.lastId || codec.readers.has(id)) continue;
        const silentUntilMs = unknownUntilMs.get(id);
        if (silentUntilMs !== undefined && nowMs() < silentUntilMs) continue;
        wanted ??= new Map();
        const waiting = wanted.get(id);
        if (waiting === undefined) wanted.set(id, new Set([codec]));
        else waiting.add(codec);
      }
      return wanted === undefined ? undefined : learnAll(wanted);
    },

    decode<T extends Topic>(topic: T, value: Buffer): TopicValues[T] | Refusal {
      const codec = codecs.get(topic)!;
      if (value.length < headerBytes) {
        return value.length > 0 && value[0] !== 0
          ? new Refusal('wrong-magic', `first byte is ${value[0]}, not 0`)
          : new Refusal('truncated', `${value.length} bytes, less than the header's ${headerBytes}`);
      }
      if (value[0] !== 0) return new Refusal('wrong-magic', `first byte is ${value[0]}, not 0`);
      const id = schemaId(value);
      let reader = codec.lastReader;
      if (id !== codec.lastId) {
        const known = codec.readers.get(id);
        if (known === undefined) return new Refusal('unknown-schema-id', `the registry knows no schema ${id}`);
        if (known instanceof Refusal) return known;
        codec.lastId = id;
        codec.lastReader = reader = known;
      }
      try {
        cursor.open(value, headerBytes);
        const decoded = reader._read(cursor);
        if (cursor.left > 0) return new Refusal('trailing-bytes', `${cursor.left} bytes after the record's end`);
        return decoded as TopicValues[T];
      } catch (error) {
        // avsc's own complaints (enum and union indices, integers beyond 2^53) are all about values.
        return error instanceof Refusal ? error : new Refusal('invalid-value', (error as Error).message);
      }
    },

    encode(topic, value) {
      const { type, id } = codecs.get(topic)!;
      const encodable = topic === 'dead-letters' ? withBuffer(value as TopicValues['dead-letters']) : value;
      if (used + headerBytes > slab.length) {
        slab = Buffer.allocUnsafeSlow(slabBytes);
        used = 0;
      }
      let end = type.encode(encodable, slab, used + headerBytes);
      if (end < 0) {
        // Too little room: avsc returns what is missing, negated.
        const needed = slab.length - used - end;
        slab = Buffer.allocUnsafeSlow(Math.max(slabBytes, needed));
        used = 0;
        end = type.encode(encodable, slab, headerBytes);
      }
      slab[used] = 0;
      slab.writeUInt32BE(id, used + 1);
      const encoded = slab.subarray(used, end);
      used = end;
      return encoded;
    },
  };
}

function schemaId(value: Buffer): number {
  return ((value[1]! << 24) | (value[2]! << 16) | (value[3]! << 8) | value[4]!) >>> 0;
}

function readerFor(type: avro.Type, id: number, text: string): Reader | Refusal {
  try {
    return asReader(type.createResolver(avroType(text)));
  } catch (error) {
    return new Refusal(
      'incompatible-schema',
      `schema ${id} cannot be read as this topic's: ${(error as Error).message}`,
    );
  }
}

/** avsc takes Buffers only; a `Uint8Array` of the same bytes is as good. */
function withBuffer(letter: TopicValues['dead-letters']): TopicValues['dead-letters'] {
  const { value } = letter;
  if (value === null || Buffer.isBuffer(value)) return letter;
  return { ...letter, value: Buffer.from(value.buffer, value.byteOffset, value.byteLength) };
}
