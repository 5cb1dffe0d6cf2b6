import { BoxScanner } from '../../../fragments/cmaf/box-scanner.ts';
import type { FuzzTarget } from '../fuzz-target.ts';
import { chunks, initSegments, isTyped } from '../mp4-seeds.ts';

export const target: FuzzTarget = {
  name: 'mp4-scanner',
  seeds: () => [Buffer.concat([...initSegments().slice(0, 1), ...chunks()])],
  run(input) {
    const scanner = new BoxScanner();
    const middle = input.length >> 1;
    scanner.push(input.subarray(0, middle));
    scanner.push(input.subarray(middle));
  },
  isTyped,
};
