import { gunzipSync, gzipSync, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import type { LogRecord, NewRecord } from '../log.ts';
import { KafkaLogError } from './errors.ts';
import { crc32c } from './internals.ts';

/**
 * Kafka's record batches (message format 2). A batch: base offset i64 @0, length i32 @8, leader epoch i32, magic i8 @16,
 * crc u32 @17, attributes i16 @21, last offset delta i32 @23, first time i64 @27, newest time i64 @35, producer id
 * i64 @43, producer epoch i16 @51, base sequence i32 @53, count i32 @57, records @61.
 * kafkajs's own codec makes five objects and two strings a record, and filters aborted transactions in the order in
 * which the broker lists them, which is not that of their offsets.
 */
const headerBytes = 61;
const logAppendTimeFlag = 0x08;
const transactionalFlag = 0x10;
const controlFlag = 0x20;
const compressionCodes = { none: 0, gzip: 1, zstd: 4 } as const;
const mostUncompressedBytes = 1 << 28;

export type Compression = keyof typeof compressionCodes;

export interface AbortedTransaction {
  readonly producerId: number;
  readonly firstOffset: number;
}

/** What a fetch returned of one partition. */
export interface FetchedBatches {
  readonly bytes: Buffer;
  readonly aborted: readonly AbortedTransaction[];
}

const readInt64 = (bytes: Buffer, at: number): number =>
  bytes.readInt32BE(at) * 0x1_0000_0000 + bytes.readUInt32BE(at + 4);

/** Length of the batch at `at` in bytes; 0 where it was cut off, as the last of a fetch may be. */
const batchLength = (bytes: Buffer, at: number): number => {
  if (at + headerBytes > bytes.length) return 0;
  const length = 12 + bytes.readInt32BE(at + 8);
  return at + length > bytes.length ? 0 : length;
};

const lastOffset = (bytes: Buffer, at: number): number => readInt64(bytes, at) + bytes.readInt32BE(at + 23);

/** Position after all whole batches, control and compacted records included. */
export const positionAfter = (bytes: Buffer, position: number): number => {
  let after = position;
  for (let at = 0, length = batchLength(bytes, at); length > 0; length = batchLength(bytes, at)) {
    after = lastOffset(bytes, at) + 1;
    at += length;
  }
  return after;
};

/**
 * Records from `from` on, without control records and those of aborted transactions. Values share the memory of
 * `fetched.bytes`.
 *
 * @throws KafkaLogError `UNSUPPORTED_COMPRESSION`, `UNSUPPORTED_FORMAT`, `CORRUPT_RECORDS`
 */
export const decodeRecords = (fetched: FetchedBatches, topic: string, partition: number, from: number): LogRecord[] => {
  const { bytes } = fetched;
  const records: LogRecord[] = [];
  const upcoming = [...fetched.aborted].sort((a, b) => a.firstOffset - b.firstOffset);
  const aborting = new Set<number>();
  for (let at = 0, length = batchLength(bytes, at); length > 0; length = batchLength(bytes, at)) {
    const start = at;
    at += length;
    if (bytes[start + 16] !== 2) {
      throw new KafkaLogError(
        'UNSUPPORTED_FORMAT',
        `${topic}-${partition} holds messages of a format before Kafka 0.11`,
      );
    }
    const last = lastOffset(bytes, start);
    while (upcoming.length > 0 && upcoming[0]!.firstOffset <= last) aborting.add(upcoming.shift()!.producerId);
    const attributes = bytes.readInt16BE(start + 21);
    if (attributes & controlFlag) {
      // A marker, of either kind, ends what its producer had open.
      aborting.delete(readInt64(bytes, start + 43));
      continue;
    }
    if (last < from) continue;
    if (attributes & transactionalFlag && aborting.has(readInt64(bytes, start + 43))) continue;
    try {
      decodeBatch(bytes, start, at, attributes, topic, partition, from, records);
    } catch (cause) {
      if (cause instanceof KafkaLogError) throw cause;
      const where = `${topic}-${partition} at offset ${readInt64(bytes, start)}`;
      throw new KafkaLogError('CORRUPT_RECORDS', `${where}: the batch cannot be read`, cause);
    }
  }
  return records;
};

/** The cursor of the decoder: shared, so that reading a number makes no object. */
let source: Buffer = Buffer.alloc(0);
let cursor = 0;

const decodeBatch = (
  bytes: Buffer,
  start: number,
  end: number,
  attributes: number,
  topic: string,
  partition: number,
  from: number,
  into: LogRecord[],
): void => {
  const baseOffset = readInt64(bytes, start);
  const stampedByLog = (attributes & logAppendTimeFlag) !== 0;
  const baseTimeMs = readInt64(bytes, start + (stampedByLog ? 35 : 27));
  const count = bytes.readInt32BE(start + 57);
  source = uncompressed(bytes.subarray(start + headerBytes, end), attributes & 0x07, topic);
  cursor = 0;
  for (let i = 0; i < count; i++) {
    const length = readVarint();
    const next = cursor + length;
    if (length < 0 || next > source.length) throw new RangeError('a record reaches past its batch');
    cursor++;
    const timeDelta = readVarlong();
    const offset = baseOffset + readVarint();
    if (offset < from) {
      cursor = next;
      continue;
    }
    const keyLength = readVarint();
    const keyStart = cursor;
    if (keyLength > 0) cursor += keyLength;
    const key = keyLength < 0 ? null : source.toString('utf8', keyStart, cursor);
    const valueLength = readVarint();
    const valueStart = cursor;
    if (valueLength > 0) cursor += valueLength;
    const value = valueLength < 0 ? null : source.subarray(valueStart, cursor);
    const headers = readHeaders();
    if (cursor !== next) throw new RangeError('a record does not end where it says');
    into.push({
      topic,
      partition,
      offset,
      appendTimeMs: stampedByLog ? baseTimeMs : baseTimeMs + timeDelta,
      key,
      value,
      headers,
    });
  }
};

const readHeaders = (): Record<string, string> | null => {
  const count = readVarint();
  if (count === 0) return null;
  const headers: Record<string, string> = {};
  for (let i = 0; i < count; i++) {
    const name = readText();
    const value = readText();
    // Whoever sends may call a header `__proto__`: assigned, it would vanish.
    if (name === '__proto__')
      Object.defineProperty(headers, name, { value, enumerable: true, writable: true, configurable: true });
    else headers[name] = value;
  }
  return headers;
};

const readText = (): string => {
  const length = readVarint();
  if (length <= 0) return '';
  const start = cursor;
  cursor += length;
  if (cursor > source.length) throw new RangeError('a header reaches past its batch');
  return source.toString('utf8', start, cursor);
};

/** A zigzag number of at most 32 bits. */
const readVarint = (): number => {
  let byte = source[cursor++]!;
  if (byte < 128) return (byte >>> 1) ^ -(byte & 1);
  let raw = byte & 127;
  for (let shift = 7; shift < 35; shift += 7) {
    byte = source[cursor++]!;
    raw |= (byte & 127) << shift;
    if (byte < 128) return (raw >>> 1) ^ -(raw & 1);
  }
  throw new RangeError('a number of more than five bytes');
};

/** A zigzag number that may need more than 32 bits: times of one batch can be far apart. */
const readVarlong = (): number => {
  let raw = 0;
  let scale = 1;
  for (let i = 0; i < 10; i++) {
    const byte = source[cursor++]!;
    raw += (byte & 127) * scale;
    if (byte < 128) return raw % 2 === 0 ? raw / 2 : -(raw + 1) / 2;
    scale *= 128;
  }
  throw new RangeError('a number of more than ten bytes');
};

const uncompressed = (bytes: Buffer, code: number, topic: string): Buffer => {
  const limits = { maxOutputLength: mostUncompressedBytes };
  switch (code) {
    case compressionCodes.none:
      return bytes;
    case compressionCodes.gzip:
      return gunzipSync(bytes, limits);
    case compressionCodes.zstd:
      return zstdDecompressSync(bytes, limits);
    default: {
      const hint = `set its compression.type to zstd, and the broker stores it so whatever producers send`;
      throw new KafkaLogError('UNSUPPORTED_COMPRESSION', `${topic} holds snappy or lz4 batches: ${hint}`);
    }
  }
};

export interface BatchHeader {
  readonly producerId: bigint;
  readonly producerEpoch: number;
  readonly baseSequence: number;
  readonly transactional: boolean;
  readonly compression: Compression;
  readonly timeMs: number;
}

/** Sequence number of the batch that follows: from 2^31 - 1 they go back to 0, and a batch may lie across. */
export const sequenceAfter = (base: number, count: number): number => (base + count) % 0x8000_0000;

/** An upper bound of the record's encoded size in bytes. */
export const encodedBytesAtMost = (record: NewRecord): number => {
  let bytes = 40 + (record.key?.length ?? 0) * 3 + (record.value?.length ?? 0);
  for (const name in record.headers) bytes += 10 + (name.length + record.headers[name]!.length) * 3;
  return bytes;
};

/** One batch of at least one record, its offsets counted from 0. @param bytesAtMost of all its records */
export const encodeBatch = (records: readonly NewRecord[], bytesAtMost: number, header: BatchHeader): Buffer => {
  const plain = header.compression === 'none';
  const target = Buffer.allocUnsafe(headerBytes + bytesAtMost);
  source = target;
  cursor = headerBytes;
  for (let i = 0; i < records.length; i++) writeRecord(records[i]!, i);
  let batch = target.subarray(0, cursor);
  if (!plain) {
    const body = batch.subarray(headerBytes);
    const packed = header.compression === 'gzip' ? gzipSync(body) : zstdCompressSync(body);
    batch = Buffer.concat([batch.subarray(0, headerBytes), packed]);
  }
  batch.writeBigInt64BE(0n, 0);
  batch.writeInt32BE(batch.length - 12, 8);
  batch.writeInt32BE(-1, 12);
  batch[16] = 2;
  const attributes = compressionCodes[header.compression] | (header.transactional ? transactionalFlag : 0);
  batch.writeInt16BE(attributes, 21);
  batch.writeInt32BE(records.length - 1, 23);
  batch.writeBigInt64BE(BigInt(header.timeMs), 27);
  batch.writeBigInt64BE(BigInt(header.timeMs), 35);
  batch.writeBigInt64BE(header.producerId, 43);
  batch.writeInt16BE(header.producerEpoch, 51);
  batch.writeInt32BE(header.baseSequence, 53);
  batch.writeInt32BE(records.length, 57);
  batch.writeUInt32BE(crc32c(batch.subarray(21)), 17);
  return batch;
};

const writeRecord = (record: NewRecord, offsetDelta: number): void => {
  const { key, value, headers } = record;
  // The length comes first and is known last: room for it is left, and what follows is moved up.
  const start = cursor;
  cursor += 5;
  const body = cursor;
  source[cursor++] = 0;
  source[cursor++] = 0;
  writeVarint(offsetDelta);
  if (key === null) writeVarint(-1);
  else writeText(key);
  if (value === null) {
    writeVarint(-1);
  } else {
    writeVarint(value.length);
    source.set(value, cursor);
    cursor += value.length;
  }
  let count = 0;
  for (const _ in headers) count++;
  writeVarint(count);
  for (const name in headers) {
    writeText(name);
    writeText(headers[name]!);
  }
  const length = cursor - body;
  cursor = start;
  writeVarint(length);
  source.copyWithin(cursor, body, body + length);
  cursor += length;
};

const writeText = (text: string): void => {
  const length = text.length;
  let ascii = length < 64;
  for (let i = 0; ascii && i < length; i++) ascii = text.charCodeAt(i) < 128;
  if (!ascii) {
    writeVarint(Buffer.byteLength(text));
    cursor += source.write(text, cursor);
    return;
  }
  // Keys are short ASCII ids, for which the native call costs more than the loop.
  writeVarint(length);
  for (let i = 0; i < length; i++) source[cursor++] = text.charCodeAt(i);
};

const writeVarint = (value: number): void => {
  let raw = ((value << 1) ^ (value >> 31)) >>> 0;
  while (raw > 127) {
    source[cursor++] = (raw & 127) | 128;
    raw >>>= 7;
  }
  source[cursor++] = raw;
};
