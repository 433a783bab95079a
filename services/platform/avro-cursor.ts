import { Refusal } from '../core/batch.ts';

/**
 * Slots of the string cache. Ids and indicator names repeat without end: telemetry decodes twice as fast as with
 * avsc's own reads where they do and no slower where they do not, and later Map lookups find a string's hash computed.
 */
const cacheSlots = 1 << 16;
const longestCached = 40;

/** Node's own UTF-8 slice, without the argument checks of `toString`; Node's types leave it out. */
type Utf8Buffer = Buffer & { utf8Slice(start: number, end: number): string };

/**
 * What avsc calls a tap, rewritten to be safe on bytes that anyone may have sent: avsc's own reads past the end in
 * silence, moves backwards on negative lengths and believes every count (five bytes blocked the process for 10 s).
 * Every step here is bounded by the bytes that are left; what cannot be read is thrown as a `Refusal`, which is cheap
 * (no stack) and never leaves the codec.
 *
 * One instance is reused for all records. avsc calls the `read...` and `skip...` methods by name.
 */
export class Cursor {
  buf = Buffer.alloc(0) as Buffer as Utf8Buffer;
  pos = 0;
  #end = 0;
  /** Elements of arrays and maps that this record may still hold. */
  #elementsLeft = 0;
  readonly #strings: string[] = new Array(cacheSlots).fill('');
  readonly #doubleBytes = new Uint8Array(8);
  readonly #double = new Float64Array(this.#doubleBytes.buffer);

  open(buf: Buffer, pos: number): void {
    this.buf = buf as Utf8Buffer;
    this.pos = pos;
    this.#end = buf.length;
    this.#elementsLeft = buf.length;
  }

  get left(): number {
    return this.#end - this.pos;
  }

  readLong(): number {
    const buf = this.buf;
    let pos = this.pos;
    let byte = buf[pos++]!;
    if (byte < 0x80) {
      this.pos = pos;
      return (byte >> 1) ^ -(byte & 1);
    }
    // Integer arithmetic in two halves of 28 bits: doubles, and their slow remainder, only to put them together.
    let low = byte & 0x7f;
    let high = 0;
    let shift = 7;
    let top = 0;
    while (byte & 0x80 && shift < 28) {
      byte = buf[pos++]!;
      low |= (byte & 0x7f) << shift;
      shift += 7;
    }
    while (byte & 0x80 && shift < 56) {
      byte = buf[pos++]!;
      high |= (byte & 0x7f) << (shift - 28);
      shift += 7;
    }
    while (byte & 0x80 && shift < 70) {
      byte = buf[pos++]!;
      top |= (byte & 0x7f) << (shift - 56);
      shift += 7;
    }
    // Past the end a byte is undefined, which compares false and ends every loop: one check serves all of them.
    if (pos > this.#end) throw this.#truncated();
    if (byte & 0x80) throw new Refusal('invalid-value', `integer of more than 10 bytes before byte ${pos}`);
    this.pos = pos;
    const half = (low >>> 1) + high * 2 ** 27 + top * 2 ** 55;
    return low & 1 ? -half - 1 : half;
  }

  readInt(): number {
    const value = this.readLong();
    if (value !== (value | 0))
      throw new Refusal('invalid-value', `${value} does not fit an int before byte ${this.pos}`);
    return value;
  }

  readBoolean(): boolean {
    const byte = this.buf[this.#take(1)];
    if (byte! > 1) throw new Refusal('invalid-value', `boolean of value ${byte} before byte ${this.pos}`);
    return byte === 1;
  }

  readFloat(): number {
    return this.buf.readFloatLE(this.#take(4));
  }

  readDouble(): number {
    const buf = this.buf;
    const bytes = this.#doubleBytes;
    const pos = this.#take(8);
    bytes[0] = buf[pos]!;
    bytes[1] = buf[pos + 1]!;
    bytes[2] = buf[pos + 2]!;
    bytes[3] = buf[pos + 3]!;
    bytes[4] = buf[pos + 4]!;
    bytes[5] = buf[pos + 5]!;
    bytes[6] = buf[pos + 6]!;
    bytes[7] = buf[pos + 7]!;
    return this.#double[0]!;
  }

  readString(): string {
    const length = this.readLong();
    const pos = this.#take(length);
    if (length > longestCached) return this.buf.utf8Slice(pos, pos + length);
    const buf = this.buf;
    let hash = length;
    for (let i = pos; i < pos + length; i++) hash = (Math.imul(hash, 31) + buf[i]!) | 0;
    const slot = (hash ^ (hash >>> 15)) & (cacheSlots - 1);
    const cached = this.#strings[slot]!;
    if (cached.length === length) {
      // A char code equals its byte only in ASCII, so other text never matches and is always made anew.
      let i = 0;
      while (i < length && cached.charCodeAt(i) === buf[pos + i]) i++;
      if (i === length) return cached;
    }
    const made = buf.utf8Slice(pos, pos + length);
    this.#strings[slot] = made;
    return made;
  }

  /** A copy: the buffer that came from the network is not kept alive by it. */
  readFixed(length: number): Buffer {
    const pos = this.#take(length);
    return Buffer.from(this.buf.subarray(pos, pos + length));
  }

  readBytes(): Buffer {
    return this.readFixed(this.readLong());
  }

  skipLong(): void {
    this.readLong();
  }

  skipInt(): void {
    this.readLong();
  }

  skipBoolean(): void {
    this.#take(1);
  }

  skipFloat(): void {
    this.#take(4);
  }

  skipDouble(): void {
    this.#take(8);
  }

  skipFixed(length: number): void {
    this.#take(length);
  }

  skipBytes(): void {
    this.#take(this.readLong());
  }

  skipString(): void {
    this.#take(this.readLong());
  }

  /**
   * Number of elements in the next block of an array or map; 0 at its end. Over the whole record no more elements are
   * allowed than it has bytes: true of every honest record, as an element takes at least one byte, and it bounds
   * the work even for elements that take none.
   */
  readBlockCount(): number {
    let count = this.readLong();
    if (count < 0) {
      count = -count;
      if (this.readLong() < 0) throw new Refusal('hostile-length', `negative block size before byte ${this.pos}`);
    }
    this.#elementsLeft -= count;
    if (count > this.left || this.#elementsLeft < 0) {
      throw new Refusal(
        'hostile-length',
        `${count} elements announced with ${this.left} bytes left at byte ${this.pos}`,
      );
    }
    return count;
  }

  /** Moves on by `length` bytes and returns where they begin. */
  #take(length: number): number {
    const pos = this.pos;
    if (length < 0) throw new Refusal('hostile-length', `length ${length} before byte ${pos}`);
    const next = pos + length;
    if (next > this.#end) throw this.#truncated();
    this.pos = next;
    return pos;
  }

  #truncated(): Refusal {
    return new Refusal('truncated', `value ends at byte ${this.#end}, in the middle of a field`);
  }
}
