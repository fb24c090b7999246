// @ts-check
// A message of message_of() in attention_map/__init__.py: the header's length, the header, bytes.

/**
 * @param {Uint8Array} bytes
 * @returns {{ header: any, rest: Uint8Array }}
 */
export function split(bytes) {
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + length)));
  return { header, rest: bytes.subarray(4 + length) };
}
