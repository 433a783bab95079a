/** A call takes only so many arguments: of a large plant there are more. */
const mostAtOnce = 4096;

/**
 * Whole numbers of 32 bits as text, two UTF-16 units each: that takes half of the room of an array, has no second object
 * beside it, and is the same text wherever the numbers are the same. For what is read often and seldom changes.
 */
export function packed(numbers: readonly number[]): string {
  if (numbers.length <= mostAtOnce) return piece(numbers);
  let text = '';
  for (let at = 0; at < numbers.length; at += mostAtOnce) text += piece(numbers.slice(at, at + mostAtOnce));
  return text;
}

export function unpacked(text: string): number[] {
  const numbers = new Array<number>(text.length >> 1);
  for (let i = 0; i < numbers.length; i++) numbers[i] = numberAt(text, i);
  return numbers;
}

/** One of the numbers, signed. */
export function numberAt(text: string, index: number): number {
  return (text.charCodeAt(2 * index) << 16) | text.charCodeAt(2 * index + 1);
}

function piece(numbers: readonly number[]): string {
  const units = new Array<number>(2 * numbers.length);
  for (let i = 0; i < numbers.length; i++) {
    units[2 * i] = numbers[i]! >>> 16;
    units[2 * i + 1] = numbers[i]! & 0xffff;
  }
  return String.fromCharCode(...units);
}
