/** Version of the snapshot layout; a state of another layout is refused, never guessed at. */
const layout = 2;

/**
 * State of one enterprise as bytes: a layout number and the length of a JSON head, the head, then raw blocks whose
 * lengths the head gives. Numbers survive exactly: JSON round-trips doubles, rings are copied as they are.
 */
export function encodeState(state: { readonly json: unknown; readonly blocks: readonly Uint8Array[] }): Uint8Array {
  const head = new TextEncoder().encode(JSON.stringify([state.blocks.map((b) => b.byteLength), state.json]));
  const bytes = new Uint8Array(8 + head.byteLength + state.blocks.reduce((sum, b) => sum + b.byteLength, 0));
  const view = new DataView(bytes.buffer);
  view.setUint32(0, layout);
  view.setUint32(4, head.byteLength);
  bytes.set(head, 8);
  let at = 8 + head.byteLength;
  for (const block of state.blocks) {
    bytes.set(block, at);
    at += block.byteLength;
  }
  return bytes;
}

export function decodeState(bytes: Uint8Array): { json: unknown; blocks: Uint8Array[] } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(0) !== layout) {
    throw new Error(
      `snapshot has layout ${view.getUint32(0)}, this engine reads ${layout}: use the version that wrote it`,
    );
  }
  const headLength = view.getUint32(4);
  const [lengths, json] = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + headLength))) as [
    number[],
    unknown,
  ];
  let at = 8 + headLength;
  const blocks = lengths.map((length) => {
    const block = bytes.slice(at, at + length);
    at += length;
    return block;
  });
  return { json, blocks };
}
