/**
 * The partition that a Java producer chooses for a key: `toPositive(murmur2(utf8(key))) % partitions`, after
 * org.apache.kafka.common.utils.Utils. Producers in any language must agree on it, or inputs are not co-partitioned.
 */
export function partitionOf(key: string, partitions: number): number {
  return (murmur2(key) & 0x7fffffff) % partitions;
}

/** Keys are short; the buffer grows to the longest one seen, so that hashing allocates nothing. */
let scratch = Buffer.allocUnsafe(256);

/** Murmur2 with Kafka's seed over the UTF-8 bytes of `key`, as a signed 32-bit number. */
export function murmur2(key: string): number {
  // UTF-8 needs at most 3 bytes a UTF-16 unit.
  if (scratch.length < key.length * 3) scratch = Buffer.allocUnsafe(key.length * 6);
  const bytes = scratch;
  const length = encode(key, bytes);
  const whole = length & ~3;
  let h = 0x9747b28c ^ length;
  for (let i = 0; i < whole; i += 4) {
    let k = bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24);
    k = Math.imul(k, 0x5bd1e995);
    k ^= k >>> 24;
    h = Math.imul(h, 0x5bd1e995) ^ Math.imul(k, 0x5bd1e995);
  }
  const rest = length - whole;
  if (rest > 0) {
    if (rest > 2) h ^= bytes[whole + 2]! << 16;
    if (rest > 1) h ^= bytes[whole + 1]! << 8;
    h = Math.imul(h ^ bytes[whole]!, 0x5bd1e995);
  }
  h = Math.imul(h ^ (h >>> 13), 0x5bd1e995);
  return h ^ (h >>> 15);
}

function encode(key: string, bytes: Buffer): number {
  const length = key.length;
  for (let i = 0; i < length; i++) {
    const unit = key.charCodeAt(i);
    // A native call costs more than the hash itself, so that ASCII, which ids are, never makes one.
    if (unit > 127) return bytes.write(key, 0, 'utf8');
    bytes[i] = unit;
  }
  return length;
}
