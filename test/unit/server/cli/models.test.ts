import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import sharp from 'sharp';
import { runProgram } from '../../../../server/cli/program.ts';
import { clipPath } from '../../../e2e/support/media.ts';
import { writeModel, YOLO_GRAPH } from '../../ml/models/model-folders.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'framelog-models-'));
});

afterEach(() => rmSync(folder, { recursive: true }));

/** Runs in this process: each start of the program takes a third of a second. */
async function models(...args: string[]) {
  const said = { stdout: '', stderr: '' };
  const status = await runProgram(['models', ...args, '--data', folder], {
    env: {},
    errIsTty: false,
    out: (text) => {
      said.stdout += text;
    },
    err: (text) => {
      said.stderr += text;
    },
  });
  return { status, ...said };
}

describe('framelog models', () => {
  it('adds a model of one’s own, lists it, and tries it on a picture', async () => {
    await writeModel(join(folder, 'source'), YOLO_GRAPH);
    writeFileSync(join(folder, 'labels.txt'), 'person\r\ncar\n\n');
    const source = join(folder, 'source', 'model.json');
    const added = await models(
      'add',
      source,
      '--name',
      'tiny',
      '--family',
      'yolo',
      '--labels',
      join(folder, 'labels.txt'),
      '--resize',
      'stretch',
    );
    assert.equal(added.status, 0, added.stderr);
    assert.match(added.stdout, /^Added tiny \(yolo, 32x32, 2 labels looked for\)\nsha256 {2}[0-9a-f]{64}\n/);

    const listed = await models('list');
    assert.equal(listed.status, 0, listed.stderr);
    assert.match(listed.stdout, /^name +family.*\ncenternet +centernet .*\ntiny +yolo +32x32 +2 /);
    const [, tiny] = JSON.parse((await models('list', '--json')).stdout);
    assert.deepEqual(tiny.manifest.labels, ['person', 'car']);

    const picture = join(folder, 'white.png');
    await sharp({ create: { width: 64, height: 64, channels: 3, background: '#fff' } }).toFile(picture);
    const out = join(folder, 'seen.png');
    const tried = await models('try', picture, '--model', 'tiny', '--out', out);
    assert.equal(tried.status, 0, tried.stderr);
    assert.equal(
      tried.stdout,
      'label   score  left   top    width  height\nperson  0.90   0.125  0.250  0.250  0.500\ncar     0.80   0.625  0.250  0.250  0.500\n',
    );
    const pixels = await sharp(readFileSync(out)).removeAlpha().raw().toBuffer();
    assert.ok(
      pixels.some((value) => value < 200),
      'boxes are drawn onto the white picture',
    );
    const nothing = await models('try', picture, '--model', 'tiny', '--min-score', '0.95');
    assert.deepEqual([nothing.status, nothing.stdout], [0, 'Nothing found.\n']);
  });

  it('looks at each key frame of a clip', async () => {
    const out = join(folder, 'seen.jpg');
    const { status, stdout, stderr } = await models(
      'try',
      clipPath('person-360p-h264.mp4'),
      '--profile',
      'fast',
      '--labels',
      'person',
      '--out',
      out,
      '--json',
    );
    assert.equal(status, 0, stderr);
    const report = JSON.parse(stdout);
    assert.deepEqual(report.input, { width: 384, height: 224 });
    assert.equal(report.pictures.length, 10);
    assert.ok(report.pictures[3].detections.some((one: { label: string }) => one.label === 'person'));
    assert.deepEqual(report.labels, ['person']);
    assert.equal((await sharp(readFileSync(out)).metadata()).format, 'jpeg');
  });

  it('tells what is wrong, and leaves the folder as it was', async () => {
    await writeModel(join(folder, 'source'), YOLO_GRAPH);
    const source = join(folder, 'source', 'model.json');
    const failures: [string[], number, RegExp][] = [
      [['add', source], 2, /--name is missing/],
      [
        ['add', source, '--name', 'a', '--family', 'rcnn'],
        2,
        /--family must be one of centernet, ssd, yolo, custom/,
      ],
      [['add', source, '--name', 'a', '--family', 'yolo'], 2, /--labels is missing/],
      [
        ['add', source, '--name', 'a', '--family', 'yolo', '--labels', 'x,y', '--input', '640'],
        2,
        /--input must look like/,
      ],
      [
        ['add', source, '--name', 'a', '--family', 'yolo', '--labels', 'x,y', '--output', 'boxes'],
        2,
        /--output must look like/,
      ],
      [
        ['add', source, '--name', 'a', '--family', 'yolo', '--labels', 'x,y', '--iou', '2'],
        2,
        /--iou must be a number/,
      ],
      [['add', source, '--name', 'a'], 1, /give --family and --labels/],
      [['add', source, '--name', '../a', '--family', 'yolo', '--labels', 'x,y'], 1, /is not a name/],
      [['add', source, '--name', 'a', '--family', 'yolo', '--labels', 'x,y,z'], 1, /3 labels do not go with/],
      [
        ['add', source, '--name', 'a', '--family', 'yolo', '--labels', './none.txt'],
        1,
        /none\.txt cannot be read/,
      ],
      [['add', join(folder, 'nowhere'), '--name', 'a'], 1, /cannot be read \(ENOENT\)/],
      [['try', source, '--out', 'seen.gif'], 2, /--out must end in/],
      [['try', source, '--min-score', 'high'], 2, /--min-score must be/],
      [['try', source, '--profile', 'best'], 2, /--profile must be/],
      [['try', source], 1, /not a JPEG, PNG or WebP/],
      [['try', join(folder, 'nowhere.png')], 1, /ENOENT/],
      [
        ['try', clipPath('person-360p-h264.mp4'), '--model', 'nobody'],
        1,
        /there is no model nobody; there are: centernet/,
      ],
    ];
    for (const [args, status, message] of failures) {
      const result = await models(...args);
      assert.equal(result.status, status, args.join(' '));
      assert.match(result.stderr, message);
      assert.doesNotMatch(result.stderr, /at .*\.ts:\d/, 'no stack for what is not a bug');
    }
    assert.equal(existsSync(join(folder, 'models')), false);
  });
});
