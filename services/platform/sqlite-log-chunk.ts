import type { LogRecord, NewRecord } from './log.ts';

/**
 * Records are stored in chunks, one row each: a row a record costs several times as much, both to write and to read.
 * A record in a chunk: offset from the chunk's first (u32), key length (i32, -1 for null), headers length (u32, 0 for
 * none), value length (i32, -1 for a tombstone), key, headers as JSON, value; little endian.
 */
const prefixBytes = 16;

/** Bounds of a chunk, and so of what one read holds in memory. A single larger record makes a chunk of its own. */
export const chunkRecords = 1_000;
export const chunkBytes = 262_144;

export interface StoredChunk {
  readonly firstOffset: number;
  readonly appendTimeMs: number;
  readonly bytes: Uint8Array;
}

/** Encodes records one after the other into one buffer that is used again for each chunk. */
export class ChunkWriter {
  #buffer = Buffer.allocUnsafe(chunkBytes * 2);
  #length = 0;
  #count = 0;

  get count(): number {
    return this.#count;
  }

  get full(): boolean {
    return this.#count >= chunkRecords || this.#length >= chunkBytes;
  }

  /** Returns the encoded size in bytes. */
  add(offsetFromFirst: number, record: Pick<LogRecord, 'key' | 'value'> & Pick<NewRecord, 'headers'>): number {
    const { key, value } = record;
    const headers = headersJson(record.headers);
    const most = prefixBytes + (key?.length ?? 0) * 3 + headers.length * 3 + (value?.length ?? 0);
    if (this.#length + most > this.#buffer.length) this.#grow(most);
    const buffer = this.#buffer;
    const start = this.#length;
    let end = start + prefixBytes;
    if (key !== null) end += writeText(buffer, key, end);
    buffer.writeUInt32LE(offsetFromFirst, start);
    buffer.writeInt32LE(key === null ? -1 : end - start - prefixBytes, start + 4);
    const headersLength = headers === '' ? 0 : buffer.write(headers, end);
    buffer.writeUInt32LE(headersLength, start + 8);
    end += headersLength;
    buffer.writeInt32LE(value === null ? -1 : value.length, start + 12);
    if (value !== null) {
      buffer.set(value, end);
      end += value.length;
    }
    this.#length = end;
    this.#count++;
    return end - start;
  }

  /** The chunk so far; valid until the next `add`. Starts the next chunk. */
  take(): Uint8Array {
    const bytes = this.#buffer.subarray(0, this.#length);
    this.#length = 0;
    this.#count = 0;
    return bytes;
  }

  #grow(most: number): void {
    const larger = Buffer.allocUnsafe((this.#length + most) * 2);
    this.#buffer.copy(larger, 0, 0, this.#length);
    this.#buffer = larger;
  }
}

function headersJson(headers: NewRecord['headers'] | null): string {
  if (!headers) return '';
  const json = JSON.stringify(headers);
  return json === '{}' ? '' : json;
}

/** As `Buffer.write`, without the native call for the short ASCII ids that keys are. */
function writeText(buffer: Buffer, text: string, start: number): number {
  const length = text.length;
  for (let i = 0; i < length; i++) {
    const unit = text.charCodeAt(i);
    if (unit > 127) return buffer.write(text, start);
    buffer[start + i] = unit;
  }
  return length;
}

/** Appends to `into` the records of a chunk from `from` on. Values share the chunk's memory. */
export function readChunk(chunk: StoredChunk, topic: string, partition: number, from: number, into: LogRecord[]): void {
  const { firstOffset, appendTimeMs, bytes } = chunk;
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let start = 0; start < buffer.length; ) {
    const offset = firstOffset + buffer.readUInt32LE(start);
    const keyLength = buffer.readInt32LE(start + 4);
    const headersLength = buffer.readUInt32LE(start + 8);
    const valueLength = buffer.readInt32LE(start + 12);
    const keyStart = start + prefixBytes;
    const headersStart = keyLength > 0 ? keyStart + keyLength : keyStart;
    const valueStart = headersStart + headersLength;
    start = valueLength > 0 ? valueStart + valueLength : valueStart;
    if (offset < from) continue;
    into.push({
      topic,
      partition,
      offset,
      appendTimeMs,
      key: keyLength < 0 ? null : buffer.toString('utf8', keyStart, headersStart),
      value: valueLength < 0 ? null : buffer.subarray(valueStart, start),
      headers: headersLength === 0 ? null : JSON.parse(buffer.toString('utf8', headersStart, valueStart)),
    });
  }
}
