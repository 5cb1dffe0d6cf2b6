import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withOpenSegment } from '../../../../fragments/matroska/open-segment.ts';

const EBML = '1a45dfa3 83 428100';
const INFO = '1549a966 80';
const bytesOf = (hex: string) => Buffer.from(hex.replaceAll(' ', ''), 'hex');

test('a Segment of a known size has none in the same number of octets; nothing else changes', () => {
  for (const [known, unknown] of [
    ['81', 'ff'],
    ['4001', '7fff'],
    ['10000123', '1fffffff'],
    ['0100000000001234', '01ffffffffffffff'],
  ]) {
    const header = bytesOf(`${EBML} 18538067 ${known} ${INFO}`);
    const before = Buffer.from(header);
    assert.deepEqual(Buffer.from(withOpenSegment(header)), bytesOf(`${EBML} 18538067 ${unknown} ${INFO}`));
    assert.deepEqual(header, before);
  }
});

test('a header without a known size, or that is none, stays as it is', () => {
  for (const hex of [
    `${EBML} 18538067 01ffffffffffffff ${INFO}`,
    `${EBML} 18538067 ff`,
    EBML,
    `${EBML} 18538067`,
    '',
    '00',
    INFO,
  ]) {
    const header = bytesOf(hex);
    assert.equal(withOpenSegment(header), header);
  }
});
