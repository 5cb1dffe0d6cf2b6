import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openLiveDecoders } from '../../../../ml/decode/open-decoders.ts';
import { StreamDecoder } from '../../../../ml/decode/stream-decoder.ts';
import { TINY_PICTURES } from '../../../../ml/decode/tiny-pictures.ts';

for (const choice of ['auto', 'native', 'ffmpeg'] as const) {
  test(`${choice}: decoders that decode every codec`, async () => {
    const { name, factories, problems } = await openLiveDecoders(choice);
    assert.equal(name, choice === 'ffmpeg' ? 'ffmpeg' : 'native');
    assert.deepEqual(problems, []);
    for (const { track, sample } of TINY_PICTURES) {
      const decoder = new StreamDecoder(factories);
      const { pictures } = await decoder.decode({
        track,
        samples: [sample],
        startsAnew: true,
        flush: true,
        wantedUs: [0],
      });
      decoder.close();
      assert.deepEqual(
        pictures.map(({ width, height }) => [width, height]),
        [[64, 64]],
        track.codec,
      );
    }
  });
}
