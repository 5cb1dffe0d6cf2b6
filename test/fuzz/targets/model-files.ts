import { BackendError } from '../../../ml/backend/backend-error.ts';
import { graphFile, parseGraphHead } from '../../../ml/backend/graph-file.ts';
import { isDynamic, requireAllowedOps } from '../../../ml/backend/graph-ops.ts';
import { draftManifest } from '../../../ml/models/draft-manifest.ts';
import { parseManifest } from '../../../ml/models/manifest.ts';
import { ModelError } from '../../../ml/models/model-error.ts';
import { wantedLabels } from '../../../ml/models/wanted-labels.ts';
import type { FuzzTarget } from '../fuzz-target.ts';

const GRAPH = `{"format":"graph-model","modelTopology":{"node":[
{"name":"image","op":"Placeholder","attr":{"dtype":{"type":"DT_FLOAT"},"shape":{"shape":{"dim":[{"size":"1"},{"size":"-1"},{"size":8},{"size":"3"}]}}}},
{"name":"one","op":"Const"},{"name":"sum","op":"AddV2","input":["image","one"]},{"name":"out","op":"Where","input":["sum:0","^one"]}],
"library":{"function":[{"nodeDef":[{"name":"a","op":"Relu"}]}]},"versions":{}},
"weightsManifest":[{"paths":["w.bin"],"weights":[{"name":"one","shape":[2,2],"dtype":"float32","quantization":{"dtype":"uint8","scale":0.1,"min":-1}}]}],
"signature":{"inputs":{"image":{"name":"image:0","dtype":"DT_FLOAT"}},"outputs":{"out":{"name":"out:0","dtype":"DT_FLOAT","tensorShape":{"dim":[{"size":"1"},{"size":"6"},{"size":"9"}]}}}}}`;

const MANIFESTS = [
  '{"family":"yolo","input":{"width":640,"height":640,"range":"0..1"},"outputs":{"detections":"o","layout":"boxes-first"},"labels":["a","b"]}',
  '{"family":"ssd","input":{"width":320,"height":320},"outputs":{"boxes":"b","scores":"s","classes":"c"},"labels":["a"],"classMap":{"1":"a"},"groups":{"a":"g"},"defaultLabels":["g"]}',
  '{"family":"custom","module":"p.ts","graph":"m.json","input":{"width":32,"height":32},"outputs":{"names":["x"]},"labels":["a"],"nms":{"iou":0.4},"sha256":"00"}',
];

/** A model of anybody's: its manifest, its graph, and the weights that go with it. */
export const target: FuzzTarget = {
  name: 'model-files',
  seeds: () => [GRAPH, ...MANIFESTS].map((seed) => Buffer.from(seed)),
  run(input) {
    const text = Buffer.from(input).toString();
    if (!text.includes('modelTopology')) {
      wantedLabels(parseManifest(text), ['vehicle', 'a']);
      return;
    }
    const head = parseGraphHead(text);
    isDynamic(
      head.topology,
      head.outputs.map(({ name }) => name),
    );
    requireAllowedOps(head.topology, (kernel) => kernel !== 'Where');
    draftManifest(head, 'model.json', { family: 'yolo', labels: ['a', 'b'] });
    graphFile(head, [new Uint8Array(4)]);
  },
  isTyped: (error) => error instanceof ModelError || error instanceof BackendError,
};
